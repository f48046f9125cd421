"""Streams of the API on real sockets: followed, left, come back to, and closed to whom they are no longer for."""

import http.client
import json
import signal
import sqlite3
from contextlib import closing
from uuid import uuid4

import pytest

from llm.testing import ScriptedProvider, expected_text
from tests.chat.api.sse import PASSWORD, Browser, program
from tests.live_site import LiveSite, wait_for

NOBODYS = "00000000-0000-4000-8000-00000000000a"
PREPARE = f"""
from django.contrib.auth import get_user_model
from registry.models import LLMModel
for name in ("bob", "carol"):
    get_user_model().objects.create_user(name, password="{PASSWORD}")
LLMModel.objects.update(tools=True)
"""


@pytest.fixture(scope="module")
def scripted():
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, scripted):
    site = LiveSite(tmp_path_factory.mktemp("prepared"), scripted.url)
    site.set_up()
    made = site.manage("shell", "-v0", "-c", PREPARE)
    assert made.returncode == 0, made.stderr
    return site


@pytest.fixture(scope="module")
def running(tmp_path_factory, prepared):
    site = prepared.copy_to(tmp_path_factory.mktemp("running"))
    site.start()
    yield site
    site.stop()


@pytest.fixture
def site(running, scripted):
    yield running
    scripted.wait_until_idle()


@pytest.fixture
def own_site(tmp_path, prepared):
    """For a test after which it does not run any more."""
    site = prepared.copy_to(tmp_path)
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def alice(running):
    return program(running)


@pytest.fixture
def conversation(alice):
    return alice.post("/api/conversations", title="Streams", model=alice.site.model).json()["id"]


@pytest.fixture
def provider(scripted):
    """What was asked of it since the test began."""
    return Since(scripted)


class Since:
    def __init__(self, provider):
        self.provider, self.before = provider, len(provider.requests)

    def request(self, tokens=0):
        return self.provider.wait_for_request(self.before + 1, tokens=tokens)


def rows(site, query, *values):
    with sqlite3.connect(site.data_dir / "db.sqlite3") as database:
        return database.execute(query, values).fetchall()


def message(turn, site):
    query = "select status, text, error_code from chat_message where id = ?"
    return rows(site, query, turn.replace("-", ""))[0]


def used(turn, site):
    query = "select source, outcome from registry_usagerecord where turn = ?"
    return rows(site, query, turn.replace("-", ""))


# Outside any conversation.


def test_a_call_is_streamed_as_it_comes(site, alice):
    stored = rows(site, "select count(*) from chat_message")
    with alice.chat(message="[[tokens=30 rate=50]]") as stream:
        headers = stream.response.headers
        assert (headers["X-Accel-Buffering"], headers["Cache-Control"]) == ("no", "no-store")
        accepted = next(iter(stream))
        shown = stream.transcript(accepted["turn"], until_seq=5)
        assert shown.end is None
        rest = stream.transcript(accepted["turn"])
        assert list(stream) == []
    assert (accepted["type"], accepted["conversation"], accepted["message"]) == ("accepted", None, None)
    facts = (accepted["model"], accepted["model_label"], accepted["model_reason"])
    assert facts == (site.model, "Scripted model", "requested")
    assert shown.text + rest.text == expected_text(30)
    assert (rest.end["type"], rest.end["status"], rest.end["usage"]["output_tokens"]) == ("done", "complete", 30)
    assert stream.last_event == f"{accepted['turn']}:{rest.end['seq']}"
    assert rows(site, "select count(*) from chat_message") == stored
    assert used(accepted["turn"], site) == [("reported", "complete")]


def test_nothing_is_held_back(site, alice, conversation):
    """What is between the turn and its viewer waits for no more: no more would ever come."""
    for where in ({}, {"conversation": conversation}):
        with alice.chat(message="[[tokens=9 hang_after=5]]", **where) as stream:
            turn = next(iter(stream))["turn"]
            assert stream.transcript(turn, until_seq=5).text == "w0 w1 w2 w3 w4 "
    assert alice.post(f"/api/conversations/{conversation}/stop").json() == {"turn": turn}


def test_tools_are_frames(site, alice):
    with alice.chat(message='[[tool=calculate {"expression": "6*7"}]]', tools=["calculate"]) as stream:
        frames = list(stream)
    tools = [(frame["phase"], frame.get("result")) for frame in frames if frame["type"] == "tool"]
    assert tools == [("call", None), ("result", "42")]
    assert frames[-1]["status"] == "complete"
    assert len(used(frames[0]["turn"], site)) == 2


def test_a_failure_after_the_first_word_is_an_event(site, alice):
    with alice.chat(message="[[tokens=9 reset_after=3]]") as stream:
        *_, failed = stream
    assert (failed["type"], failed["status"], failed["code"]) == ("failed", "truncated", "truncated")


def test_a_failure_before_it_is_a_status(site, alice):
    for prompt, status in (("[[error=401]]", 502), ("[[error=429 retry=60]]", 429), ("[[html]]", 502)):
        refused = alice.post("/api/chat", message=prompt, model=site.model)
        assert (refused.status_code, refused.headers["Content-Type"]) == (status, "application/json")


@pytest.mark.parametrize(
    ("prompt", "tokens"), [("[[tokens=5000 rate=100]]", 3), ("[[tokens=9 hang_after=3]]", 3), ("[[hang]]", 0)]
)
@pytest.mark.parametrize("is_streamed", [True, False])
def test_whoever_leaves_ends_the_call(site, alice, provider, prompt, tokens, is_streamed):
    body = json.dumps({"message": prompt, "model": site.model, "stream": is_streamed})
    with closing(http.client.HTTPConnection(site.address.removeprefix("http://"), timeout=30)) as connection:
        connection.request("POST", "/api/chat", body, alice.headers | {"Content-Type": "application/json"})
        request = provider.request(tokens)
    wait_for(lambda: request.ended is not None)
    assert request.closed_by_client
    ended = "select outcome, source from registry_usagerecord order by created_at desc limit 1"
    wait_for(lambda: rows(site, ended) == [("stopped", "estimated")])


def test_calls_have_the_limits_of_turns(site, alice):
    streams = [alice.chat(message="[[tokens=5000 rate=50]]") for _ in range(4)]
    refused = alice.post("/api/chat", message="one too many", model=site.model)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
    for stream in streams:
        stream.close()
    wait_for(lambda: alice.post("/api/chat", message="[[tokens=1]]", model=site.model, stream=False).ok)


# In a conversation.


def test_a_turn_goes_on_when_its_client_leaves(site, alice, conversation):
    with alice.chat(message="[[tokens=100 rate=100]]", conversation=conversation) as stream:
        accepted = next(iter(stream))
        assert accepted["conversation"] == conversation
        stream.transcript(accepted["turn"], until_seq=10)
    wait_for(lambda: message(accepted["turn"], site)[0] == "complete")
    assert message(accepted["turn"], site)[1] == expected_text(100)


def test_whoever_comes_back_misses_nothing_and_sees_nothing_twice(site, alice):
    with site.viewer() as viewer:
        accepted = viewer.ask("[[tokens=200 rate=100]]")
        turn, conversation = accepted["turn"], accepted["conversation"]
        with alice.attach(conversation, turn=turn) as first:
            shown = first.transcript(turn, until_seq=20)
        for until in (60, 120, float("inf")):
            with alice.attach(conversation, turn=turn, after=1, last_event=f"{turn}:{shown.seq}") as again:
                shown.end = None
                while not shown.end and shown.seq < until:
                    shown.take(next(iter(again)))
        watched = viewer.transcript(turn)
    assert shown.text == watched.text == expected_text(200)
    assert shown.snapshots == 1
    assert shown.end == watched.end


def test_frames_are_those_of_the_websocket(site, alice):
    with site.viewer() as viewer:
        accepted = viewer.ask("[[reason]] [[tokens=20 rate=20]]")
        with alice.attach(accepted["conversation"], turn=accepted["turn"]) as stream:
            frames = list(stream)
        viewer.transcript(accepted["turn"])
        viewer.say(type="attach", turn=accepted["turn"], after=0)
        snapshot, end = viewer.hear(), viewer.hear()
    assert frames[-1] == end
    text = frames[0]["text"] + "".join(frame["text"] for frame in frames if frame["type"] == "delta")
    assert text == snapshot["text"]
    assert {frame["type"] for frame in frames} <= {"snapshot", "reasoning", "delta", "done"}


def test_there_is_nothing_more_after_the_end(site, alice, conversation):
    with alice.chat(message="[[tokens=5]]", conversation=conversation) as stream:
        *_, end = stream
    turn = end["turn"]
    assert alice.attach(conversation, turn=turn, last_event=stream.last_event).refusal[0] == 204
    assert alice.attach(conversation, turn=turn, after=end["seq"]).refusal[0] == 204
    assert alice.attach(conversation).refusal[0] == 204
    with alice.attach(conversation, turn=turn, last_event=f"{turn}:{end['seq'] - 1}") as late:
        assert [frame["type"] for frame in late] == ["snapshot", "done"]
    with alice.attach(conversation, turn=turn, last_event=f"{uuid4()}:{end['seq']}") as other:
        assert other.first("snapshot")["text"] == expected_text(5)


def test_without_a_turn_the_running_one_is_followed(site, alice, conversation):
    started = alice.post(f"/api/conversations/{conversation}/messages", text="[[tokens=60 rate=60]]").json()
    with alice.attach(conversation) as stream:
        shown = stream.transcript(started["turn"], until_seq=5)
    with alice.attach(conversation, last_event=stream.last_event) as again:
        while not shown.end:
            shown.take(next(iter(again)))
    assert shown.text == expected_text(60)


@pytest.mark.parametrize(
    ("query", "last_event", "field"),
    [
        ({"turn": "x"}, "", "turn"),
        ({"after": "-1"}, "", "after"),
        ({"after": "9" * 20}, "", "after"),
        ({}, "x", "Last-Event-ID"),
        ({}, f"{NOBODYS}:-1", "Last-Event-ID"),
        ({}, f"{NOBODYS}:{'9' * 11}", "Last-Event-ID"),
    ],
)
def test_a_place_that_is_none_is_named(site, alice, conversation, query, last_event, field):
    status, error = alice.attach(conversation, last_event=last_event, **query).refusal
    assert (status, list(error["details"])) == (400, [field])


def test_a_turn_of_another_conversation_is_not_found(site, alice, conversation):
    other = alice.post("/api/conversations", model=site.model).json()["id"]
    with alice.chat(message="[[tokens=1]]", conversation=other) as stream:
        turn = next(iter(stream))["turn"]
    assert alice.attach(conversation, turn=turn).refusal[0] == 404
    assert program(site, "bob").attach(other, turn=turn).refusal[0] == 404


def test_a_stop_ends_the_stream(site, alice, conversation):
    with alice.chat(message="[[tokens=5000 rate=100]]", conversation=conversation) as stream:
        next(iter(stream))
        assert alice.post(f"/api/conversations/{conversation}/stop").ok
        *_, end = stream
    assert (end["type"], end["status"], end["finish"]) == ("done", "stopped", "stopped")


# For whom they are no longer.


@pytest.fixture
def browser(site):
    """Bob's."""
    browser = Browser(site, "bob")
    yield browser
    browser.session.close()


def test_a_stream_does_not_outlive_its_session(site, browser):
    conversation = browser.post("/api/conversations", model=site.model).json()["id"]
    with browser.chat(message="[[tokens=2000 rate=50]]", conversation=conversation) as stream:
        turn = next(iter(stream))["turn"]
        stream.transcript(turn, until_seq=3)
        browser.form("/accounts/logout/")
        *_, last = stream
    assert (last["type"], last["code"]) == ("error", "signed_out")
    assert message(turn, site)[0] == "streaming"
    program(site, "bob").post(f"/api/conversations/{conversation}/stop")


def test_a_call_does_not_outlive_its_token(site):
    bob = program(site, "bob")
    with bob.chat(message="[[tokens=2000 rate=50]]") as stream:
        turn = next(iter(stream))["turn"]
        token = bob.request("GET", "/api/tokens").json()["results"][0]["id"]
        assert bob.request("DELETE", f"/api/tokens/{token}").status_code == 204
        *_, last = stream
    assert (last["type"], last["code"]) == ("error", "signed_out")
    wait_for(lambda: used(turn, site) == [("estimated", "stopped")])


def test_a_deactivated_user_follows_nothing(site, alice):
    carol = program(site, "carol")
    conversation = carol.post("/api/conversations", model=site.model).json()["id"]
    with carol.chat(message="[[tokens=2000 rate=50]]", conversation=conversation) as stream:
        turn = next(iter(stream))["turn"]
        with sqlite3.connect(site.data_dir / "db.sqlite3") as database:
            database.execute("update auth_user set is_active = 0 where username = 'carol'")
        *_, last = stream
        assert last["code"] == "signed_out"
        assert carol.attach(conversation, turn=turn).refusal[0] == 401
        with sqlite3.connect(site.data_dir / "db.sqlite3") as database:
            database.execute("update auth_user set is_active = 1 where username = 'carol'")
    assert carol.post(f"/api/conversations/{conversation}/stop").json() == {"turn": turn}


def test_a_deleted_chat_is_followed_no_longer(site, alice, conversation):
    with alice.chat(message="[[tokens=2000 rate=50]]", conversation=conversation) as stream:
        turn = next(iter(stream))["turn"]
        assert alice.request("DELETE", f"/api/conversations/{conversation}").status_code == 204
        *_, end = stream
    assert end["status"] == "stopped"
    assert alice.attach(conversation, turn=turn).refusal[0] == 404


# The server ends, or has nothing but its environment.


def test_sigterm_lets_a_call_finish(own_site):
    alice = program(own_site)
    with alice.chat(message="[[tokens=100 rate=50]]") as stream:
        turn = next(iter(stream))["turn"]
        shown = stream.transcript(turn, until_seq=5)
        own_site.signal(signal.SIGTERM)
        rest = stream.transcript(turn)
    assert shown.text + rest.text == expected_text(100)
    assert rest.end["status"] == "complete"
    assert "Traceback" not in own_site.wait()
    assert used(turn, own_site) == [("reported", "complete")]


def test_ctrl_c_interrupts_calls_and_tells_so(own_site):
    alice = program(own_site)
    with alice.chat(message="[[tokens=5000 rate=100]]") as stream:
        turn = next(iter(stream))["turn"]
        stream.transcript(turn, until_seq=5)
        own_site.signal(signal.SIGINT)
        *_, end = stream
    assert (end["type"], end["status"], end["code"]) == ("failed", "interrupted", "interrupted")
    assert "Traceback" not in own_site.wait()
    assert used(turn, own_site) == [("estimated", "interrupted")]


def test_with_an_environment_and_nothing_else(tmp_path, scripted):
    legacy = {"LLM_PROVIDER": "openai_compatible", "LLM_MODEL": "from-env", "LLM_BASE_URL": f"{scripted.url}/v1"}
    site = LiveSite(tmp_path, scripted.url, extra_env=legacy)
    site.set_up()
    site.start()
    alice = program(site)
    with alice.chat(messages=[{"role": "user", "content": "[[tokens=9 rate=50]]"}], model=None) as stream:
        accepted, *deltas, end = stream
    site.stop()
    assert (accepted["model"], accepted["model_label"], accepted["model_reason"]) == (
        "environment",
        "from-env",
        "environment",
    )
    assert "".join(frame["text"] for frame in deltas) == expected_text(9)
    assert (len(deltas) > 1, end["model_label"]) == (True, "from-env")

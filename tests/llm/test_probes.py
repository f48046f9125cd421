"""The staged connection test: what each step proves, what it says to do when it fails, and what is asked for it."""

import dataclasses
import json
import socket
import threading

import pytest

from llm import AddressPolicy, Cancellation, Cancelled, ModelConfig, Secret, Timeouts, Transport, probe
from llm.probes import PROBE_TIMEOUTS, STEPS, questions
from llm.providers import PROVIDERS
from llm.providers._openai_chat import OpenAIChat
from llm.testing import ScriptedProvider
from llm.types import user
from tests.llm.gateway import MODEL, Gateway, in_json, models, refusal, streamed, whole
from tests.llm.wire import answer

KEY = "sk-probe-0123456789abcdef"
HTML = answer(b"<!doctype html><title>Welcome</title>", kind=b"text/html; charset=utf-8")
NO_LIST = refusal(b"404 Not Found", "Not Found")
QUICK = Timeouts(connect=5, first_byte=0.2, idle=0.2, total=5)
ALL_PASSED = dict.fromkeys(STEPS, "passed")


def config_for(url, **fields):
    fields = {"provider": "openai_compatible", "model": MODEL, "api_key": Secret(KEY), "vision": True} | fields
    return ModelConfig(base_url=url, **fields)


def run(url, *, grant=True, timeouts=PROBE_TIMEOUTS, policy=None, **fields):
    """The steps by name. None of them may hold the key."""
    transport = Transport(policy or AddressPolicy.granting([url] if grant else []), timeouts=timeouts)
    steps = list(probe(config_for(url, **fields), transport=transport))
    assert [step.name for step in steps] == list(STEPS)
    shown = json.dumps([dataclasses.asdict(step) for step in steps]) + repr(steps)
    assert KEY not in shown
    assert all(step.remedy and step.code for step in steps if step.status == "failed")
    assert not any(step.remedy or step.code for step in steps if step.status != "failed")
    return {step.name: step for step in steps}


def statuses(steps):
    return {name: step.status for name, step in steps.items()}


def failure(steps):
    """The only failed step."""
    (found,) = [step for step in steps.values() if step.status == "failed"]
    return found


@pytest.fixture
def gateway(serve):
    """Start a gateway with these answers; its `url` is that of the server."""

    def start(**answers):
        gateway = Gateway(**answers)
        return gateway, serve(gateway.script).url

    return start


@pytest.fixture
def url_of(gateway):
    return lambda **answers: gateway(**answers)[1]


# All is well.


@pytest.mark.parametrize("provider", PROVIDERS)
def test_all_steps_pass_with_a_provider_that_can_do_everything(monkeypatch, provider):
    monkeypatch.setattr(questions, "ASK_FOR_WEATHER", user('[[tool=get_weather {"city": "Oslo"}]]'))
    monkeypatch.setattr(questions, "HELLO", user("[[say=OK]]"))
    with ScriptedProvider() as scripted:
        steps = run(scripted.url, provider=provider, model="scripted-model")
        assert statuses(steps) == ALL_PASSED
        assert [exchange.method for exchange in scripted.requests] == ["GET", "POST", "POST", "POST", "POST"]
        scripted.wait_until_idle()


def test_a_test_costs_five_requests_and_few_tokens(gateway):
    server, url = gateway()
    assert statuses(run(url)) == ALL_PASSED
    assert len(server.bodies) == 5
    assert [body["max_tokens"] for body in server.asked] == [16, 16, 512, 16]
    assert sum(len(json.dumps(body)) for body in server.asked) < 3000


def test_the_models_own_parameters_are_tested_but_not_its_limit(gateway):
    server, url = gateway()
    run(url, params={"temperature": 0.3, "max_tokens": 4096})
    assert {body["temperature"] for body in server.asked} == {0.3}
    assert max(body["max_tokens"] for body in server.asked) == 512


def test_steps_come_while_the_test_goes_on(gateway):
    server, url = gateway()
    steps = probe(config_for(url), transport=Transport(AddressPolicy.granting([url])))
    assert next(steps).name == "address"
    assert server.bodies == []
    assert next(steps).name == "reachable"
    assert server.bodies == [None]


def test_what_the_model_is_not_said_to_do_is_not_asked(gateway):
    server, url = gateway()
    steps = run(url, streaming=False, tools=False, vision=False)
    skipped = {name for name, step in steps.items() if step.status == "skipped"}
    assert skipped == {"stream", "tools", "vision"}
    assert {steps[name].detail for name in skipped} == {"turned off for this model"}
    assert len(server.bodies) == 2


def test_steps_that_cost_time_say_how_much(url_of):
    steps = run(url_of())
    assert all(steps[name].seconds > 0 for name in ("reachable", "chat", "stream", "tools", "vision"))
    assert steps["address"].seconds == 0


# Address.


def test_without_a_grant_a_private_address_is_refused_before_any_socket(gateway):
    server, url = gateway()
    step = failure(run(url, grant=False))
    assert (step.name, step.code) == ("address", "endpoint_not_allowed")
    assert "ask an administrator" in step.remedy
    assert server.bodies == []


def test_a_connection_without_an_address_is_told_to_enter_one():
    for address in ("", " "):
        step = failure(run(address, grant=False))
        assert (step.name, step.remedy) == ("address", "This connection has no address. Enter its base URL.")


def test_an_unknown_provider_fails_at_the_address():
    step = failure(run("https://example.org", provider="nobody", grant=False))
    assert (step.name, step.code) == ("address", "unknown_provider")


def test_a_name_that_leads_to_a_private_address_fails_where_it_is_resolved(monkeypatch):
    record = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [record])
    step = failure(run("https://models.example.org/v1", grant=False))
    assert (step.name, step.code) == ("reachable", "endpoint_not_allowed")


def test_what_follows_a_failure_is_skipped_and_says_what_it_needs():
    steps = run("http://127.0.0.1:9", grant=False)
    assert {step.detail for name, step in steps.items() if name != "address"} == {"needs address"}


# Reachable.


def test_a_closed_port_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        step = failure(run(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert (step.name, step.code) == ("reachable", "unreachable")
    assert "that the server is running" in step.remedy


def test_https_to_a_plain_port_says_that_it_does_not_speak_https(serve):
    def script(peer):
        peer.sock.recv(65536)
        peer.send(answer(b"", status=b"400 Bad Request"))

    step = failure(run(serve(script).url.replace("http:", "https:")))
    assert (step.name, step.code) == ("reachable", "untrusted_certificate")
    assert "does not speak https" in step.remedy


def test_a_server_that_speaks_no_http_is_not_reachable(serve):
    step = failure(run(serve(lambda peer: peer.send(b"SSH-2.0-OpenSSH_9.9\r\n")).url))
    assert (step.name, step.code) == ("reachable", "not_an_llm_api")


def test_a_server_that_does_not_answer_is_not_reachable(serve):
    def script(peer):
        peer.read_request()
        peer.hang()

    step = failure(run(serve(script).url, timeouts=QUICK))
    assert (step.name, step.code) == ("reachable", "timed_out")


def test_a_list_that_breaks_off_leaves_the_verdict_to_the_chat(serve):
    gateway = Gateway()

    def script(peer):
        if gateway.bodies:
            gateway.script(peer)
        else:
            peer.read_request()
            gateway.bodies.append(None)
            peer.send(models(MODEL)[:-20])

    steps = run(serve(script).url)
    assert statuses(steps) == ALL_PASSED
    assert steps["model"].detail == "It answered."


# Key.


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden"])
def test_a_refused_key_fails_once_the_chat_has_confirmed_it(url_of, status):
    refused = refusal(status, f"Incorrect API key provided: {KEY}.")
    steps = run(url_of(listing=refused, chat=refused))
    step = failure(steps)
    assert (step.name, step.code) == ("key", "bad_credentials")
    assert "key" in step.remedy
    assert steps["reachable"].status == "passed"
    assert steps["chat"].detail == "needs key"


def test_a_server_that_wants_a_key_is_told_from_one_that_refuses_it(url_of):
    refused = refusal(b"401 Unauthorized", "Missing key.")
    step = failure(run(url_of(listing=refused, chat=refused), api_key=Secret("")))
    assert step.remedy == "The server wants a key, and none is stored. Enter one for this connection."


def test_a_server_without_keys_leaves_the_key_out(url_of):
    steps = run(url_of(), api_key=Secret(""))
    assert statuses(steps) == ALL_PASSED | {"key": "skipped"}
    assert steps["key"].detail == "none is stored, and none was asked for"


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden", b"429 Too Many Requests", b"500 Oops"])
def test_a_key_that_may_chat_and_not_list_passes(url_of, status):
    assert statuses(run(url_of(listing=refusal(status, "You lack the scope api.model.read.")))) == ALL_PASSED


def test_a_public_list_proves_no_key(monkeypatch, url_of):
    class PublicList(OpenAIChat):
        def models(self, config):
            return dataclasses.replace(super().models(config), proves_key=False)

    monkeypatch.setitem(PROVIDERS, "public", PublicList(label="", icon=""))
    steps = run(url_of(chat=refusal(b"401 Unauthorized")), provider="public")
    assert failure(steps).name == "key"
    assert steps["model"].status == "passed"
    assert steps["chat"].detail == "needs key"


def test_a_key_that_no_header_can_hold_is_never_sent(gateway):
    server, url = gateway()
    step = failure(run(url, api_key=Secret("sk-clé-0123456789")))
    assert (step.name, step.code) == ("key", "bad_credentials")
    assert "characters that no key has" in step.remedy
    assert server.bodies == []


def test_a_key_without_the_right_to_a_listed_model_fails_at_the_chat(url_of):
    step = failure(run(url_of(chat=refusal(b"403 Forbidden"))))
    assert (step.name, step.code) == ("chat", "bad_credentials")
    assert "does not let this key use this model" in step.remedy


# Model.


def test_a_misspelt_model_is_answered_with_similar_ones_at_no_cost(gateway):
    server, url = gateway(listing=models("gpt-4o-mini", "gpt-4o", "text-embedding-3"))
    step = failure(run(url, model="GPT-4o-mni"))
    assert (step.name, step.code) == ("model", "model_not_found")
    assert step.remedy == "Check the model id. Similar ones are listed: gpt-4o-mini, gpt-4o."
    assert step.detail == "It is not among 3 listed ids."
    assert server.asked == []


def test_a_model_like_no_other_is_answered_with_a_few_that_are_there(url_of):
    listed = [f"number-{number}" for number in range(500)]
    step = failure(run(url_of(listing=models(*listed)), model="zzz"))
    assert step.remedy == "Pick a model that is listed, such as number-0, number-1, number-2."


@pytest.mark.parametrize("listing", [NO_LIST, answer(b"", status=b"405 Method Not Allowed"), in_json([]), models()])
def test_where_no_model_is_listed_the_chat_decides(url_of, listing):
    assert statuses(run(url_of(listing=listing))) == ALL_PASSED


@pytest.mark.parametrize("listing", [NO_LIST, models()])
def test_a_model_that_the_chat_does_not_find_fails_though_nothing_is_listed(url_of, listing):
    missing = refusal(b"404 Not Found", "The model was retired on 2026-06-01.", code="model_not_found")
    steps = run(url_of(listing=listing, chat=missing))
    step = failure(steps)
    assert (step.name, step.code) == ("model", "model_not_found")
    assert "whether the model was retired" in step.remedy
    assert "retired on 2026-06-01" in step.remedy
    assert steps["key"].status == "passed"
    assert steps["chat"].detail == "needs model"


def test_a_model_that_is_listed_and_retired_fails_at_the_chat(url_of):
    missing = refusal(b"404 Not Found", "The model was retired.", code="model_not_found")
    step = failure(run(url_of(chat=missing)))
    assert (step.name, step.code) == ("chat", "model_not_found")


def test_a_list_of_dated_models_does_not_rule_out_an_alias():
    with ScriptedProvider() as scripted:
        steps = run(scripted.url, provider="anthropic", model="scripted-alias", tools=False)
        assert (steps["model"].status, steps["model"].detail) == ("passed", "It answered.")
        step = failure(run(scripted.url, provider="anthropic", model="missing-model", tools=False))
    assert (step.name, step.code) == ("model", "model_not_found")
    assert "Check the spelling" in step.remedy
    assert "Pick a model that is listed" not in step.remedy


# Chat.


@pytest.mark.parametrize("path", ["", "/v1", "/api/v2"])
def test_a_web_page_is_called_one(serve, path):
    def script(peer):
        while peer.read_request():
            peer.send(HTML)

    server = serve(script)
    steps = run(server.url + path, policy=AddressPolicy.granting([server.url]))
    step = failure(steps)
    assert (step.name, step.code) == ("chat", "not_an_llm_api")
    assert step.remedy.startswith("This is a web page, not an API.")
    assert (f"Try the base URL {server.url}/v1." in step.remedy) == (path == "/api/v2")
    assert steps["reachable"].status == "passed"


def test_a_wrong_base_path_is_answered_with_the_one_to_try():
    with ScriptedProvider() as scripted:
        policy = AddressPolicy.granting([scripted.url])
        step = failure(run(f"{scripted.url}/wrong", policy=policy, model="scripted-model"))
        assert (step.name, step.code) == ("chat", "not_an_llm_api")
        tip = step.remedy.removeprefix("No API answers at this path. Try the base URL ").removesuffix(".")
        assert tip == f"{scripted.url}/v1"
        assert run(tip, policy=policy, model="scripted-model")["chat"].status == "passed"


def test_a_path_that_is_wrong_although_usual_sends_to_the_documentation(url_of):
    step = failure(run(url_of(listing=NO_LIST, chat=NO_LIST)))
    assert step.remedy.endswith("Look up the API's base URL in the documentation of the server.")


def test_a_redirect_says_so(url_of):
    moved = answer(b"", status=b"308 Permanent Redirect", headers=b"Location: https://example.org/v1\r\n")
    step = failure(run(url_of(listing=moved, chat=moved)))
    assert step.name == "chat"
    assert "redirects elsewhere" in step.remedy


@pytest.mark.parametrize(
    ("refused", "code", "remedy"),
    [
        (refusal(b"402 Payment Required"), "quota_exceeded", "Top it up"),
        (refusal(b"429 Too Many Requests", code="insufficient_quota"), "quota_exceeded", "Top it up"),
        (refusal(b"429 Too Many Requests"), "rate_limited", "Wait a moment"),
        (refusal(b"503 Service Unavailable"), "overloaded", "Try again"),
        (refusal(b"400 Bad Request", "temperature must be 1"), "bad_request", "temperature must be 1"),
    ],
)
def test_a_chat_that_is_refused_fails_with_the_errors_own_advice(gateway, refused, code, remedy):
    server, url = gateway(chat=refused)
    step = failure(run(url))
    assert (step.name, step.code) == ("chat", code)
    assert remedy in step.remedy
    assert len(server.asked) == 1


def test_without_a_list_a_refused_chat_leaves_key_and_model_open_unless_money_is_the_reason(url_of):
    steps = run(url_of(listing=NO_LIST, chat=refusal(b"503 Service Unavailable")))
    assert (steps["key"].status, steps["model"].status, failure(steps).name) == ("skipped", "skipped", "chat")
    steps = run(url_of(listing=NO_LIST, chat=refusal(b"402 Payment Required")))
    assert (steps["key"].status, steps["model"].status, failure(steps).name) == ("passed", "skipped", "chat")


def test_a_reasoning_model_that_thinks_up_to_the_limit_has_answered(url_of):
    assert run(url_of(chat=whole("", finish="length")))["chat"].status == "passed"


def test_an_empty_answer_is_none(url_of):
    step = failure(run(url_of(chat=whole(" "))))
    assert (step.name, step.code) == ("chat", "unfit_answer")
    assert "chat template" in step.remedy


def test_a_server_that_gives_up_a_kept_connection_without_a_word_has_not_failed(serve):
    gateway = Gateway()

    def script(peer):
        """Answers one request, and closes when the next one comes."""
        for turn in range(2):
            peer.read_request()
            if turn == 0:
                peer.send(gateway.answer_to(peer.server.requests[-1]))

    server = serve(script)
    assert statuses(run(server.url)) == ALL_PASSED
    assert server.connections == 5


def test_a_server_that_loads_its_model_meanwhile_is_given_a_second_chance(serve):
    waiting = threading.Event()
    gateway = Gateway(chat=lambda _: waiting.wait(5) and b"")
    step = failure(run(serve(gateway.script).url, timeouts=QUICK))
    waiting.set()
    assert (step.name, step.code) == ("chat", "timed_out")
    assert "Test again in a minute" in step.remedy


# Whoever runs it.


def test_a_test_can_be_cancelled_from_another_thread(serve):
    def script(peer):
        peer.read_request()
        peer.hang()

    server, cancellation = serve(script), Cancellation()
    steps = probe(
        config_for(server.url), transport=Transport(AddressPolicy.granting([server.url])), cancellation=cancellation
    )
    assert next(steps).name == "address"
    threading.Thread(target=lambda: server.reached.wait(5) and cancellation.cancel()).start()
    with pytest.raises(Cancelled):
        next(steps)
    assert server.client_left.wait(5)


@pytest.mark.parametrize("kind", ["chat", "stream", "tools", "vision"])
def test_cancelling_ends_every_question(serve, kind):
    cancellation = Cancellation()

    def stop(_):
        cancellation.cancel()
        return b""

    gateway = Gateway(**{kind: stop})
    url = serve(gateway.script).url
    with pytest.raises(Cancelled):
        list(probe(config_for(url), transport=Transport(AddressPolicy.granting([url])), cancellation=cancellation))


def test_when_patience_is_over_nothing_more_is_asked(gateway):
    server, url = gateway()
    transport = Transport(AddressPolicy.granting([url]))
    steps = {step.name: step for step in probe(config_for(url), transport=transport, patience=0)}
    assert steps["chat"].status == "passed"
    assert {steps[name].detail for name in ("stream", "tools", "vision")} == {"the test had taken too long already"}
    assert len(server.asked) == 1


def test_by_itself_a_test_reaches_public_addresses_only():
    for url in ("http://127.0.0.1:9", "https://10.0.0.1", "http://example.org"):
        step = next(probe(config_for(url)))
        assert (step.name, step.status, step.code) == ("address", "failed", "endpoint_not_allowed")


def test_a_server_that_echoes_the_key_everywhere_gets_it_into_no_step(url_of):
    steps = run(url_of(listing=models(f"{MODEL}-{KEY}", KEY)))
    assert "***" in failure(steps).remedy
    echo = refusal(b"418 Teapot", f"Bearer {KEY} is a teapot")
    assert "***" in failure(run(url_of(chat=echo))).remedy
    steps = run(url_of(stream=echo, tools=echo, vision=echo))
    assert all("***" in steps[name].detail for name in ("stream", "tools", "vision"))


# What the model can do is in `test_probe_questions.py`.


def test_one_ability_that_fails_leaves_the_others_to_be_tested(url_of):
    steps = run(url_of(stream=streamed(ended=False), tools=whole("It rains."), vision=refusal(b"400 Bad Request")))
    failed = [name for name, step in steps.items() if step.status == "failed"]
    assert failed == ["stream", "tools", "vision"]


# Calls.


def test_a_step_holds_the_calls_that_were_made_for_it(gateway):
    unforced = refusal(b"400 Bad Request", "tool_choice 'required' is not supported.")
    called = whole(None, finish="tool_calls", calls=(("get_weather", '{"city": "Oslo"}'),))
    server, url = gateway(tools=lambda body: unforced if body["tool_choice"] == "required" else called)
    outcomes = {name: [call.outcome for call in step.calls] for name, step in run(url).items() if step.calls}
    once = ["complete"]
    assert outcomes == {"chat": once, "stream": once, "tools": ["bad_request", "complete"], "vision": once}
    assert len(server.asked) == 5


@pytest.mark.parametrize(
    ("chat", "failed", "outcome"),
    [
        (refusal(b"401 Unauthorized"), "key", "bad_credentials"),
        (refusal(b"404 Not Found", "No such model.", code="model_not_found"), "model", "model_not_found"),
        (refusal(b"503 Service Unavailable"), "chat", "overloaded"),
        (whole(" "), "chat", "complete"),
    ],
)
def test_the_chat_holds_its_call_whichever_step_it_fails(url_of, chat, failed, outcome):
    steps = run(url_of(listing=NO_LIST, chat=chat))
    assert failure(steps).name == failed
    assert [call.outcome for step in steps.values() for call in step.calls] == [outcome]
    assert steps["chat"].calls

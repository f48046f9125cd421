"""The scripted provider does what a prompt says, in every format, and notices when its client leaves."""

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from llm.testing import MARKDOWN, MULTIBYTE, ScriptedProvider, expected_text
from llm.testing.script import THOUGHT
from tests.llm.spoken import WIRES, ask, send

CHAT = WIRES[0]


@pytest.fixture
def provider():
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(params=WIRES, ids=lambda wire: wire.name)
def wire(request):
    return request.param


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("hello", "You said: hello"),
        ("[[tokens=50]]", expected_text(50)),
        ("[[say=exactly  this [text]]]", "exactly  this [text]"),
        ("[[utf8split]]", MULTIBYTE),
        ("[[markdown]]", MARKDOWN),
        ("[[reason]] why?", "You said: why?"),
    ],
)
def test_what_it_says(provider, wire, prompt, said, stream):
    answer = ask(provider, wire, prompt, stream=stream)
    assert answer.text == said
    assert answer.reason == wire.reasons["stop"]
    assert answer.ended
    assert answer.thoughts == (THOUGHT if "reason" in prompt else "")


def test_malformed_events_come_before_the_text(provider, wire):
    answer = ask(provider, wire, "[[malformed]] fine")
    assert (answer.text, answer.broken) == ("You said: fine", 1)
    assert ask(provider, wire, "[[malformed=30]]").broken == 30
    with send(provider, wire, "[[malformed]]", stream=False) as response, pytest.raises(requests.JSONDecodeError):
        response.json()


@pytest.mark.parametrize("stream", [True, False])
def test_token_counts(provider, wire, stream):
    assert ask(provider, wire, "[[tokens=5]]", stream=stream).tokens == 5
    assert ask(provider, wire, "[[tokens=5 no_usage]]", stream=stream).tokens is None


@pytest.mark.parametrize("stream", [True, False])
def test_a_limit_ends_the_answer(provider, wire, stream):
    answer = ask(provider, wire, "[[tokens=30]]", stream=stream, **{wire.limit: 20})
    assert answer.text == f"{expected_text(20)} "
    assert (answer.reason, answer.ended) == (wire.reasons["length"], True)


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_until_their_results_have_come(provider, wire, stream):
    prompt = '[[tool=weather {"city": "Zürich"}]] [[tool=clock]]'
    answer = ask(provider, wire, prompt, stream=stream)
    assert answer.reason == wire.reasons["tools"]
    assert answer.calls == [("call_1", "weather", {"city": "Zürich"}), ("call_2", "clock", {"city": "Oslo"})]
    after = ask(provider, wire, stream=stream, **wire.answered(prompt, answer.calls, "rain"))
    assert (after.text, after.calls) == ("The tool said: rain", [])


def test_always_calls_the_tool_again(provider, wire):
    conversation = wire.answered("[[tool=f]] [[always]]", [("call_1", "f", {})], "x")
    assert ask(provider, wire, **conversation).calls == [("call_1", "f", {"city": "Oslo"})]


@pytest.mark.parametrize("stream", [True, False])
def test_json_where_json_is_asked_for(provider, wire, stream):
    assert json.loads(ask(provider, wire, "hi", stream=stream, **wire.json_wanted).text)
    assert ask(provider, wire, "[[say=no]]", stream=stream, **wire.json_wanted).text == "no"


def test_json_satisfies_the_schema_that_was_asked_for(provider):
    members = {
        "city": {"type": "string"},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "kind": {"enum": ["a", "b"]},
        "always": {"const": 7},
        "maybe": {"type": ["number", "null"]},
        "inner": {"type": "object", "properties": {"true": {"type": "boolean"}}},
    }
    schema = {"type": "object", "properties": members}
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema, "strict": True}}
    assert json.loads(ask(provider, CHAT, "Oslo", response_format=wanted).text) == {
        "city": "You said: Oslo",
        "sizes": [1],
        "kind": "a",
        "always": 7,
        "maybe": 1.5,
        "inner": {"true": True},
    }


def test_images_are_counted(provider, wire):
    assert ask(provider, wire, **wire.pictured("look")).text == "You said: look"
    assert provider.requests[-1].images == 2


def test_refusals(provider, wire):
    refused = send(provider, wire, "[[error=429 retry=3]]")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert "429" in refused.text
    bad_key = send(provider, wire, "x", headers={"authorization": "Bearer bad-key"})
    assert bad_key.status_code == 401
    assert send(provider, wire, "[[error=500]]", stream=False).status_code == 500


def test_a_model_that_is_missing(provider, wire):
    path = provider.url + wire.path.replace("/m/", "/missing-model/")
    body = wire.body("x", stream=False, model="missing-model")
    assert requests.post(path, json=body, headers=wire.headers, timeout=5).status_code == 404


def test_a_code_and_a_number_of_failures(provider, wire):
    first, second = (send(provider, wire, "[[error=429 code=insufficient_quota times=1]]") for _ in range(2))
    assert "insufficient_quota" in first.text
    assert (first.status_code, second.status_code) == (429, 200)


def test_a_refusal_in_the_words_of_the_script(provider, wire):
    prompt = '[[error=503]] [[body={"error": "Model is loading", "estimated_time": 20.0}]]'
    refused = send(provider, wire, prompt)
    assert (refused.status_code, refused.json()) == (503, {"error": "Model is loading", "estimated_time": 20.0})


@pytest.mark.parametrize(("prompt", "sent"), [("[[error_in_stream=3]]", 3), ("[[error_in_stream]]", 4)])
def test_an_error_in_the_stream(provider, wire, prompt, sent):
    answer = ask(provider, wire, f"[[tokens=9]] {prompt}")
    assert answer.text == f"{expected_text(sent)} "
    assert answer.error
    assert not answer.ended


def test_an_error_in_the_stream_refuses_what_is_not_streamed(provider, wire):
    assert send(provider, wire, "[[error_in_stream]]", stream=False).status_code == 500


@pytest.mark.parametrize("stream", [True, False])
def test_a_web_page_instead_of_an_answer(provider, wire, stream):
    with send(provider, wire, "[[html]]", stream=stream) as response:
        assert (response.status_code, response.headers["content-type"]) == (200, "text/html")


def test_a_clean_end_of_file_looks_like_success(provider, wire):
    answer = ask(provider, wire, "[[tokens=9 drop_after=3]]")
    assert (answer.text, answer.ended) == (f"{expected_text(3)} ", False)
    provider.wait_until_idle()
    assert provider.requests[-1].tokens_sent == 3
    assert not provider.requests[-1].closed_by_client


@pytest.mark.parametrize("fault", ["cut_after", "reset_after"])
def test_a_broken_connection_is_an_error_of_the_transport(provider, wire, fault):
    message = "reset" if "reset" in fault else "prematurely"
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=message):
        ask(provider, wire, f"[[tokens=9 {fault}=3]]")


def test_multibyte_characters_arrive_in_halves(provider, wire):
    with send(provider, wire, "[[utf8split]]") as response:
        pieces = list(response.raw.read_chunked())
    assert any(halved(piece) for piece in pieces)


def halved(piece):
    try:
        piece.decode()
    except UnicodeDecodeError:
        return True
    return False


@pytest.mark.parametrize(
    "prompt", ["[[hang]]", "[[tokens=9 hang_after=0]]", "[[ttft=60000]]", "[[tokens=9 rate=0.01]]"]
)
def test_a_client_that_leaves_is_noticed_while_nothing_is_sent(provider, wire, prompt):
    body = json.dumps(wire.body(prompt, stream=True)).encode()
    headers = {"host": "x", "content-length": str(len(body))} | wire.headers
    lines = [f"POST {wire.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection(provider.url.removeprefix("http://").split(":")) as client:
        client.sendall("\r\n".join(lines).encode() + body)
        provider.wait_for_request()
        assert provider.open_requests == 1
        left = time.monotonic()
    provider.wait_until_idle()
    assert time.monotonic() - left < 0.5
    assert provider.requests[0].closed_by_client


def test_what_was_asked_is_on_record(provider, wire):
    ask(provider, wire, "[[tokens=4]]", headers={"authorization": "Bearer a.b.c"})
    provider.wait_until_idle()
    [exchange] = provider.requests
    assert (exchange.method, exchange.path) == ("POST", wire.path)
    assert (exchange.prompt, exchange.tokens_sent) == ("[[tokens=4]]", 4)
    assert exchange.body["model"] == "m"
    assert exchange.headers["authorization"] == "Bearer a.b.c"
    assert exchange.ended >= exchange.began
    assert not exchange.closed_by_client


def test_waiting_for_tokens_and_giving_up(provider, wire):
    with send(provider, wire, "[[tokens=9 hang_after=3]]"):
        assert provider.wait_for_request(tokens=3).tokens_sent == 3
        with pytest.raises(TimeoutError):
            provider.wait_until_idle(timeout=0.05)
    provider.wait_until_idle()


@pytest.mark.parametrize("stream", [True, False])
def test_the_pace_is_the_one_that_was_asked_for(provider, wire, stream):
    began = time.monotonic()
    ask(provider, wire, "[[ttft=100 tokens=20 rate=100]]", stream=stream)
    assert 0.28 < time.monotonic() - began < 1.5


def test_stopping_ends_a_request_that_hangs():
    with ScriptedProvider() as provider:
        with ThreadPoolExecutor() as pool:
            pending = pool.submit(send, provider, CHAT, "[[hang]]", timeout=30)
            provider.wait_for_request()
            provider.stop()
            with pytest.raises(requests.exceptions.ConnectionError):
                pending.result(timeout=5)
        assert not provider.requests[0].closed_by_client


def test_two_hundred_streams_at_once(provider):
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda _: ask(provider, CHAT, "[[tokens=20 rate=40]]", timeout=30).text, range(200)))
    assert answers == [expected_text(20)] * 200
    provider.wait_until_idle()
    assert len(provider.requests) == 200


def test_by_hand():
    command = [sys.executable, "-m", "llm.testing", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        try:
            assert requests.get(f"{address}/v1/models", timeout=5).status_code == 200
        finally:
            process.terminate()

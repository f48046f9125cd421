"""The scripted provider does what a prompt says, and notices when its client leaves."""

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from llm.errors import ProviderError, RateLimited, Truncated
from llm.providers import PROVIDERS
from llm.testing import MARKDOWN, MULTIBYTE, ScriptedProvider, expected_text
from llm.types import ChatRequest, Finish, Message, ModelConfig, Secret, Text, TextDelta, ToolCall, ToolResult, user

FORMATS = ["openai", "anthropic"]


@pytest.fixture
def provider():
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(params=FORMATS)
def wire(request):
    return PROVIDERS[request.param]


def send(provider, wire, prompt, *, stream=True, model="m", key="k", messages=(), timeout=5):
    config = ModelConfig(provider="", model=model, base_url=provider.url, api_key=Secret(key))
    request = wire.build(config, ChatRequest(messages=messages or (user(prompt),), stream=stream))
    return requests.post(request.url, data=request.body, headers=request.headers, stream=True, timeout=timeout)


def events(provider, wire, prompt, **options):
    with send(provider, wire, prompt, **options) as response:
        assert response.status_code == 200, response.text
        return list(wire.parse(response.iter_content(None)))


def text(found):
    return "".join(event.text for event in found if isinstance(event, TextDelta))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("hello", "You said: hello"),
        ("[[tokens=50]]", expected_text(50)),
        ("[[say=exactly  this [text]]]", "exactly  this [text]"),
        ("[[utf8split]]", MULTIBYTE),
        ("[[markdown]]", MARKDOWN),
        ("[[reason]] why?", "You said: why?"),
    ],
)
def test_what_it_says(provider, wire, prompt, answer, stream):
    found = events(provider, wire, prompt, stream=stream)
    assert text(found) == answer
    assert found[-1].reason == "stop"


def test_malformed_events_come_before_the_text(provider, wire):
    assert text(events(provider, wire, "[[malformed]] fine")) == "You said: fine"
    with pytest.raises(ProviderError, match="not valid JSON"):
        events(provider, wire, "[[malformed=30]]")
    with pytest.raises(ProviderError, match="not valid JSON"):
        events(provider, wire, "[[malformed]]", stream=False)


def test_token_counts(provider, wire):
    assert events(provider, wire, "[[tokens=5]]")[-1].usage.output_tokens == 5
    assert events(provider, wire, "[[tokens=5 no_usage]]")[-1] == Finish("stop", None)


def test_a_limit_ends_the_answer(provider):
    config = ModelConfig(provider="", model="m", base_url=provider.url)
    request = PROVIDERS["openai"].build(config, ChatRequest(messages=(user("[[tokens=9]]"),), params={"max_tokens": 2}))
    found = list(PROVIDERS["openai"].parse([requests.post(request.url, data=request.body, timeout=5).content]))
    assert text(found) == "w0 w1 "
    assert found[-1].reason == "length"


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_until_their_results_have_come(provider, wire, stream):
    asked = user('[[tool=weather {"city": "Zürich"}]] [[tool=clock]]')
    found = events(provider, wire, "", messages=(asked,), stream=stream)
    calls = [event for event in found if isinstance(event, ToolCall)]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("weather", {"city": "Zürich"}),
        ("clock", {"city": "Oslo"}),
    ]
    results = tuple(ToolResult(call.id, call.name, "rain") for call in calls)
    conversation = (asked, Message("assistant", tuple(calls)), Message("tool", results))
    assert text(events(provider, wire, "", messages=conversation, stream=stream)) == "The tool said: rain"


def test_always_calls_the_tool_again(provider, wire):
    call = ToolCall("call_1", "f", "{}")
    conversation = (
        user("[[tool=f]] [[always]]"),
        Message("assistant", (Text("x"), call)),
        Message("tool", (ToolResult("call_1", "f", "x"),)),
    )
    assert events(provider, wire, "", messages=conversation)[-1].reason == "tool_calls"


def test_refusals(provider, wire):
    response = send(provider, wire, "[[error=429 retry=3]]")
    error = wire.error(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 3
    assert send(provider, wire, "x", key="bad-key").status_code == 401
    assert send(provider, wire, "x", model="missing-model").status_code == 404


def test_a_code_and_a_number_of_failures(provider, wire):
    first, second = (send(provider, wire, "[[error=429 code=insufficient_quota times=1]]") for _ in range(2))
    assert "insufficient_quota" in first.text
    assert (first.status_code, second.status_code) == (429, 200)


def test_models_and_unknown_paths(provider):
    listed = requests.get(f"{provider.url}/v1/models", timeout=5).json()
    assert [model["id"] for model in listed["data"]] == ["scripted-model", "scripted-large"]
    wrong = requests.get(f"{provider.url}/v1/models", headers={"Authorization": "Bearer bad-key"}, timeout=5)
    assert wrong.status_code == 401
    assert requests.get(f"{provider.url}/api", timeout=5).status_code == 404
    assert requests.post(f"{provider.url}/chat/completions", json={}, timeout=5).status_code == 404


def test_a_clean_end_of_file_is_truncated(provider, wire):
    with pytest.raises(Truncated):
        events(provider, wire, "[[tokens=9 drop_after=3]]")
    assert provider.requests[-1].tokens_sent == 3
    assert not provider.requests[-1].closed_by_client


@pytest.mark.parametrize("fault", ["cut_after", "reset_after"])
def test_a_broken_connection_is_an_error_of_the_transport(provider, wire, fault):
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="reset" if "reset" in fault else "prematurely"):
        events(provider, wire, f"[[tokens=9 {fault}=3]]")


def test_multibyte_characters_arrive_in_halves(provider):
    with send(provider, PROVIDERS["openai"], "[[utf8split]]") as response:
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
    config = ModelConfig(provider="", model="m", base_url=provider.url)
    request = wire.build(config, ChatRequest(messages=(user(prompt),)))
    head = f"POST /{request.url.split('/', 3)[3]} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(request.body)}\r\n\r\n"
    client = socket.create_connection(provider.url.removeprefix("http://").split(":"))
    client.sendall(head.encode() + request.body)
    provider.wait_for_request()
    assert provider.open_requests == 1
    left = time.monotonic()
    client.close()
    provider.wait_until_idle()
    assert time.monotonic() - left < 0.5
    assert provider.requests[0].closed_by_client


def test_what_was_asked_is_on_record(provider, wire):
    events(provider, wire, "[[tokens=4]]")
    provider.wait_until_idle()
    [exchange] = provider.requests
    assert (exchange.method, exchange.prompt, exchange.tokens_sent) == ("POST", "[[tokens=4]]", 4)
    assert exchange.body["model"] == "m"
    assert "k" in exchange.headers.get("x-api-key", "") + exchange.headers.get("authorization", "")
    assert exchange.ended >= exchange.began
    assert not exchange.closed_by_client


def test_waiting_for_tokens_and_giving_up(provider, wire):
    with send(provider, wire, "[[tokens=9 hang_after=3]]"):
        assert provider.wait_for_request(tokens=3).tokens_sent == 3
        with pytest.raises(TimeoutError):
            provider.wait_until_idle(timeout=0.05)
    provider.wait_until_idle()


def test_the_pace_is_the_one_that_was_asked_for(provider, wire):
    began = time.monotonic()
    events(provider, wire, "[[ttft=100 tokens=20 rate=100]]")
    assert 0.28 < time.monotonic() - began < 1.5


def test_stopping_ends_a_request_that_hangs():
    with ScriptedProvider() as provider:
        with ThreadPoolExecutor() as pool:
            pending = pool.submit(send, provider, PROVIDERS["openai"], "[[hang]]", timeout=30)
            provider.wait_for_request()
            provider.stop()
            with pytest.raises(requests.exceptions.ConnectionError):
                pending.result(timeout=5)
        assert not provider.requests[0].closed_by_client


def test_two_hundred_streams_at_once(provider):
    wire = PROVIDERS["openai"]
    with ThreadPoolExecutor(200) as pool:
        answers = list(
            pool.map(lambda _: text(events(provider, wire, "[[tokens=20 rate=40]]", timeout=30)), range(200))
        )
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

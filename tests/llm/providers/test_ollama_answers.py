"""Answers of Ollama's native API, line by line, and what its refusals mean; then both over a real connection."""

import json

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.errors import (
    BadCredentials,
    BadRequest,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    NotAnAPI,
    Overloaded,
    ProviderError,
    Truncated,
)
from llm.providers import PROVIDERS
from llm.retry import Retry
from llm.transport import Transport
from llm.types import (
    Finish,
    Image,
    Message,
    ModelConfig,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    Usage,
    assistant,
    system,
    user,
)
from tests.llm.wire import LAST_CHUNK, answer, chunk

OLLAMA = PROVIDERS["ollama"]
NDJSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def line(content="", *, done=False, **rest):
    message = {"role": "assistant", "content": content} | {
        k: rest.pop(k) for k in ("thinking", "tool_calls") if k in rest
    }
    return {"model": "llama3.1", "created_at": "2026-11-23T09:00:00Z", "message": message, "done": done} | rest


def last(reason="stop", **rest):
    counts = {"prompt_eval_count": 26, "eval_count": 7}
    return line(done=True, done_reason=reason, total_duration=1, **{**counts, **rest})


def parsed(*lines):
    return list(OLLAMA.parse(["".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines).encode()]))


USAGE = Usage(input_tokens=26, output_tokens=7)
HI = [TextDelta("hi"), Finish("stop", USAGE)]


def called(*calls):
    found = parsed(*(line(tool_calls=each) for each in calls), last())
    assert found[-1].reason == "tool_calls"
    return [(event.id, event.name, event.arguments) for event in found if isinstance(event, ToolCall)]


def test_an_answer_with_thoughts_text_and_counts():
    assert parsed(line(thinking="Hm"), line("The "), line("end"), last()) == [
        ReasoningDelta("Hm"),
        TextDelta("The "),
        TextDelta("end"),
        Finish("stop", USAGE),
    ]


def test_an_answer_that_was_not_streamed():
    whole = line("hi", thinking="Hm", done=True, done_reason="stop", prompt_eval_count=26, eval_count=7)
    assert parsed(whole) == [ReasoningDelta("Hm"), *HI]


def test_reasoning_in_the_text_of_an_old_server():
    assert parsed(line("<thi"), line("nk>hm</think>\n\nhi"), last()) == [ReasoningDelta("hm"), *HI]
    assert parsed(line("a <"), last())[:-1] == [TextDelta("a "), TextDelta("<")]


def test_gotcha_20_and_26_calls_are_whole_and_are_not_merged_by_index():
    one = {"id": "call_k2j4h5g6", "function": {"index": 0, "name": "weather", "arguments": {"city": "Zürich"}}}
    two = {"id": "call_2", "function": {"index": 0, "name": "time", "arguments": {}}}
    assert called([one], [two]) == [("call_k2j4h5g6", "weather", '{"city": "Zürich"}'), ("call_2", "time", "{}")]
    assert called([one, two]) == called([one], [two])


def test_ids_that_are_missing_or_repeated_are_made_up_and_unique():
    call = {"function": {"name": "f", "arguments": {}}}
    assert called([call, call | {"id": ""}]) == [("call_0", "f", "{}"), ("call_1", "f", "{}")]
    repeated = called([call | {"id": "call_1"}, call, call | {"id": "call_1"}])
    assert [call_id for call_id, _, _ in repeated] == ["call_1", "call_2", "call_3"]


@pytest.mark.parametrize(
    ("arguments", "text"), [(None, "{}"), ("", "{}"), (" ", "{}"), ('{"a": 1}', '{"a": 1}'), ([1], "[1]"), ({}, "{}")]
)
def test_gotcha_22_arguments_of_every_kind(arguments, text):
    assert called([{"function": {"name": "f", "arguments": arguments}}]) == [("call_0", "f", text)]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", "stop"), ("length", "length"), ("load", "stop"), ("unload", "stop"), ("", "unknown"), (None, "unknown")],
)
def test_done_reasons(reason, finish):
    assert parsed(line("hi"), last(reason))[-1].reason == finish


def test_gotcha_24_stop_after_calls_means_tool_calls_and_length_stays_length():
    call = [{"id": "a", "function": {"name": "f", "arguments": {}}}]
    for reason, finish in [("stop", "tool_calls"), (None, "tool_calls"), ("length", "length")]:
        assert parsed(line(tool_calls=call), last(reason)) == [ToolCall("a", "f", "{}"), Finish(finish, USAGE)]


@pytest.mark.parametrize(
    ("missing", "usage"),
    [
        (("prompt_eval_count",), Usage(output_tokens=7, estimated=True)),
        (("eval_count",), Usage(input_tokens=26, estimated=True)),
        (("prompt_eval_count", "eval_count"), None),
    ],
)
def test_gotcha_19_a_count_that_is_missing_is_unknown_and_not_zero(missing, usage):
    assert parsed(line("hi"), last(**dict.fromkeys(missing))) == [TextDelta("hi"), Finish("stop", usage)]


def test_gotcha_13_a_last_line_without_a_reason_or_a_message_is_an_end():
    assert parsed(line("hi"), {"done": True}) == [TextDelta("hi"), Finish("unknown")]


@pytest.mark.parametrize("noise", [{}, {"message": None}, {"message": {"content": None, "tool_calls": None}}])
def test_lines_that_say_nothing(noise):
    assert parsed(noise, line("hi"), noise, last()) == HI


def test_gotcha_12_an_end_without_done_is_truncated_and_keeps_what_came():
    events = []
    with pytest.raises(Truncated):
        events.extend(OLLAMA.parse([json.dumps(line("hi <")).encode() + b"\n"]))
    assert "".join(event.text for event in events) == "hi <"


def test_gotcha_36_an_error_line_after_the_first_words_keeps_the_servers_sentence():
    with pytest.raises(ProviderError, match="It said: llama runner process has terminated"):
        parsed(line("hi"), {"error": "llama runner process has terminated"}, last())


def test_gotcha_38_an_error_under_a_gateways_name():
    with pytest.raises(ProviderError, match="It said: Ollama: 500"):
        parsed({"detail": "Ollama: 500"})


def test_an_answer_means_the_same_at_every_cut():
    call = [{"id": "a", "function": {"name": "f", "arguments": {"city": "Zürich 🌍"}}}]
    lines = [line("<think>hm</think>\n"), line("Grüße\u2028🌍", thinking="so"), line(tool_calls=call), last()]
    whole = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\r\n" for each in lines)
    events = list(OLLAMA.parse([whole]))
    assert len(events) == 5
    for cut in range(1, len(whole)):
        assert list(OLLAMA.parse([whole[:cut], whole[cut:]])) == events
    assert list(OLLAMA.parse([whole[at : at + 1] for at in range(len(whole))])) == events


OVERFLOW = {
    "error": json.dumps(
        {
            "error": {
                "code": 400,
                "message": "request (8889 tokens) exceeds the available context size (4096 tokens), try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 8889,
                "n_ctx": 4096,
            }
        }
    )
}


@pytest.mark.parametrize(
    ("status", "document", "kind", "words"),
    [
        (400, OVERFLOW, ContextTooLong, "It said: request (8889 tokens)"),
        (
            400,
            {"error": "the prompt is longer than the context length currently available to the model; x"},
            ContextTooLong,
            "",
        ),
        (400, {"error": "the input length exceeds the context length"}, ContextTooLong, ""),
        (
            400,
            {"error": "registry.ollama.ai/library/phi3:mini does not support tools"},
            BadRequest,
            "not support tools",
        ),
        (400, {"error": '"phi3" does not support thinking'}, BadRequest, "does not support thinking"),
        (401, {"error": "unauthorized", "signin_url": "https://ollama.com/x"}, BadCredentials, ""),
        (403, {"error": "cloud is disabled"}, BadCredentials, "permissions"),
        (404, {"error": "model 'x' not found"}, ModelNotFound, "`ollama pull`"),
        (404, {"error": 'model "x" not found, try pulling it first'}, ModelNotFound, "It said: model"),
        (500, {"error": "error parsing tool call: raw='{'"}, Overloaded, "error parsing"),
        (502, {"error": "cloud unreachable"}, Overloaded, ""),
        (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, Overloaded, "busy"),
    ],
)
def test_refusals(status, document, kind, words):
    error = OLLAMA.error(status, {}, json.dumps(document).encode())
    assert type(error) is kind
    assert words in error.message
    assert error.status == status


def test_a_wrong_path_is_not_a_missing_model():
    assert type(OLLAMA.error(404, {}, b"404 page not found")) is NotAnAPI


def test_missing_memory_is_no_passing_error():
    text = "model requires more system memory (8.4 GiB) than is available (5.1 GiB)"
    error = OLLAMA.error(500, {}, json.dumps({"error": text}).encode())
    assert not error.retryable
    assert error.status == 500
    assert "smaller" in error.message
    assert text in error.message


# Over a real connection


def client(server, **changes):
    policy = AddressPolicy.granting([server.url])
    config = ModelConfig(**{"provider": "ollama", "model": "llama3.1", "base_url": server.url} | changes)
    return UnifiedLLMClient(config, transport=Transport(policy), retry=Retry(uniform=lambda _low, _high: 0))


def test_a_streamed_answer_arrives_line_by_line(serve):
    def script(peer):
        peer.read_request()
        lines = [line(thinking="Hm"), line("Grüße"), last()]
        whole = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines).encode()
        peer.send(NDJSON, *(chunk(whole[at : at + 7]) for at in range(0, len(whole), 7)), LAST_CHUNK)

    server = serve(script)
    events = list(client(server).stream([user("Hi")], max_tokens=5))
    assert events == [ReasoningDelta("Hm"), TextDelta("Grüße"), Finish("stop", USAGE)]
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/chat ")
    assert json.loads(sent)["options"] == {"num_predict": 5}


def test_an_answer_that_was_asked_for_in_one_piece(serve):
    def script(peer):
        peer.read_request()
        peer.send(answer(json.dumps(line("hi", done=True, done_reason="stop")).encode()))

    server = serve(script)
    reply = client(server, streaming=False).chat([system("x"), user("Hi"), assistant("a"), user("b")])
    assert (reply.text, reply.finish, reply.usage.estimated) == ("hi", "stop", True)
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["stream"] is False


@pytest.mark.parametrize(
    ("status", "text", "attempts"),
    [
        (b"500 Internal Server Error", "model requires more system memory (8 GiB) than is available", 1),
        (b"404 Not Found", "model 'x' not found", 1),
        (b"503 Service Unavailable", "server busy, please try again.", 3),
    ],
)
def test_what_is_tried_again(serve, status, text, attempts):
    def script(peer):
        while peer.read_request():
            peer.send(answer(json.dumps({"error": text}).encode(), status=status))

    server = serve(script)
    with pytest.raises(LLMError, match=text.split("(")[0].strip()):
        client(server).chat([user("Hi")])
    assert len(server.requests) == attempts


def test_an_image_by_address_is_refused_before_a_byte_is_sent(serve):
    server = serve(lambda peer: peer.read_request())
    with pytest.raises(BadRequest, match="Upload"):
        client(server, vision=True).chat([Message("user", (Image(url="https://h/a.png"),))])
    assert server.connections == 0

"""Ollama's native API: requests as exact JSON, answers line by line, and both over a real connection."""

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
    ChatRequest,
    Finish,
    Image,
    Message,
    ModelConfig,
    Reasoning,
    ReasoningDelta,
    Secret,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    assistant,
    system,
    user,
)
from tests.llm.wire import LAST_CHUNK, answer, chunk

OLLAMA = PROVIDERS["ollama"]
WEATHER = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
TIME = ToolSpec("time", "The time.", {"type": "object", "properties": {}})
NDJSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def request(*messages, tools=(), stream=True, model="llama3.1", base_url="", key="", options=None, **params):
    config = ModelConfig(
        provider="ollama", model=model, base_url=base_url, api_key=Secret(key), options=options or {}, params={}
    )
    return OLLAMA.build(
        config, ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params, stream=stream)
    )


def body(*messages, **options):
    return json.loads(request(*messages, **options).body)


def test_the_smallest_request_makes_overflow_an_error():
    sent = request(stream=False)
    assert sent.url == "http://127.0.0.1:11434/api/chat"
    assert sent.headers == {"content-type": "application/json"}
    assert json.loads(sent.body) == {
        "model": "llama3.1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
        "truncate": False,
        "shift": False,
    }


def test_stream_is_always_said_because_it_is_the_servers_default():
    assert [body(stream=stream)["stream"] for stream in (True, False)] == [True, False]


def test_gotcha_25_and_26_a_whole_conversation_with_tools_at_the_top_and_arguments_as_objects():
    first, second = ToolCall("call_1", "weather", '{"city": "Zürich"}'), ToolCall("call_2", "time", "not json")
    sent = body(
        system("Be brief."),
        Message("user", (Text("Look"), Image(data=b"\x01\x02", media_type="image/png"))),
        Message("assistant", (Reasoning("hm"), first, second)),
        Message("tool", (ToolResult("call_1", "weather", "rain"), ToolResult("call_2", "time", "late", is_error=True))),
        Message("assistant", (Reasoning("so"), Text("Rain."))),
        tools=(WEATHER,),
    )
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look", "images": ["AQI="]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"id": "call_1", "function": {"name": "weather", "arguments": {"city": "Zürich"}}},
                {"id": "call_2", "function": {"name": "time", "arguments": {}}},
            ],
        },
        {"role": "tool", "tool_name": "weather", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_name": "time", "tool_call_id": "call_2", "content": "late"},
        {"role": "assistant", "content": "Rain."},
    ]
    parameters = {"type": "object", "properties": {}}
    function = {"name": "weather", "description": "The weather.", "parameters": parameters}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert "options" not in sent


def test_every_parameter_is_where_the_server_looks_for_it():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    sent = body(
        max_tokens=9,
        temperature=0,
        top_p=0.9,
        stop="END",
        seed=1,
        num_ctx=4096,
        keep_alive="10m",
        reasoning_effort="low",
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}},
        logit_bias={},
        user="alice",
    )
    assert {name: value for name, value in sent.items() if name not in ("model", "messages", "stream")} == {
        "truncate": False,
        "shift": False,
        "think": True,
        "format": schema,
        "keep_alive": "10m",
        "options": {"temperature": 0, "top_p": 0.9, "seed": 1, "num_ctx": 4096, "num_predict": 9, "stop": ["END"]},
    }


def test_options_of_the_connection_and_parameters_that_beat_them():
    options = {"num_ctx": 8192, "keep_alive": -1, "truncate": True, "shift": True, "nonsense": 1}
    sent = body(options=options)
    assert (sent["truncate"], sent["shift"], sent["keep_alive"], sent["options"]) == (True, True, -1, {"num_ctx": 8192})
    assert body(options=options, num_ctx=16384)["options"] == {"num_ctx": 16384}


@pytest.mark.parametrize(
    ("model", "effort", "think"),
    [
        ("qwen3", "none", False),
        ("qwen3", "minimal", True),
        ("qwen3", "high", True),
        ("gpt-oss:20b", "minimal", "low"),
        ("gpt-oss:120b-cloud", "medium", "medium"),
        ("hf.co/unsloth/gpt-oss-20b-GGUF", "max", "high"),
        ("gpt-oss", "none", False),
        ("qwen3", "very", None),
        ("qwen3", None, None),
    ],
)
def test_effort_becomes_a_level_where_there_are_levels(model, effort, think):
    assert body(model=model, reasoning_effort=effort).get("think") == think


@pytest.mark.parametrize(
    ("response_format", "sent"),
    [({"type": "json_object"}, "json"), ({"type": "text"}, None), ("json", None), ({"type": "json_schema"}, "json")],
)
def test_formats(response_format, sent):
    assert body(response_format=response_format).get("format") == sent


@pytest.mark.parametrize(
    ("choice", "names"),
    [("auto", ["weather", "time"]), ("required", ["weather", "time"]), ("time", ["time"]), ("none", None)],
)
def test_a_choice_of_tools_is_made_by_what_the_model_is_told_of(choice, names):
    sent = body(tools=(WEATHER, TIME), tool_choice=choice)
    assert ([tool["function"]["name"] for tool in sent["tools"]] if "tools" in sent else None) == names
    assert "tool_choice" not in sent


def test_an_image_by_address_is_refused_and_one_inside_an_address_is_taken_out():
    with pytest.raises(BadRequest, match="Upload the image"):
        request(Message("user", (Image(url="https://h/a.png"),)))
    sent = body(Message("user", (Image(url="data:image/png;base64,AQI="),)))
    assert sent["messages"] == [{"role": "user", "content": "", "images": ["AQI="]}]


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("localhost:11434", "http://localhost:11434"),
        ("192.168.0.9", "http://192.168.0.9:11434"),
        (":5000", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("[::]:11434", "http://127.0.0.1:11434"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("http://h/api", "http://h"),
        ("http://h:1/api/chat", "http://h:1"),
        ("http://h:1/api/tags/", "http://h:1"),
        ("http://h:1/v1", "http://h:1"),
        (" http://h:1/v1/chat/completions/ ", "http://h:1"),
        ("https://ollama.com", "https://ollama.com"),
        ("https://h/ollama/", "https://h/ollama"),
        ("https://h/ollama/api", "https://h/ollama"),
    ],
)
def test_a_base_url_in_every_form_that_people_type(typed, base):
    assert request(base_url=typed).url == f"{base}/api/chat"
    models = OLLAMA.models(ModelConfig(provider="ollama", model="m", base_url=typed))
    assert (models.request.method, models.request.url) == ("GET", f"{base}/api/tags")


@pytest.mark.parametrize("typed", ["http://[broken", "ftp://h", "http://a:b@h", "http://h:port", "//"])
def test_what_is_no_address_is_left_to_the_address_policy(typed):
    assert request(base_url=typed).url.endswith("/api/chat")


def test_a_key_is_for_the_cloud():
    assert request(key="k").headers["authorization"] == "Bearer k"
    assert not OLLAMA.needs_key


def test_installed_models_in_every_spelling():
    models = OLLAMA.models(ModelConfig(provider="ollama", model="m"))
    rows = [{"name": "llama3.1:latest", "model": "llama3.1:latest"}, {"name": "hf.co/a/b", "model": None}, "x", {}]
    assert set(models.names({"models": rows})) == {"llama3.1:latest", "llama3.1", "hf.co/a/b", "hf.co/a/b:latest"}
    assert models.names({"models": None}) == models.names([]) == models.names({"models": 5}) == []
    assert not models.proves_key


# Answers


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


@pytest.mark.parametrize("missing", ["prompt_eval_count", "eval_count"])
def test_gotcha_19_a_count_that_is_missing_is_unknown_and_not_zero(missing):
    assert parsed(line("hi"), last(**{missing: None})) == [TextDelta("hi"), Finish("stop")]


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
    assert (reply.text, reply.finish, reply.usage) == ("hi", "stop", None)
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

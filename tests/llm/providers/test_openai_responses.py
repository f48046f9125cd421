"""Answers of the Responses API as the vendor sends them and as others do, and both directions over a socket."""

import json
from itertools import zip_longest

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

import llm
from llm.client import UnifiedLLMClient
from llm.errors import BadRequest, ContentFiltered, ContextTooLong, Overloaded, ProviderError, RateLimited, Truncated
from llm.providers import PROVIDERS
from llm.reply import ReplyBuilder
from llm.retry import NO_RETRY
from llm.transport import Transport
from llm.types import (
    Finish,
    Message,
    ModelConfig,
    ReasoningDelta,
    Secret,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    user,
)
from tests.llm.providers.responses_wire import (
    ANSWERS,
    FIRST,
    HELLO,
    NO,
    OSLO,
    SECOND,
    START,
    ZURICH,
    call,
    calling,
    delta,
    end,
    item_events,
    response,
    speaking,
    stream,
    thinking,
    thought,
)
from tests.llm.recorded import body_of
from tests.llm.wire import CLOSE_DELIMITED, answer

TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
COUNTED = Usage(input_tokens=81, output_tokens=35, cached_tokens=64, reasoning_tokens=12)


def parsed(*documents, name="openai"):
    return list(PROVIDERS[name].parse([stream(*documents)]))


def folded(events):
    reply = ReplyBuilder()
    for event in events:
        reply.add(event)
    return reply.reply()


@pytest.mark.parametrize("name", ANSWERS)
def test_the_vendors_own_types_accept_the_answers_of_these_tests(name):
    types = TypeAdapter(ResponseStreamEvent)
    for number, document in enumerate(ANSWERS[name]):
        types.validate_python(document | {"sequence_number": number})
    assert Response.model_validate(ANSWERS[name][-1]["response"]).id == "resp_1"


def test_text_as_it_comes():
    assert parsed(*ANSWERS["saying hello"]) == [TextDelta("Grüezi "), TextDelta("👋 there"), Finish("stop", COUNTED)]


def test_each_thought_is_a_part_of_its_own_and_stands_before_its_call():
    reply = folded(parsed(*ANSWERS["thinking, calling two tools"]))
    assert reply.finish == "tool_calls"
    first, zurich, second, oslo = reply.parts
    assert first.text == "I need the\n\nweather of Zürich 🌍"
    assert second.text == "And of Oslo"
    assert [json.loads(part.opaque) for part in (first, second)] == [FIRST, SECOND]
    assert zurich == ToolCall("call_5", "weather", '{"city": "Zürich"}')
    assert oslo == ToolCall("call_6", "weather", '{"city":"Oslo"}')


def test_the_seal_of_a_thought_is_the_one_it_ends_with():
    opaque = next(event.opaque for event in parsed(*ANSWERS["thinking, calling two tools"]) if hasattr(event, "opaque"))
    assert "unfinished" not in opaque


def test_a_thought_without_seal_is_shown_and_does_not_go_back():
    unsealed = thought(1, "hm", sealed=False)
    found = parsed(*START, *thinking(0, unsealed), *speaking(1, HELLO), end("completed", unsealed, HELLO))
    assert [event for event in found if isinstance(event, ReasoningDelta)] == [ReasoningDelta("h"), ReasoningDelta("m")]


def test_thoughts_in_clear():
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}
    streamed = parsed(*item_events(0, item, delta("reasoning_text", "hm", 0, item)), end("completed", item))
    assert streamed[0] == parsed(*item_events(0, item), end("completed", item))[0] == ReasoningDelta("hm")
    assert len(streamed) == 2


def test_a_refusal_is_shown_and_named():
    assert folded(parsed(*ANSWERS["refusing"])).text == "I will not."
    assert parsed(*ANSWERS["refusing"])[-1].reason == "refusal"
    assert parsed(*START, end("completed", NO)) == [TextDelta("I will not."), Finish("refusal", COUNTED)]


CALL_EVENTS = list(calling(0, ZURICH))
ONLY_DONE = [event for event in CALL_EVENTS if not event["type"].endswith(".delta")]


@pytest.mark.parametrize(
    "events",
    [
        CALL_EVENTS,
        ONLY_DONE,
        [event for event in ONLY_DONE if "arguments" not in event["type"]],
        CALL_EVENTS[:-1],
        CALL_EVENTS[:-2],
        [event for event in ONLY_DONE if event["type"] != "response.output_item.done"],
        CALL_EVENTS[-1:],
        [*CALL_EVENTS, CALL_EVENTS[-1]],
        [],
    ],
    ids=[
        "deltas and done",
        "done only",
        "item done only",
        "no item done",
        "deltas only",
        "arguments done only",
        "no item added",
        "item done twice",
        "end only",
    ],
)
def test_gotcha_21_to_23_arguments_come_once_by_whatever_event(events):
    found = parsed(*START, *events, end("completed", ZURICH))
    assert found == [ToolCall("call_5", "weather", '{"city": "Zürich"}'), Finish("tool_calls", COUNTED)]


@pytest.mark.parametrize("arguments", ["", " "])
def test_gotcha_22_and_23_empty_arguments(arguments):
    item = call(1, "now", arguments)
    assert parsed(*calling(0, item), end("completed", item))[0] == ToolCall("call_1", "now", "{}")


@pytest.mark.parametrize("key", ["output_index", "item_id"])
def test_gotcha_20_calls_side_by_side_by_position_or_by_id(key):
    pairs = zip_longest(calling(0, ZURICH), calling(1, OSLO))
    side_by_side = [event for pair in pairs for event in pair if event]
    drop = {"output_index", "item_id"} - {key}
    events = [{name: value for name, value in event.items() if name not in drop} for event in side_by_side]
    found = parsed(*events, end("completed"))
    assert {(event.id, event.arguments) for event in found[:-1]} == {
        ("call_5", '{"city": "Zürich"}'),
        ("call_6", '{"city":"Oslo"}'),
    }
    assert len(found) == 3


def test_a_call_that_the_limit_cut_is_not_a_call():
    limit = {"reason": "max_output_tokens"}
    cut = call(1, "weather", '{"ci', status="incomplete")
    events = [*calling(0, OSLO), *calling(1, cut)]
    for seen in (events, events[:-1]):
        found = parsed(*START, *seen, end("incomplete", OSLO, cut, incomplete_details=limit))
        assert found == [ToolCall("call_6", "weather", '{"city":"Oslo"}'), Finish("length", COUNTED)]


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": "max_messages"}, "unknown"),
        ({"reason": None}, "unknown"),
        (None, "unknown"),
    ],
)
def test_reasons_for_an_incomplete_answer(details, reason):
    found = parsed(*START, *speaking(0, HELLO), end("incomplete", HELLO, incomplete_details=details))
    assert found[-1] == Finish(reason, COUNTED)
    whole = json.dumps(response("incomplete", HELLO, incomplete_details=details)).encode()
    assert list(PROVIDERS["openai"].parse([whole]))[-1] == Finish(reason, COUNTED)


def test_gotcha_43_a_budget_spent_on_reasoning():
    limit = {"reason": "max_output_tokens"}
    assert parsed(*START, end("incomplete", incomplete_details=limit)) == [Finish("length", COUNTED)]


def test_gotcha_11_the_terminator_is_the_last_event_and_not_done():
    assert parsed(*ANSWERS["saying hello"])[-1].reason == "stop"
    for missing in (b"", b"data: [DONE]\n\n"):
        cut = stream(*ANSWERS["saying hello"][:-1]) + missing
        with pytest.raises(Truncated):
            list(PROVIDERS["openai"].parse([cut]))


@pytest.mark.parametrize("status", ["in_progress", "queued", "cancelled"])
def test_a_response_that_is_not_over_is_truncated(status):
    with pytest.raises(Truncated):
        list(PROVIDERS["openai"].parse([json.dumps(response(status, HELLO)).encode()]))


def test_nothing_is_read_after_the_end():
    assert parsed(*ANSWERS["saying hello"], *ANSWERS["saying hello"]) == parsed(*ANSWERS["saying hello"])


def test_gotcha_6_to_8_keep_alives_and_unknown_events():
    keep_alive = b': ping\n\nevent: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\ndata: : ping\n\n'
    news = {"type": "response.news.delta", "delta": "x", "output_index": 0}
    start, rest = stream(*START), stream(news, *speaking(0, HELLO), end("completed", HELLO))
    assert list(PROVIDERS["openai"].parse([start + keep_alive + rest])) == parsed(*ANSWERS["saying hello"])


@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": None}, "many", [1]])
def test_gotcha_19_usage_that_never_comes_is_none(usage):
    assert parsed(*START, *speaking(0, HELLO), end("completed", HELLO, usage=usage))[-1] == Finish("stop")


ERRORS = [
    ({"code": "server_error", "message": "x"}, Overloaded),
    ({"code": "rate_limit_exceeded", "message": "Please try again in 1.5s."}, RateLimited),
    ({"code": "invalid_prompt", "message": "Invalid prompt: against our usage policy"}, ContentFiltered),
    ({"code": "invalid_prompt", "message": "x"}, BadRequest),
    ({"code": "image_content_policy_violation", "message": "x"}, ContentFiltered),
    ({"code": "context_length_exceeded", "message": "x"}, ContextTooLong),
    ({"code": "image_parse_error", "message": "x"}, ProviderError),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS, ids=repr)
def test_gotcha_33_a_response_that_failed_and_an_event_that_is_an_error(error, kind):
    flat = {"type": "error", "param": None} | error
    nested = {"type": "error", "error": {"type": "x"} | error}
    for last in (end("failed", error=error), flat, nested):
        for documents in ([*START, *speaking(0, HELLO), last], [last]):
            with pytest.raises(kind) as caught:
                parsed(*documents)
            assert type(caught.value) is kind
    with pytest.raises(kind):
        list(PROVIDERS["openai"].parse([json.dumps(response("failed", error=error)).encode()]))


def test_a_response_that_failed_without_saying_why():
    with pytest.raises(ProviderError):
        parsed(*START, end("failed"))


def test_a_limit_in_the_middle_of_an_answer_says_how_long_to_wait():
    with pytest.raises(RateLimited) as caught:
        parsed(*START, end("failed", error=ERRORS[1][0]))
    assert caught.value.retry_after == 1.5


def test_what_real_servers_said():
    vllm = list(PROVIDERS["openai"].parse([body_of("vllm-0.32/responses_stream")]))
    assert folded(vllm).text == "1. Bananas\n2. Oranges\n3. Grapes"
    assert len(vllm) == 15
    assert vllm[-1] == Finish("stop", Usage(input_tokens=34, output_tokens=15))
    whole = list(PROVIDERS["openai"].parse([body_of("vllm-0.32/responses")]))
    assert whole == [TextDelta("1. Bananas\n2. Oranges\n3. Grapes"), vllm[-1]]
    llama = list(PROVIDERS["openai"].parse([body_of("llamacpp-b11549/responses_stream")]))
    assert folded(llama).text == "1. Apples\n2. Grapes\n3. Oranges"
    assert llama[-1] == Finish("stop", Usage(input_tokens=13, output_tokens=14, cached_tokens=12))


# Over a socket


def client_of(server, model="gpt-6.2-sol"):
    transport = Transport(llm.AddressPolicy.granting([server.url]))
    config = ModelConfig(provider="openai", model=model, base_url=f"{server.url}/v1", api_key=Secret("sk-0123456789"))
    return UnifiedLLMClient(config, transport=transport, retry=NO_RETRY)


def test_two_rounds_with_a_tool_over_a_socket(serve):
    answers = [stream(*ANSWERS["thinking, calling two tools"]), stream(*ANSWERS["saying hello"])]

    def script(peer):
        while peer.read_request():
            peer.send(answer(answers.pop(0), kind=b"text/event-stream"))

    server = serve(script)
    client, question = client_of(server), user("Weather?")
    first = client.chat([question], tools=[TOOL], reasoning_effort="high")
    results = Message("tool", tuple(ToolResult(each.id, each.name, "rain") for each in first.tool_calls))
    second = client.chat([question, first.message, results], tools=[TOOL], reasoning_effort="high")
    assert (first.finish, second.finish, second.text) == ("tool_calls", "stop", "Grüezi 👋 there")
    heads = [request.partition(b"\r\n")[0] for request in server.requests]
    assert heads == [b"POST /v1/responses HTTP/1.1"] * 2
    sent = json.loads(server.requests[1].partition(b"\r\n\r\n")[2])
    assert [item.get("type") for item in sent["input"]] == [
        None,
        *["reasoning", "function_call"] * 2,
        *["function_call_output"] * 2,
    ]
    assert sent["input"][1] == FIRST


def test_a_connection_that_ends_in_the_middle_is_a_truncated_answer(serve):
    def script(peer):
        peer.read_request()
        peer.send(CLOSE_DELIMITED, stream(*ANSWERS["saying hello"][:-1]))

    events = client_of(serve(script)).stream([user("Hi")], tools=[TOOL])
    assert next(events) == TextDelta("Grüezi ")
    with pytest.raises(Truncated):
        list(events)


def test_chat_completions_are_still_understood_where_responses_were_asked_for():
    body = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    assert list(PROVIDERS["openai"].parse([json.dumps(body).encode()])) == [TextDelta("hi"), Finish("stop")]

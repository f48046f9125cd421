"""Blocks of a Messages answer come out in the order in which the model wrote them, calls among them."""

import json

import pytest

from llm.providers import PROVIDERS
from llm.reply import ReplyBuilder
from llm.types import ChatRequest, Finish, ModelConfig, ReasoningDelta, TextDelta, ToolCall, user

anthropic = PROVIDERS["anthropic"]
THOUGHT = {"type": "thinking", "thinking": "First.", "signature": "c2ln"}
AGAIN = {"type": "thinking", "thinking": "Then.", "signature": "bmV3"}
ONE = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
TWO = {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {"b": 2}}
CUT = '{"b": '


def streamed(block, index, written=None):
    """A block as a stream sends it: empty, its parts, its end. `written` is what a call says instead of its input."""
    match block:
        case {"type": "thinking", "thinking": text, "signature": signature}:
            empty = {"type": "thinking", "thinking": "", "signature": ""}
            said = {"type": "thinking_delta", "thinking": text}, {"type": "signature_delta", "signature": signature}
        case {"type": "tool_use", "input": given}:
            text = json.dumps(given) if written is None else written
            empty = block | {"input": {}}
            said = tuple({"type": "input_json_delta", "partial_json": piece} for piece in (text[:3], text[3:]))
        case {"type": "text", "text": text}:
            empty, said = {"type": "text", "text": ""}, ({"type": "text_delta", "text": text},)
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield from ({"type": "content_block_delta", "index": index, "delta": delta} for delta in said)
    yield {"type": "content_block_stop", "index": index}


def stream(*blocks, reason="tool_use", written=None):
    events = [event for index, block in enumerate(blocks) for event in streamed(block, index, written)]
    return [*events, {"type": "message_delta", "delta": {"stop_reason": reason}}, {"type": "message_stop"}]


def lines(events):
    return (f"data: {json.dumps(event)}\n\n".encode() for event in events)


def whole(*blocks, reason="tool_use"):
    return [json.dumps({"type": "message", "content": blocks, "stop_reason": reason}).encode()]


BLOCKS = (THOUGHT, ONE, AGAIN, TWO)


@pytest.mark.parametrize("answer", [lines(stream(*BLOCKS)), whole(*BLOCKS)], ids=["streamed", "whole"])
def test_thoughts_between_calls_go_back_in_their_place(answer):
    builder = ReplyBuilder()
    for event in anthropic.parse(answer):
        builder.add(event)
    config = ModelConfig(provider="anthropic", model="claude-opus-4-8")
    body = anthropic.build(config, ChatRequest(messages=(user("Hi"), builder.reply().message))).body
    assert json.loads(body)["messages"][1]["content"] == list(BLOCKS)


def test_a_call_is_told_when_its_block_ends():
    told = anthropic.parse(lines(stream(THOUGHT, ONE)[:-2]))
    assert [next(told) for _ in range(3)][2] == ToolCall("toolu_1", "f", '{"a": 1}')


def test_the_last_call_is_dropped_where_the_limit_cut_it():
    events = list(anthropic.parse(lines(stream(THOUGHT, TWO, reason="max_tokens", written=CUT))))
    assert events == [ReasoningDelta("First."), ReasoningDelta("", "c2ln"), Finish("length")]


def test_calls_that_came_whole_before_the_limit_are_kept():
    events = [*stream(ONE, reason="max_tokens")[:-2], *streamed(TWO, 1, CUT), *stream(reason="max_tokens")]
    assert list(anthropic.parse(lines(events))) == [ToolCall("toolu_1", "f", '{"a": 1}'), Finish("length")]


def test_a_call_that_is_no_json_was_not_cut_if_something_follows():
    events = [*streamed(TWO, 0, CUT), *streamed({"type": "text", "text": "So."}, 1), *stream(reason="max_tokens")]
    assert list(anthropic.parse(lines(events))) == [
        ToolCall("toolu_2", "g", CUT.strip()),
        TextDelta("So."),
        Finish("length"),
    ]


def test_a_call_that_is_no_json_is_kept_where_the_model_stopped_by_itself():
    events = list(anthropic.parse(lines(stream(TWO, reason="tool_use", written=CUT))))
    assert events == [ToolCall("toolu_2", "g", CUT.strip()), Finish("tool_calls")]


def test_a_call_is_told_once_however_often_its_block_ends():
    end = {"type": "content_block_stop", "index": 0}
    events = list(anthropic.parse(lines([*streamed(ONE, 0), end, end, *stream()])))
    assert events == [ToolCall("toolu_1", "f", '{"a": 1}'), Finish("tool_calls")]


def test_blocks_that_never_end_are_told_at_the_end():
    events = [event for event in stream(ONE, TWO, reason="end_turn") if event["type"] != "content_block_stop"]
    told = list(anthropic.parse(lines(events)))
    assert told == [ToolCall("toolu_1", "f", '{"a": 1}'), ToolCall("toolu_2", "g", '{"b": 2}'), Finish("tool_calls")]

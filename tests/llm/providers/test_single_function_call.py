"""`function_call`, which chat completions had before `tool_calls`: servers that still send it make one call of it."""

import json

import pytest

from llm.providers import PROVIDERS
from llm.types import Finish, TextDelta, ToolCall

CALL = ToolCall("call_0", "f", '{"a": 1}')


def parsed(*deltas, field="delta", reason="function_call"):
    documents = [{"choices": [{field: delta}]} for delta in deltas] + [{"choices": [{"finish_reason": reason}]}]
    body = b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)
    return list(PROVIDERS["openai_compatible"].parse([body]))


@pytest.mark.parametrize("reason", ["function_call", "stop"])
def test_fragments_of_a_stream_make_one_call(reason):
    pieces = [{"name": "f", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ": 1}"}]
    deltas = [{"content": None, "function_call": piece} for piece in pieces]
    assert parsed(*deltas, reason=reason) == [CALL, Finish("tool_calls")]


def test_an_answer_that_was_not_streamed_holds_it_whole():
    message = {"content": None, "function_call": {"name": "f", "arguments": '{"a": 1}'}}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "function_call"}]}).encode()
    assert list(PROVIDERS["vllm"].parse([body])) == [CALL, Finish("tool_calls")]


@pytest.mark.parametrize("nothing", [None, {}, {"name": "", "arguments": ""}, {"name": None, "arguments": None}, "f"])
def test_an_empty_one_is_no_call(nothing):
    delta = {"content": "Hi", "function_call": nothing}
    assert parsed(delta, reason="stop") == [TextDelta("Hi"), Finish("stop")]


def test_a_server_that_sends_both_forms_made_one_call():
    function = {"name": "f", "arguments": '{"a": 1}'}
    delta = {"tool_calls": [{"index": 0, "id": "c", "function": function}], "function_call": function}
    assert parsed(delta, reason="tool_calls") == [ToolCall("c", "f", '{"a": 1}'), Finish("tool_calls")]


def test_a_call_that_the_limit_cut_is_dropped():
    assert parsed({"function_call": {"name": "f", "arguments": '{"a'}}, reason="length") == [Finish("length")]

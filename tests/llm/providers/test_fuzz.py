"""Recorded answers, damaged in every way that hypothesis thinks of: events or an `LLMError`, never anything else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.errors import LLMError
from llm.providers import PROVIDERS
from llm.types import Finish, ReasoningDelta, TextDelta, ToolCall
from tests.llm.recorded import ANSWERS, EVERYTHING

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def check(provider, chunks):
    """Only an `LLMError` may escape; whatever is said is text, and the end comes last and once."""
    events = []
    try:
        for event in provider.parse(chunks):
            events.append(event)  # noqa: PERF402
    except LLMError:
        assert not any(isinstance(event, Finish) for event in events)
    else:
        assert [event for event in events if isinstance(event, Finish)] == events[-1:]
    for event in events:
        match event:
            case TextDelta(text):
                assert isinstance(text, str)
            case ReasoningDelta(text, opaque):
                assert isinstance(text, str)
                assert isinstance(opaque, str)
            case ToolCall(call_id, name, arguments):
                assert {type(call_id), type(name), type(arguments)} == {str}
            case Finish(reason, usage):
                assert isinstance(reason, str)
                assert usage is None or all(0 <= count < 2**31 for count in counts(usage))


def counts(usage):
    return usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens


@pytest.mark.parametrize("name", ["vllm", "anthropic", "ollama"])
@given(data=st.data())
@settings(max_examples=500, deadline=None)
def test_bytes_changed_removed_and_doubled(name, data):
    bodies = [b"\n".join(STREAMED[name]), *(answer.body for answer in ANSWERS)]
    body = bytearray(data.draw(st.sampled_from(bodies)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(body) - 1))
        end = at + data.draw(st.integers(0, 40))
        body[at:end] = data.draw(st.binary(max_size=6) | st.just(bytes(body[at:end] * 2)))
    check(PROVIDERS[name], [bytes(body)])


@pytest.mark.parametrize("name", ["vllm", "anthropic", "ollama"])
@given(data=st.data())
@settings(max_examples=500, deadline=None)
def test_values_replaced_by_anything(name, data):
    """The JSON stays sound and its shape does not."""
    frame = b"%s\n" if name == "ollama" else b"data: %s\n\n"
    documents = [json.loads(line.removeprefix(b"data: ")) for line in STREAMED[name]]
    for _ in range(data.draw(st.integers(1, 5))):
        replace_somewhere(data, data.draw(st.sampled_from(documents)))
    check(PROVIDERS[name], [frame % json.dumps(document).encode() for document in documents])


def replace_somewhere(data, value):
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    if not keys:
        return
    key = data.draw(st.sampled_from(keys))
    if isinstance(value[key], dict | list) and value[key] and data.draw(st.booleans()):
        replace_somewhere(data, value[key])
    else:
        value[key] = data.draw(ANYTHING)


TOOL_STREAM = b"""data: {"choices":[{"index":0,"delta":{"content":"<think>a</think>"},"finish_reason":null}]}
data: {"choices":[{"index":0,"delta":{"reasoning":"so","tool_calls":[{"index":0,"id":"a","function":\
{"name":"f","arguments":"{"}}]},"finish_reason":null}]}
data: {"choices":[{"index":0,"delta":{"refusal":"no","reasoning_details":[{"text":"x"}],"content":[{"type":"text",\
"text":"y"}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,\
"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":1}}}"""
THINKING_STREAM = b"""data: {"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":1}}}
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9,"output_tokens_details":{}}}
data: {"type":"message_stop"}"""
NATIVE_STREAM = b"""{"model":"m","message":{"role":"assistant","content":"<think>a","thinking":"hm"},"done":false}
{"model":"m","message":{"role":"assistant","content":"</think>","tool_calls":[{"id":"a","function":{"index":0,"name":"f",\
"arguments":{"a":1}}}]},"done":false}
{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":2,\
"eval_count":3}"""
STREAMED = {
    "vllm": TOOL_STREAM.splitlines(),
    "anthropic": THINKING_STREAM.splitlines(),
    "ollama": NATIVE_STREAM.splitlines(),
}


@pytest.mark.parametrize("name", PROVIDERS)
@given(
    status=st.integers(300, 599), document=ANYTHING, key=st.sampled_from(["error", "detail", "message", "errors", "x"])
)
@settings(max_examples=300, deadline=None)
def test_refusals_with_any_body(name, status, document, key):
    for body in (document, {key: document}, {key: {"message": document, "code": document, "details": document}}):
        error = PROVIDERS[name].error(status, {}, json.dumps(body).encode())
        assert isinstance(error, LLMError)
        assert error.message.isprintable()


@pytest.mark.parametrize("name", PROVIDERS)
@given(body=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_refusals_with_any_bytes(name, body):
    assert PROVIDERS[name].error(400, {}, body).message.isprintable()


def test_there_is_something_to_damage():
    assert len(ANSWERS) > 8
    assert len(EVERYTHING) > len(ANSWERS)

"""An answer means the same however the network cuts it: at every byte, and one byte at a time."""

import json

import pytest

from llm.errors import LLMError
from llm.providers import PROVIDERS
from llm.testing.formats import FORMATS
from llm.testing.script import read_script
from tests.llm.providers.responses_wire import ANSWERS as RESPONSES
from tests.llm.providers.responses_wire import stream
from tests.llm.recorded import ANSWERS

SCRIPTS = [
    "hello",
    "[[utf8split]]",
    "[[reason]] hello",
    '[[tool=first]] [[tool=second {"city": "Zürich 🌍"}]]',
    "[[tokens=3 no_usage]]",
]
# Bytes at whose every place a body is also cut in two and no more.
SHORT = 600
WIRES = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic"}


def outcome(provider, chunks):
    """The events, and the error that came after them."""
    events = []
    try:
        for event in provider.parse(chunks):
            events.append(event)  # noqa: PERF402  those before an error count too
    except LLMError as error:
        return events, (type(error), error.message)
    return events, None


def in_pieces(body, length, first):
    return [body[:first], *(body[at : at + length] for at in range(first, len(body), length))]


def assert_same_at_every_cut(provider, body):
    """Pieces of 32 bytes, begun at each of 32 places, cut a long body at every byte in linear time."""
    whole = outcome(provider, [body])
    for first in range(32):
        assert outcome(provider, in_pieces(body, 32, first)) == whole, f"pieces of 32 from {first}"
    assert outcome(provider, in_pieces(body, 1, 0)) == whole
    for cut in range(1, min(len(body), SHORT)):
        assert outcome(provider, [body[:cut], body[cut:]]) == whole, f"cut at {cut}"
    return whole


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_gotcha_2_and_3_recorded_answers(answer):
    events, error = assert_same_at_every_cut(answer.provider, answer.body)
    assert events
    assert error is None


@pytest.mark.parametrize("answer", RESPONSES)
def test_answers_of_responses(answer):
    events, error = assert_same_at_every_cut(PROVIDERS["openai"], stream(*RESPONSES[answer]))
    assert events
    assert error is None


@pytest.mark.parametrize("answer", RESPONSES)
def test_the_streamed_and_the_whole_response_say_the_same(answer):
    whole = json.dumps(RESPONSES[answer][-1]["response"]).encode()
    streamed = list(PROVIDERS["openai"].parse([stream(*RESPONSES[answer])]))
    assert folded(streamed) == folded(list(PROVIDERS["openai"].parse([whole])))


@pytest.mark.parametrize("path", WIRES)
@pytest.mark.parametrize("prompt", SCRIPTS)
@pytest.mark.parametrize("ending", ["", "\r\n"])
def test_gotcha_2_3_and_4_scripted_answers(path, prompt, ending):
    wire, script = FORMATS[path], read_script(prompt, [])
    request = {"model": "m", "messages": [], "stream_options": {"include_usage": True}}
    body = b"".join(frame.data for frame in wire.frames(script, request, script.tokens, cut=False))
    body = body.replace(b"\n", b"\r\n") if ending else body
    events, error = assert_same_at_every_cut(PROVIDERS[WIRES[path]], body)
    assert events
    assert error is None


@pytest.mark.parametrize("path", WIRES)
def test_an_error_in_the_stream(path):
    wire, script = FORMATS[path], read_script("[[tokens=2]]", [])
    frames = list(wire.frames(script, {"model": "m", "messages": []}, script.tokens, cut=False))
    tokens = [frame.data for frame in frames if frame.token]
    events, error = assert_same_at_every_cut(PROVIDERS[WIRES[path]], b"".join(tokens) + wire.error_frame())
    assert [event.text for event in events] == ["w0 ", "w1"]
    assert error is not None


@pytest.mark.parametrize("path", WIRES)
@pytest.mark.parametrize("prompt", SCRIPTS)
def test_the_streamed_and_the_whole_answer_say_the_same(path, prompt):
    wire, script, provider = FORMATS[path], read_script(prompt, []), PROVIDERS[WIRES[path]]
    request = {"model": "m", "messages": [], "stream_options": {"include_usage": True}}
    streamed = list(provider.parse(frame.data for frame in wire.frames(script, request, script.tokens, cut=False)))
    body = json.dumps(wire.whole(script, request, script.tokens, cut=False)).encode()
    whole = list(provider.parse([body]))
    assert folded(streamed) == folded(whole)


def folded(events):
    texts = {}
    for event in events[:-1]:
        if hasattr(event, "text"):
            texts[type(event)] = texts.get(type(event), "") + event.text
    calls = [event for event in events if type(event).__name__ == "ToolCall"]
    finish = events[-1]
    return texts, calls, finish

"""An answer means the same however the network cuts it: at every byte, and one byte at a time."""

import json

import pytest

from llm.errors import LLMError, Truncated
from llm.providers import PROVIDERS
from llm.testing.formats import FORMATS, paths
from tests.llm.providers.responses_wire import ANSWERS as RESPONSES
from tests.llm.providers.responses_wire import stream
from tests.llm.recorded import ANSWERS
from tests.llm.scripted import PROMPTS, frames, streamed, whole

# Bytes at whose every place a body is also cut in two and no more.
SHORT = 600
WIRES = {
    paths.CHAT_COMPLETIONS[0]: "openai",
    paths.RESPONSES[0]: "openai",
    paths.MESSAGES[0]: "anthropic",
    paths.NDJSON_CHAT[0]: "ollama",
}


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
    assert (error and error[0]) is (Truncated if answer.is_cut else None)


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
@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("ending", ["", "\r\n"])
def test_gotcha_2_3_and_4_scripted_answers(path, prompt, ending):
    body = streamed(FORMATS[path], prompt)
    body = body.replace(b"\n", b"\r\n") if ending else body
    events, error = assert_same_at_every_cut(PROVIDERS[WIRES[path]], body)
    assert events
    assert error is None


@pytest.mark.parametrize("path", WIRES)
def test_an_error_in_the_stream(path):
    wire = FORMATS[path]
    said = b"".join(frame.data for frame in frames(wire, "[[tokens=2]]") if frame.token)
    events, error = assert_same_at_every_cut(PROVIDERS[WIRES[path]], said + wire.error_frame())
    assert [event.text for event in events] == ["w0 ", "w1"]
    assert error is not None


@pytest.mark.parametrize("path", WIRES)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_streamed_and_the_whole_answer_say_the_same(path, prompt):
    wire, provider = FORMATS[path], PROVIDERS[WIRES[path]]
    assert folded(list(provider.parse([streamed(wire, prompt)]))) == folded(list(provider.parse([whole(wire, prompt)])))


def folded(events):
    texts = {}
    for event in events[:-1]:
        if hasattr(event, "text"):
            texts[type(event)] = texts.get(type(event), "") + event.text
    calls = [event for event in events if type(event).__name__ == "ToolCall"]
    finish = events[-1]
    return texts, calls, finish

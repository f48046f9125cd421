"""Reading an answer of Ollama's native API: lines of JSON, or the only line of an answer that was not streamed."""

import json
from collections.abc import Iterable, Iterator, Mapping

from llm.errors import Truncated
from llm.framing import beginning_of_answer, json_lines, json_objects
from llm.providers._errors import error_in_stream
from llm.providers._inline_thinking import InlineThinking
from llm.providers._reading import dicts_in, text_of, tokens
from llm.providers._tool_calls import CallRoom, last_events
from llm.types import JSON, Event, FinishReason, ReasoningDelta, ToolCall, Usage

# "load" and "unload" answer a request without messages.
_DONE_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "load": "stop", "unload": "stop"}
_COUNTS = ("prompt_eval_count", "eval_count")


def parse(chunks: Iterable[bytes]) -> Iterator[Event]:
    _, chunks = beginning_of_answer(chunks)
    answer = NativeAnswer()
    for line in json_objects(json_lines(chunks)):
        yield from answer.read(line)
        if line.get("done") is True:
            yield from answer.finish(line)
            return
    yield from answer.break_off()


class NativeAnswer:
    """What is known so far about one answer. Its last line says `done`; nothing else is an end."""

    def __init__(self) -> None:
        self._thinking = InlineThinking()
        self._calls: dict[str, ToolCall] = {}
        self._room = CallRoom()

    def read(self, line: Mapping[str, JSON]) -> Iterator[Event]:
        if error := error_in_stream(line):
            raise error
        # Old servers leave the message out of the last line.
        message = line.get("message")
        if isinstance(message, dict):
            yield from self._message(message)

    def finish(self, line: Mapping[str, JSON]) -> Iterator[Event]:
        yield from self._thinking.end()
        reason = _DONE_REASONS.get(str(line.get("done_reason")), "unknown")
        yield from last_events(self._calls.values(), reason, _usage_in(line))

    def break_off(self) -> Iterator[Event]:
        yield from self._thinking.end()
        raise Truncated

    def _message(self, message: Mapping[str, JSON]) -> Iterator[Event]:
        if isinstance(thought := message.get("thinking"), str) and thought:
            yield ReasoningDelta(thought)
        if isinstance(text := message.get("content"), str) and text:
            yield from self._thinking.feed(text)
        for call in dicts_in(message.get("tool_calls")):
            if isinstance(function := call.get("function"), dict):
                self._add(text_of(call.get("id")), function)

    def _add(self, call_id: str, function: Mapping[str, JSON]) -> None:
        """Calls come whole. Their `index` counts within one line only, and servers up to late 2025 send no id."""
        if not call_id or call_id in self._calls:
            call_id = self._unused_id()
        arguments = _arguments_in(function.get("arguments"))
        self._room.enter()
        self._room.hold(call_id + arguments)
        self._calls[call_id] = ToolCall(call_id, text_of(function.get("name")), arguments)

    def _unused_id(self) -> str:
        number = len(self._calls)
        while (call_id := f"call_{number}") in self._calls:
            number += 1
        return call_id


def _arguments_in(value: JSON) -> str:
    """The text of arguments, which this format sends as an object."""
    if isinstance(value, str):
        return value.strip() or "{}"
    return "{}" if value is None else json.dumps(value, ensure_ascii=False)


def _usage_in(line: Mapping[str, JSON]) -> Usage | None:
    """A count is left out when it is 0, and by some servers when the prompt was cached: then nobody knows it."""
    known = [count for count in _COUNTS if line.get(count) is not None]
    asked, answered = (tokens(line, count) for count in _COUNTS)
    is_partial = len(known) < len(_COUNTS)
    return Usage(input_tokens=asked, output_tokens=answered, estimated=is_partial) if known else None

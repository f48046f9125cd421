"""Reading an answer of the Messages API: events of a stream, or the one message of an answer that was not streamed."""

from collections.abc import Iterable, Iterator, Mapping

from llm.errors import Truncated
from llm.providers._anthropic_messages import REDACTED
from llm.providers._documents import Documents
from llm.providers._errors import error_in_stream, telling_usage
from llm.providers._reading import dicts_in, text_of, tokens
from llm.providers._tool_calls import ToolCallAssembly, whole
from llm.types import JSON, Event, Finish, FinishReason, JSONObject, ReasoningDelta, TextDelta, ToolCall, Usage

_STOP_REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "compaction": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}

_COUNTED = (
    *("input_tokens", "output_tokens", "output_tokens_details"),
    *("cache_read_input_tokens", "cache_creation_input_tokens"),
)


def parse(chunks: Iterable[bytes]) -> Iterator[Event]:
    documents, answer = Documents(chunks), MessageAnswer()
    read = answer.read_message if documents.is_whole else answer.read
    with telling_usage(answer.usage):
        for document in documents:
            yield from read(document)
            if answer.ended:
                break
        yield from answer.finish()


class MessageAnswer:
    """What is known so far about one answer. Events, blocks and deltas of unknown types are skipped: new ones come
    without a new version."""

    def __init__(self) -> None:
        self.ended = False
        self._tools = ToolCallAssembly()
        self._begun_whole: set[int] = set()
        self._has_called = False
        self._held: list[ToolCall] = []
        self._reason: FinishReason | None = None
        self._counts: JSONObject = {}

    def read(self, document: Mapping[str, JSON]) -> Iterator[Event]:
        if error := error_in_stream(document):
            raise error
        match document:
            case {"type": "message_start", "message": dict(message)}:
                self._count(message.get("usage"))
            case {"type": "content_block_start", "index": int(index), "content_block": dict(block)}:
                yield from self._block(index, block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                yield from self._delta(index, delta)
            case {"type": "content_block_stop", "index": int(index)}:
                yield from self._ended(index)
            case {"type": "message_delta", "delta": dict(delta)}:
                self._count(document.get("usage"))
                self._stop(delta.get("stop_reason"))
            case {"type": "message_stop"}:
                self.ended = True

    def read_message(self, message: Mapping[str, JSON]) -> Iterator[Event]:
        if error := error_in_stream(message):
            raise error
        for index, block in enumerate(dicts_in(message.get("content"))):
            yield from self._block(index, block)
            yield from self._ended(index)
        self._count(message.get("usage"))
        self._stop(message.get("stop_reason"))

    def finish(self) -> Iterator[Event]:
        if self._reason is None and not self.ended:
            raise Truncated
        reason = self._reason or "unknown"
        calls = (*self._held, *self._tools.calls())
        yield from self._said(call for call in calls if reason != "length" or whole(call))
        yield Finish("tool_calls" if self._has_called and reason in ("stop", "unknown") else reason, self.usage())

    def _block(self, index: int, block: Mapping[str, JSON]) -> Iterator[Event]:
        """A block begins empty in a stream, and whole in an answer that was not streamed."""
        yield from self._said(self._held)
        self._held = []
        match block:
            case {"type": "text", "text": str(text)} if text:
                yield TextDelta(text)
            case {"type": "thinking", "thinking": str(text)}:
                yield from _thought(text, text_of(block.get("signature")))
            case {"type": "redacted_thinking", "data": str(data)}:
                yield ReasoningDelta("", REDACTED + data)
            case {"type": "tool_use"}:
                function = {"name": block.get("name"), "arguments": block.get("input") or ""}
                self._tools.add([{"index": index, "id": block.get("id"), "function": function}])
                self._begun_whole.add(index)

    def _delta(self, index: int, delta: Mapping[str, JSON]) -> Iterator[Event]:
        match delta:
            case {"type": "text_delta", "text": str(text)} if text:
                yield TextDelta(text)
            case {"type": "thinking_delta", "thinking": str(text)}:
                yield from _thought(text, "")
            case {"type": "signature_delta", "signature": str(signature)}:
                yield from _thought("", signature)
            case {"type": "input_json_delta", "partial_json": str(fragment)} if fragment:
                # What the deltas say replaces what stood at the start of the block.
                if index in self._begun_whole:
                    self._begun_whole.remove(index)
                    self._tools.restart(index)
                self._tools.add([{"index": index, "function": {"arguments": fragment}}])

    def _ended(self, index: int) -> Iterator[Event]:
        """A call goes out in its place: signed thoughts between calls are refused anywhere else. Without whole
        arguments it is held until a block follows, because the last one may have been cut by the limit."""
        for call in self._tools.take(index):
            if whole(call):
                yield from self._said([call])
            else:
                self._held.append(call)

    def _said(self, calls: Iterable[ToolCall]) -> Iterator[Event]:
        for call in calls:
            self._has_called = True
            yield call

    def _stop(self, reason: JSON) -> None:
        if isinstance(reason, str):
            self._reason = _STOP_REASONS.get(reason, "unknown")

    def _count(self, usage: JSON) -> None:
        """Counts are totals so far: the later one replaces the earlier one, and an absent one leaves it."""
        if isinstance(usage, dict):
            self._counts |= {name: usage[name] for name in _COUNTED if usage.get(name) is not None}

    def usage(self) -> Usage | None:
        """`input_tokens` on the wire leaves out what was read from or written to the cache."""
        counts = self._counts
        if "output_tokens" not in counts:
            return None
        cached = tokens(counts, "cache_read_input_tokens")
        return Usage(
            input_tokens=tokens(counts, "input_tokens") + tokens(counts, "cache_creation_input_tokens") + cached,
            output_tokens=tokens(counts, "output_tokens"),
            cached_tokens=cached,
            reasoning_tokens=tokens(counts.get("output_tokens_details"), "thinking_tokens"),
        )


def _thought(text: str, opaque: str) -> Iterator[Event]:
    if text or opaque:
        yield ReasoningDelta(text, opaque)

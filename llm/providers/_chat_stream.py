"""Reading a chat completions answer: documents of a stream, or the one document of an answer that was not streamed."""

from collections.abc import Iterable, Iterator, Mapping

from llm.errors import NotAnAPI, TimedOut, Truncated
from llm.providers._documents import Documents
from llm.providers._errors import error_in_stream, telling_usage
from llm.providers._inline_thinking import InlineThinking
from llm.providers._reading import tokens
from llm.providers._tool_calls import ToolCallAssembly, last_events
from llm.types import JSON, Event, FinishReason, ReasoningDelta, TextDelta, Usage

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "refusal",
}
# vLLM ends a request with these when its engine failed or was told to drop it.
_FAILED = frozenset({"error", "abort"})
_REASONING_FIELDS = ("reasoning", "reasoning_content", "thinking")


def parse(chunks: Iterable[bytes], *, thinking: InlineThinking | None = None) -> Iterator[Event]:
    return events_of(Documents(chunks), thinking=thinking)


def events_of(documents: Documents, *, thinking: InlineThinking | None = None) -> Iterator[Event]:
    answer, document = ChatAnswer(thinking), dict[str, JSON]()
    with telling_usage(answer.usage):
        try:
            for document in documents:
                yield from answer.read(document)
        except TimedOut:
            # Some servers end neither stream nor connection; after a finish reason only token counts can be missing.
            if not answer.has_reason:
                raise
        if documents.is_whole and "choices" not in document:
            raise NotAnAPI  # `{"status": "ok"}` is somebody's answer, but no model's
        answer.ended = documents.is_done
        yield from answer.finish()


class ChatAnswer:
    """What is known so far about one answer. Fields may be missing, null or repeated: the last usable value counts.

    With `thinking`, reasoning in the text is told apart from it.
    """

    def __init__(self, thinking: InlineThinking | None = None) -> None:
        self.ended = False
        self._thinking = thinking
        self._tools = ToolCallAssembly()
        self._reason: FinishReason | None = None
        self._refused = False
        self._usage: Usage | None = None

    def read(self, document: Mapping[str, JSON]) -> Iterator[Event]:
        if error := error_in_stream(document):
            raise error
        self._usage = _usage_in(document) or self._usage
        choices = document.get("choices")
        for choice in choices if isinstance(choices, list) else []:
            # With `n` above 1 the answers are interleaved; only the first is shown.
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                yield from self._choice(choice)

    @property
    def has_reason(self) -> bool:
        return self._reason is not None

    def usage(self) -> Usage | None:
        return self._usage

    def finish(self) -> Iterator[Event]:
        if self._thinking:
            yield from self._thinking.end()
        if self._reason is None and not self.ended:
            raise Truncated
        reason = "refusal" if self._refused else self._reason or "unknown"
        yield from last_events(self._tools.calls(), reason, self._usage)

    def _choice(self, choice: Mapping[str, JSON]) -> Iterator[Event]:
        delta = choice.get("delta") or choice.get("message")
        if isinstance(delta, dict):
            yield from self._delta(delta)
        if isinstance(name := choice.get("finish_reason"), str) and name:
            if name in _FAILED:
                raise Truncated
            self._reason = _FINISH_REASONS.get(name, "unknown")

    def _delta(self, delta: Mapping[str, JSON]) -> Iterator[Event]:
        content = delta.get("content")
        if thought := _reasoning_in(delta):
            yield ReasoningDelta(thought)
        if text := content if isinstance(content, str) else _joined(content, "text"):
            yield from self._thinking.feed(text) if self._thinking else [TextDelta(text)]
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._refused = True
            yield TextDelta(refusal)
        if isinstance(fragments := delta.get("tool_calls"), list):
            self._tools.add(fragments)
        elif isinstance(called := delta.get("function_call"), dict) and any(called.values()):
            # Servers from before there were lists of calls; an answer has one at most, and no id for it.
            self._tools.add([{"index": 0, "function": called}])


def _reasoning_in(delta: Mapping[str, JSON]) -> str:
    """The first of the fields that servers use for it: OpenRouter sends the same text in two of them."""
    for field in _REASONING_FIELDS:
        if (text := delta.get(field)) and isinstance(text, str):
            return text
    return _joined(delta.get("reasoning_details"), "text") or _joined(_thinking_parts(delta.get("content")), "text")


def _thinking_parts(content: JSON) -> list[JSON]:
    """Mistral nests its reasoning: content is a list with parts `{"type": "thinking", "thinking": [text parts]}`."""
    if not isinstance(content, list):
        return []
    nested = [part.get("thinking") for part in content if isinstance(part, dict)]
    return [inner for thinking in nested if isinstance(thinking, list) for inner in thinking]


def _joined(parts: JSON, field: str) -> str:
    """The texts of a list of parts; "" for anything else."""
    if not parts or not isinstance(parts, list):
        return ""
    texts = (part.get(field) for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _usage_in(document: Mapping[str, JSON]) -> Usage | None:
    """Any chunk may hold it, in the field that OpenAI uses or in Groq's; nulls count as nothing."""
    groq = document.get("x_groq")
    raw = document.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
    if not isinstance(raw, dict) or raw.get("prompt_tokens") is None:
        return None
    prompt, completion = tokens(raw, "prompt_tokens"), tokens(raw, "completion_tokens")
    reasoning = tokens(raw.get("completion_tokens_details"), "reasoning_tokens")
    # xAI counts reasoning beside the completion and shows it only in the total.
    beside = reasoning if tokens(raw, "total_tokens") == prompt + completion + reasoning else 0
    cached = tokens(raw.get("prompt_tokens_details"), "cached_tokens") or tokens(raw, "prompt_cache_hit_tokens")
    return Usage(
        input_tokens=prompt, output_tokens=completion + beside, cached_tokens=cached, reasoning_tokens=reasoning
    )

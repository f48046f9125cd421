"""Folds the events of one answer into a `Reply`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from llm.types import (
    Event,
    Finish,
    FinishReason,
    Message,
    Part,
    Reasoning,
    ReasoningDelta,
    RoundEnd,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, whole or as far as it has come; `finish` is None while it is not whole."""

    parts: tuple[Part, ...] = ()
    finish: FinishReason | None = None
    usage: Usage | None = None
    first_token_seconds: float | None = None
    seconds: float = 0.0

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def reasoning(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Reasoning))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def message(self) -> Message:
        """An answer of one round as the next request of the conversation carries it."""
        return Message("assistant", tuple(part for part in self.parts if not isinstance(part, ToolResult)))

    @property
    def messages(self) -> tuple[Message, ...]:
        """The same for any number of rounds: what the model said, what its tools said, and so on in turn."""
        runs = groupby(self.parts, key=lambda part: isinstance(part, ToolResult))
        return tuple(Message("tool" if of_tools else "assistant", tuple(parts)) for of_tools, parts in runs)


@dataclass(slots=True)
class _Span:
    """Deltas of one kind in a row. Reasoning ends with its signed part: what follows is another thought."""

    pieces: list[str] = field(default_factory=list)
    opaque: str | None = None
    origin: str = ""

    def part(self) -> Text | Reasoning:
        text = "".join(self.pieces)
        return Text(text) if self.opaque is None else Reasoning(text, self.opaque, self.origin)


class ReplyBuilder:
    """Takes events in their order; `reply()` is valid at any moment, also after a stream that broke off.

    Until the end its usage is that of the rounds which came to their own.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._first_token: float | None = None
        self._finished: float | None = None
        self._finish: Finish | None = None
        self._rounds: Usage | None = None
        self._spans: list[_Span | ToolCall | ToolResult] = []

    def add(self, event: Event) -> None:
        match event:
            case Finish():
                self._finish, self._finished = event, self._clock()
                return
            case RoundEnd(usage=Usage() as usage):
                self._rounds = usage if self._rounds is None else self._rounds + usage
                return
            case RoundEnd():
                return
            case TextDelta(text):
                self._text_span().pieces.append(text)
            case ReasoningDelta(text, opaque, origin):
                span = self._reasoning_span()
                span.pieces.append(text)
                span.opaque, span.origin = opaque, origin
            case ToolCall() | ToolResult():
                self._spans.append(event)
        if self._first_token is None:
            self._first_token = self._clock()

    def reply(self) -> Reply:
        return Reply(
            parts=tuple(span.part() if isinstance(span, _Span) else span for span in self._spans),
            finish=self._finish.reason if self._finish else None,
            usage=self._finish.usage if self._finish else self._rounds,
            first_token_seconds=None if self._first_token is None else self._first_token - self._started,
            seconds=(self._clock() if self._finished is None else self._finished) - self._started,
        )

    def _text_span(self) -> _Span:
        last = self._spans[-1] if self._spans else None
        return last if isinstance(last, _Span) and last.opaque is None else self._begin(_Span())

    def _reasoning_span(self) -> _Span:
        last = self._spans[-1] if self._spans else None
        return last if isinstance(last, _Span) and last.opaque == "" else self._begin(_Span(opaque=""))

    def _begin(self, span: _Span) -> _Span:
        self._spans.append(span)
        return span

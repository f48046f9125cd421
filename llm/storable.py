"""Makes text that providers sent fit for a database, a socket and JSON: no NUL, no half of a surrogate pair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llm.types import Event, Finish, ReasoningDelta, TextDelta, ToolCall

_REPLACEMENT = "\ufffd"


class _StorableText:
    """One text that arrives in pieces. The first half of a pair waits for the piece that brings the second."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        if piece.isascii() and not self._half:
            return piece.replace("\0", _REPLACEMENT)
        text = self._half + piece
        self._half = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return storable(text.removesuffix(self._half) if self._half else text)

    def end(self) -> str:
        half, self._half = self._half, ""
        return _REPLACEMENT if half else ""


def storable(text: str) -> str:
    """`text` with pairs joined, and U+FFFD (Unicode 16.0, 3.9) for what PostgreSQL and UTF-8 refuse."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", _REPLACEMENT)


def storable_events(events: Iterable[Event], *, origin: str = "") -> Iterator[Event]:
    """The same events, storable and without empty ones; whatever half a character is left comes before the end.

    `origin` is the provider that sent them: signed reasoning carries its name, because no other provider takes it back.
    """
    text, reasoning = _StorableText(), _StorableText()
    for event in events:
        match event:
            case TextDelta():
                stored = text.feed(event.text)
                # Nearly every delta is storable as it came; making each again doubled the cost of this loop.
                if stored:
                    yield event if stored == event.text else TextDelta(stored)
            case ReasoningDelta(piece, opaque):
                yield from _reasoning(reasoning.feed(piece), storable(opaque), origin)
            case ToolCall(call_id, name, arguments):
                yield ToolCall(storable(call_id), storable(name), storable(arguments))
            case Finish():
                yield from _reasoning(reasoning.end(), "", origin)
                yield from _text(text.end())
                yield event
            case _:
                yield event


def _text(text: str) -> Iterator[Event]:
    if text:
        yield TextDelta(text)


def _reasoning(text: str, opaque: str, origin: str) -> Iterator[Event]:
    if text or opaque:
        yield ReasoningDelta(text, opaque, origin if opaque else "")

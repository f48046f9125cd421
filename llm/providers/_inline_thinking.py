"""Reasoning that a server leaves in the text of its answer, as `<think>…</think>`. Most open models write it so, and
vLLM, llama.cpp and TGI pass it on unless they were started with a parser for it."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from llm.types import ReasoningDelta, TextDelta

_Deltas: TypeAlias = Iterator[TextDelta | ReasoningDelta]

OPENING, CLOSING = "<think>", "</think>"
_TAG = re.compile(f"{OPENING}|{CLOSING}")
# More blanks than this before the first tag are text: they are held back until it is known.
_MOST_BLANKS = 64


class InlineThinking:
    """Tells text that arrives in pieces from reasoning. However it is cut, the same is said.

    Reasoning stands between tags at the very beginning of an answer, in one block or several. Tags further on are what
    the answer speaks of. Where the prompt's template has opened the tag already, an answer begins inside a thought and
    looks like any other until `</think>` comes, perhaps never: to wait for it would hold back every answer, so the
    thought stays text and only the tag that ends it is taken out. Nothing else is held back than blanks at the
    beginning, blanks at the end of a thought, and what may become a tag.
    """

    def __init__(self) -> None:
        self._held = ""
        self._read: Callable[[], _Deltas] = self._beginning
        self._gap: list[str] = []
        self._inside = False
        self._is_last = False

    def feed(self, text: str) -> _Deltas:
        self._held += text
        yield from self._advance()

    def end(self) -> _Deltas:
        """Whatever was held back."""
        self._is_last = True
        yield from self._advance()

    def _advance(self) -> _Deltas:
        """Read on as long as what is held ends one part of the answer and begins the next."""
        read = None
        while read != self._read:
            read = self._read
            yield from read()

    def _go_on(self, read: Callable[[], _Deltas], held: str) -> None:
        self._read, self._held = read, held

    def _beginning(self) -> _Deltas:
        text = self._held.lstrip()
        if len(self._held) - len(text) > _MOST_BLANKS:
            self._go_on(self._answer, self._held)
        elif text.startswith(OPENING):
            self._go_on(self._thought, text.removeprefix(OPENING))
        elif text.startswith(CLOSING):
            self._go_on(self._after_thought, text.removeprefix(CLOSING))
        elif self._is_last or not _may_become_tag(text):
            self._go_on(self._answer, self._held)
        yield from ()

    def _thought(self) -> _Deltas:
        thought, tag, rest = self._held.partition(CLOSING)
        known = len(thought) if tag or self._is_last else _known(thought)
        yield from self._think(thought[:known])
        self._held = thought[known:]
        if tag:
            self._gap = ["\n\n"] if self._gap else []
            self._inside = False
            self._go_on(self._after_thought, rest)

    def _think(self, piece: str) -> _Deltas:
        """Blanks wait for what they stand before; those at the two ends of a block stand before nothing."""
        text = piece if self._inside else piece.lstrip()
        solid = text.rstrip()
        if solid:
            yield ReasoningDelta("".join(self._gap) + solid)
            self._gap, self._inside = [""], True
        if self._inside:
            self._gap.append(text[len(solid) :])

    def _after_thought(self) -> _Deltas:
        """Another thought, or the answer without the blanks that set it apart."""
        text = self._held.lstrip()
        if text.startswith(OPENING):
            self._go_on(self._thought, text.removeprefix(OPENING))
        else:
            is_known = self._is_last or not OPENING.startswith(text)
            self._go_on(self._answer if is_known else self._after_thought, text)
        yield from ()

    def _answer(self) -> _Deltas:
        """Text, up to the first tag: that one settles whether a thought ends here or tags are the subject."""
        tag = _TAG.search(self._held)
        if tag is None:
            known = len(self._held) if self._is_last else _known(self._held)
            yield from _text(self._held[:known])
            self._held = self._held[known:]
        elif tag[0] == OPENING:
            self._go_on(self._as_it_is, self._held)
        else:
            yield from _text(self._held[: tag.start()])
            self._go_on(self._after_closing, self._held[tag.end() :])

    def _after_closing(self) -> _Deltas:
        """A tag at the end of its line ends a thought. Who writes about the tag puts a word or a quote after it."""
        if self._held or self._is_last:
            ends_line = self._held[:1] in ("", "\n", "\r")
            self._go_on(self._as_it_is, self._held if ends_line else CLOSING + self._held)
        yield from ()

    def _as_it_is(self) -> _Deltas:
        yield from _text(self._held)
        self._held = ""


def _text(text: str) -> _Deltas:
    if text:
        yield TextDelta(text)


def _may_become_tag(text: str) -> bool:
    return OPENING.startswith(text) or CLOSING.startswith(text)


def _known(text: str) -> int:
    """The length of `text` without an end that may become a tag."""
    longest = range(min(len(text), len(CLOSING) - 1), 0, -1)
    return len(text) - next((length for length in longest if _may_become_tag(text[-length:])), 0)

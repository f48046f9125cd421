"""A guess at the tokens of a call whose provider did not report them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from llm.types import Image, Message, Part, ReasoningDelta, ToolCall, ToolResult, Usage

# OpenAI's rule of thumb for English text; other scripts need more tokens than this says.
CHARACTERS_PER_TOKEN = 4


def estimate_usage(messages: Iterable[Message], *, answered: int) -> Usage:
    """`answered` counts characters."""
    asked = sum(characters_in(part) for message in messages for part in message.parts)
    return Usage(input_tokens=_tokens_in(asked), output_tokens=_tokens_in(answered), estimated=True)


def completed(reported: Usage | None, messages: Iterable[Message], answered: int) -> Usage:
    """What was reported, and a guess at each count that was not. A parser that knows one of them marks its usage as
    estimated, with the other at 0."""
    if reported and not reported.estimated:
        return reported
    guess, known = estimate_usage(messages, answered=answered), reported or Usage()
    return replace(
        guess,
        input_tokens=known.input_tokens or guess.input_tokens,
        output_tokens=known.output_tokens or guess.output_tokens,
    )


def so_far(reported: Usage | None, messages: Iterable[Message], answered: int) -> Usage:
    """Of an answer that broke off: what was reported until then, and no less than what came."""
    guess = estimate_usage(messages, answered=answered)
    if reported is None:
        return guess
    written = max(reported.output_tokens, guess.output_tokens)
    return replace(reported, output_tokens=written, estimated=True)


def characters_in(part: Part | ReasoningDelta) -> int:
    match part:
        case Image():
            return 0
        case ToolCall():
            return len(part.name) + len(part.arguments)
        case ToolResult():
            return len(part.content)
        case _:
            return len(part.text)


def _tokens_in(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)

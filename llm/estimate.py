"""A guess at the tokens of a call whose provider did not report them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace

from llm.types import Event, Finish, Image, Message, Part, ReasoningDelta, TextDelta, ToolCall, ToolResult, Usage

# OpenAI's rule of thumb for English text; other scripts need more tokens than this says.
CHARACTERS_PER_TOKEN = 4


def estimate_usage(messages: Iterable[Message], answer: str) -> Usage:
    return estimate(messages, len(answer))


def estimate(messages: Iterable[Message], answered: int) -> Usage:
    """`answered` counts characters."""
    asked = sum(characters_in(part) for message in messages for part in message.parts)
    return Usage(input_tokens=tokens_in(asked), output_tokens=tokens_in(answered), estimated=True)


def with_usage(events: Generator[Event], messages: Iterable[Message]) -> Generator[Event]:
    """The same events, whose end has an estimate where the provider reported nothing."""
    answered = 0
    with closing(events):
        for event in events:
            match event:
                case TextDelta() | ReasoningDelta():
                    answered += len(event.text)
                case ToolCall():
                    answered += characters_in(event)
                case Finish(_, None):
                    yield replace(event, usage=estimate(messages, answered))
                    return
            yield event


def characters_in(part: Part) -> int:
    match part:
        case Image():
            return 0
        case ToolCall():
            return len(part.name) + len(part.arguments)
        case ToolResult():
            return len(part.content)
        case _:
            return len(part.text)


def tokens_in(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)

"""A guess at the tokens of a call whose provider did not report them."""

from __future__ import annotations

from collections.abc import Iterable

from llm.types import Message, Usage

# OpenAI's rule of thumb for English text; other scripts need more tokens than this says.
CHARACTERS_PER_TOKEN = 4


def estimate_usage(messages: Iterable[Message], answer: str) -> Usage:
    written = sum(len(message.text) for message in messages)
    return Usage(input_tokens=tokens_in(written), output_tokens=tokens_in(len(answer)), estimated=True)


def tokens_in(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)

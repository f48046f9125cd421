"""What the client makes of an answer's bytes: events with an end, or an error."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from traceback import walk_tb

from llm.errors import Cancelled, LLMError, ProviderError, Truncated
from llm.estimate import characters_in
from llm.provider_calls import OpenCall
from llm.providers._base import Provider
from llm.transport import Answer
from llm.types import Event, Finish, ReasoningDelta, TextDelta, ToolCall

logger = logging.getLogger("llm")

LONGEST_ERROR_BODY = 64 * 1024
# What a parser meets when the JSON is sound and its shape is not.
UNEXPECTED_SHAPE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


def parsed(provider: Provider, answer: Answer) -> Iterator[Event]:
    """A parser that stumbles is an error of the provider to the caller, and one of ours to whoever reads the log."""
    try:
        yield from provider.parse(answer)
    except UNEXPECTED_SHAPE as error:
        logger.error("a parser stumbled: %s in %s", type(error).__name__, _place(error))  # noqa: TRY400  see `_place`
        raise ProviderError(f"The provider sent something unexpected ({type(error).__name__}). Try again.") from None


def _place(error: BaseException) -> str:
    """Module, function and line where `error` was raised. Not its message, which may quote the answer."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}, line {line}"


def with_end(events: Generator[Event], call: OpenCall) -> Generator[Event]:
    """Events up to the first `Finish`, which gets an estimate of what usage was not reported.

    Without one the answer is not complete, whatever the parser thinks.
    """
    with call, closing(events):
        for event in events:
            if isinstance(event, TextDelta):
                call.answered += len(event.text)
            elif isinstance(event, Finish):
                # What is under way ends first, so that its connection can serve again.
                with suppress(LLMError):
                    next(events, None)
                yield replace(event, usage=call.complete(event.usage))
                return
            elif isinstance(event, ReasoningDelta | ToolCall):
                call.answered += characters_in(event)
            if call.first_token_seconds is None:
                call.begin()
            yield event
    raise Truncated


def body_so_far(answer: Answer) -> bytes:
    """What can be read of an error's body. Its status says more than a failure to read all of it would."""
    body = bytearray()
    try:
        for chunk in answer:
            body += chunk
            if len(body) >= LONGEST_ERROR_BODY:
                break
    except Cancelled:
        raise
    except LLMError:
        pass
    return bytes(body[:LONGEST_ERROR_BODY])

"""What each request to a provider came to: how it ended, how long it took, what may be billed for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from llm.errors import (
    BadCredentials,
    BadRequest,
    Blocked,
    Cancelled,
    LLMError,
    NotAnAPI,
    Overloaded,
    ProviderError,
    TimedOut,
    Truncated,
)
from llm.estimate import completed, so_far
from llm.types import Message, Usage

COMPLETE = "complete"

# Before an answer has begun, and without its status, these say that nothing has left this process.
_NEVER_LEFT = (BadCredentials, BadRequest, Blocked, Cancelled, Overloaded)
# After these nobody knows what was done with the request. Any other error is a refusal, for which nothing is billed.
_FATE_UNKNOWN = (Cancelled, ProviderError, TimedOut, Truncated)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """One request that went out. `round` and `attempt` count from 0; `outcome` is "complete" or its error's code.

    `usage` is None where nothing can have been generated: the provider was not reached, or it refused. Times are in
    seconds.
    """

    round: int = 0
    attempt: int = 0
    outcome: str = COMPLETE
    usage: Usage | None = None
    first_token_seconds: float | None = None
    seconds: float = 0.0


OnCall: TypeAlias = Callable[[ProviderCall], object]


class OpenCall:
    """A request under way. As a context it tells what the request came to, unless that never left this process."""

    def __init__(self, asked: Sequence[Message], on_call: OnCall | None, *, round: int, attempt: int) -> None:  # noqa: A002 - a ProviderCall's names
        self.answered = 0
        """Characters so far."""
        self.has_left = False
        self.is_accepted = False
        """The status was 2xx."""
        self.first_token_seconds: float | None = None
        self._asked = asked
        self._on_call = on_call
        self._round, self._attempt = round, attempt
        self._began = time.monotonic()

    def begin(self) -> None:
        """The first event of the answer is here."""
        self.first_token_seconds = time.monotonic() - self._began

    def complete(self, reported: Usage | None) -> Usage:
        """The end of the answer is here, with what its provider reported."""
        usage = completed(reported, self._asked, self.answered)
        self._tell(COMPLETE, usage)
        return usage

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Whoever leaves a stream before its end has cancelled the call.
        failure = error if isinstance(error, LLMError) else Cancelled()
        if self._left_before(failure):
            self._tell(failure.code, self._usage_until(failure))

    def _left_before(self, error: LLMError) -> bool:
        if self.has_left or error.unanswered:
            return True
        return error.status is not None or not isinstance(error, _NEVER_LEFT)

    def _usage_until(self, error: LLMError) -> Usage | None:
        is_in_doubt = isinstance(error, _FATE_UNKNOWN) and not isinstance(error, NotAnAPI)
        may_be_billed = is_in_doubt and (self.is_accepted or error.unanswered)
        return so_far(error.usage, self._asked, self.answered) if self.answered or may_be_billed else None

    def _tell(self, outcome: str, usage: Usage | None) -> None:
        """Once: what follows the end of an answer is no other end."""
        on_call, self._on_call = self._on_call, None
        if on_call is None:
            return
        on_call(
            ProviderCall(
                round=self._round,
                attempt=self._attempt,
                outcome=outcome,
                usage=usage,
                first_token_seconds=self.first_token_seconds,
                seconds=time.monotonic() - self._began,
            )
        )


class CallLog:
    """Numbers the requests of one answer: its rounds, and in each of them the attempts."""

    def __init__(self, on_call: OnCall | None) -> None:
        self._on_call = on_call
        self._round = self._attempt = -1

    def begin_round(self) -> None:
        self._round, self._attempt = self._round + 1, -1

    def open(self, asked: Sequence[Message]) -> OpenCall:
        self._attempt += 1
        return OpenCall(asked, self._on_call, round=self._round, attempt=self._attempt)

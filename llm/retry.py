"""When a failed call may be tried again, and after how long. It sends nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isfinite

from llm.cancellation import Cancellation
from llm.errors import Cancelled, LLMError

_RETRYABLE_CLIENT_STATUSES = frozenset({408, 409, 429})


@dataclass(frozen=True, slots=True)
class Retry:
    """At most `attempts` sends of one request. Delays are "full jitter": uniform between 0 and a doubling ceiling."""

    attempts: int = 3
    base: float = 0.5
    ceiling: float = 8.0
    longest_server_delay: float = 10.0
    uniform: Callable[[float, float], float] = random.uniform

    def delay(self, error: LLMError, *, failures: int) -> float | None:
        """Seconds to wait after the `failures`-th failure, or None if the error goes to the caller."""
        if failures >= self.attempts or not _may_retry(error):
            return None
        named = error.retry_after
        if named is None:
            return self.uniform(0, min(self.ceiling, self.base * 2 ** (failures - 1)))
        return named if named <= self.longest_server_delay else None

    def pause(self, seconds: float, cancellation: Cancellation) -> None:
        if cancellation.wait(seconds):
            raise Cancelled


NO_RETRY = Retry(attempts=1)


def _may_retry(error: LLMError) -> bool:
    """Only where nothing can have been generated: the server was not reached, or it refused with a passing status."""
    if error.status is None or error.status == 200:
        return error.retryable
    return error.retryable and (error.status in _RETRYABLE_CLIENT_STATUSES or error.status >= 500)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait; None if it says nothing usable. `headers` has lower-case names."""
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _seconds(value)
    return seconds if seconds is not None else _seconds_until(value)


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None


def _seconds_until(http_date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(http_date).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, moment - time.time())

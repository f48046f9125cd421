"""What the scripted provider was asked, and how each exchange ended."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from llm.types import JSON

_POLL = 0.005


@dataclass(slots=True)
class Exchange:
    """One request. `ended` is a monotonic time, None while it is open. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: JSON
    prompt: str = ""
    images: int = 0
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    closed_by_client: bool = False
    tokens_sent: int = 0

    def end(self) -> None:
        self.ended = time.monotonic()


class Records:
    """All exchanges of one server, in the order in which they began."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._exchanges: list[Exchange] = []

    def add(self, exchange: Exchange) -> int:
        """How many earlier exchanges had the same prompt."""
        with self._lock:
            earlier = sum(other.prompt == exchange.prompt for other in self._exchanges)
            self._exchanges.append(exchange)
            return earlier

    def all(self) -> list[Exchange]:
        with self._lock:
            return list(self._exchanges)

    def open(self) -> list[Exchange]:
        return [exchange for exchange in self.all() if exchange.ended is None]


def wait_for(condition: Callable[[], bool], timeout: float, what: str) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(_POLL)

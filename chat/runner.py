"""The pool of threads in which turns are produced, and its limits: above them a new turn is refused at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chat.wire import Refused


class Runner:
    """At most `max_turns` at a time, `max_per_user` of them for one user. Threads are started as they are needed."""

    def __init__(self, *, max_turns: int, max_per_user: int) -> None:
        self._max_turns, self._max_per_user = max_turns, max_per_user
        self._pool = ThreadPoolExecutor(max_workers=max_turns, thread_name_prefix="turn")
        self._running: Counter[int] = Counter()
        self._closed = False
        self._lock = threading.Lock()

    def reserve(self, owner: int) -> None:
        """Take a place for a turn of `owner`. Give it back with `release` when the turn has ended or never began."""
        with self._lock:
            if self._closed:
                raise Refused("restarting", "The server is restarting. Send the message again in a moment.", status=503)
            if self._running[owner] >= self._max_per_user:
                raise Refused(
                    "busy", "Too many of your answers are being written. Wait for one, or stop one.", status=429
                )
            if self._running.total() >= self._max_turns:
                raise Refused("busy", "The server is at its limit. Send the message again in a moment.", status=429)
            self._running[owner] += 1

    def release(self, owner: int) -> None:
        with self._lock:
            self._running[owner] -= 1
            if not self._running[owner]:
                del self._running[owner]

    def run(self, job: Callable[[], None]) -> None:
        self._pool.submit(job)

    def close(self) -> None:
        """Refuse new turns; running ones go on."""
        with self._lock:
            self._closed = True

    @property
    def is_busy(self) -> bool:
        with self._lock:
            return bool(self._running)

"""Ends calls that take too long: one thread for all of them, because a timer for each would be a thread for each."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from typing import Protocol

from llm.transport.threads import start

# Most of what falls due are calls that ended long ago. Looking at each when it falls due would wake this thread once a
# call, which costs a tenth of a short call; nobody minds a deadline that is so much late.
GRAIN = 0.01


class Watched(Protocol):
    def expire_or_next_look(self, now: float) -> float | None:
        """End what is overdue at `now`; when to look again, None for never."""


class Reaper:
    """Looks at each watched call when it asked to be looked at. A call whose deadline moves back costs nothing."""

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """With no call to look at and no thread: a process that was forked has neither, whatever its memory says."""
        self._due = threading.Condition()
        self._heap: list[tuple[float, int, Watched]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def look_at(self, call: Watched, when: float) -> None:
        # Made before the lock is taken: making a tuple may collect garbage, and with it streams that were left.
        entry = (when, next(self._order), call)
        with self._due:
            if self._thread is None or not self._thread.is_alive():
                self._thread = start(self._work, name="llm-deadlines")
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._due.notify()

    def _work(self) -> None:
        while True:
            call = self._next_due()
            when = call.expire_or_next_look(time.monotonic())
            if when is not None:
                self.look_at(call, when)

    def _next_due(self) -> Watched:
        with self._due:
            while not self._heap or self._heap[0][0] > time.monotonic():
                self._due.wait(max(GRAIN, self._heap[0][0] - time.monotonic()) if self._heap else None)
            return heapq.heappop(self._heap)[2]


reaper = Reaper()
os.register_at_fork(after_in_child=reaper.start_over)

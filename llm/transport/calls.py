"""One exchange with a provider as seen from other threads: its deadlines, and how to end it in any phase."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from llm.errors import Cancelled, LLMError, TimedOut, Unreachable
from llm.transport.deadlines import reaper


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect` covers DNS, TCP and TLS; `first_byte` runs from there to the first byte of the body.

    120 s because a local server may load its model first and a reasoning model thinks before it speaks.
    """

    connect: float = 5
    first_byte: float = 120
    idle: float = 60
    total: float = 600


class Phase(Enum):
    CONNECTING = auto()
    WAITING = auto()
    ANSWERING = auto()


class Call:
    """Whoever ends it first decides its error. Ending wakes the thread that is blocked in it within milliseconds."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self.error: LLMError | None = None
        self.reused_connection = False
        self.answered = False
        self._sent_at: float | None = None
        self.phase = Phase.CONNECTING
        self._lock = threading.RLock()
        self._finished = False
        self._reading = True
        self._interrupt: Callable[[], object] = lambda: None
        self._handle: socket.socket | None = None
        self._latest_end = self._deadline = time.monotonic() + timeouts.total
        self._next_look = inf
        self._allow(timeouts.connect)

    def connected(self, *, reused: bool) -> None:
        self.phase, self.reused_connection = Phase.WAITING, reused
        self._allow(self.timeouts.first_byte)

    def sent(self) -> None:
        self._sent_at = time.monotonic()

    def answer_begins(self) -> None:
        """The first line of the head is here: the server has read the request."""
        self.answered = True

    @property
    def is_sent(self) -> bool:
        """Whether the request has gone out whole."""
        return self._sent_at is not None

    def seconds_since_sent(self) -> float:
        """0 as long as the request has not gone out whole."""
        return 0.0 if self._sent_at is None else time.monotonic() - self._sent_at

    def reading(self) -> None:
        """The next piece is waited for: `idle` begins anew, unless the call was ended meanwhile."""
        self.raise_if_ended()
        if not self._reading:
            # Once a token, so without the lock (4 % of a stream's time): this thread alone moves the deadline, it only
            # moves back here, and whoever looks too early looks again. Whoever sees `_reading` sees the new deadline.
            self._deadline = time.monotonic() + self.timeouts.idle
            self._reading = True

    def received(self) -> None:
        """A piece of the answer is here. Until the next is asked for, the caller is the one who is slow."""
        self._reading = False
        self.raise_if_ended()
        if self.phase is Phase.WAITING:
            self.phase = Phase.ANSWERING
            self._allow(self.timeouts.idle)

    def ending(self, seconds: float) -> None:
        """What is left of the body may take so long in all, however it comes."""
        with self._lock:
            self._latest_end = min(self._latest_end, time.monotonic() + seconds)
            self._allow(seconds)

    def seconds_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def interruptible_by(self, interrupt: Callable[[], object]) -> None:
        with self._lock:
            self.raise_if_ended()
            self._interrupt = interrupt

    def hold(self, sock: socket.socket) -> None:
        """Make `sock` what ending shuts down.

        By way of a duplicate: TLS detaches the original, `SSLSocket.dup` is not implemented, and urllib3's own
        `shutdown` exists only once the headers are there. Shutting down acts on the connection behind both.
        """
        handle = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._drop_handle()
            self._handle = handle
            self.interruptible_by(lambda: _shut_down(handle))

    def cancel(self) -> None:
        self.end(Cancelled())

    def end(self, error: LLMError) -> None:
        with self._lock:
            if not self._finished and self.error is None:
                self.error = error
                self._interrupt()

    def finish(self) -> None:
        """Let go of the socket: from here on it is the pool's, or closed, and a late cancel must not touch it."""
        with self._lock:
            self._finished = True
            self._drop_handle()

    def raise_if_ended(self) -> None:
        if self.error is not None:
            raise self.error

    def expire_or_next_look(self, now: float) -> float | None:
        with self._lock:
            if self._finished or self.error is not None:
                return None
            reading = self._reading  # before the deadline, which `reading` sets first
            deadline = min(self._deadline, self._latest_end)
            if now >= (deadline if reading else self._latest_end):
                self.end(self._timed_out(now))
                return None
            self._next_look = deadline if reading else min(now + self.timeouts.idle, self._latest_end)
            return self._next_look

    def _allow(self, seconds: float) -> None:
        with self._lock:
            self._deadline = min(time.monotonic() + seconds, self._latest_end)
            if self._deadline < self._next_look:
                self._next_look = self._deadline
                reaper.look_at(self, self._deadline)

    def _timed_out(self, now: float) -> LLMError:
        if now >= self._latest_end:
            return TimedOut("The answer took longer than a call may take. Ask for a shorter answer or try again.")
        if self.phase is Phase.CONNECTING:
            return Unreachable("The provider did not accept a connection in time. Check the address, then try again.")
        if self.phase is Phase.WAITING:
            return TimedOut("The provider did not start to answer in time. Try again or pick another model.")
        return TimedOut("The provider fell silent in the middle of its answer. Try again for a full answer.")

    def _drop_handle(self) -> None:
        self._interrupt = lambda: None
        if self._handle is not None:
            self._handle.close()
            self._handle = None


current_call: ContextVar[Call] = ContextVar("current_call")


def _shut_down(handle: socket.socket) -> None:
    with suppress(OSError):  # the peer may have been faster
        handle.shutdown(socket.SHUT_RDWR)

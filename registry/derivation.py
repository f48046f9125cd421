"""Derived keys, kept for a while. One PBKDF2 run takes 10 to 40 ms, opening an envelope afterwards 0.01 ms."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

if TYPE_CHECKING:
    from collections.abc import Callable

ITERATIONS = 100_000

# One core is left to the event loop. With all of them deriving, ten keys at once held it for 45 ms; so they do for 7.
_cores = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))


def pbkdf2(key: bytes, salt: bytes, length: int) -> bytes:
    """Other threads go on meanwhile: `cryptography` lets go of the interpreter from its version 50 on."""
    with _cores:
        return PBKDF2HMAC(SHA256(), length, salt, ITERATIONS).derive(key)


class DerivedKeys:
    """A cache bounded in number and age. Threads that ask for the same name at the same time share one derivation."""

    def __init__(self, *, size: int = 1024, seconds: float = 900, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, bytes], tuple[Future[bytes], float]] = OrderedDict()

    def get(self, name: tuple[str, bytes], derive: Callable[[], bytes]) -> bytes:
        future, is_mine = self._claim(name)
        if is_mine:
            try:
                future.set_result(derive())
            except BaseException as error:
                self._forget(name)
                future.set_exception(error)
                raise
        return future.result()

    def _claim(self, name: tuple[str, bytes]) -> tuple[Future[bytes], bool]:
        with self._lock:
            future, expires = self._entries.get(name, (None, 0.0))
            if future is not None and expires > self._clock():
                self._entries.move_to_end(name)
                return future, False
            future = Future()
            self._entries[name] = future, self._clock() + self._seconds
            self._entries.move_to_end(name)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)
            return future, True

    def _forget(self, name: tuple[str, bytes]) -> None:
        with self._lock:
            self._entries.pop(name, None)

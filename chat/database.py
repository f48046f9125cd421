"""Database work for the event loop: a few threads of its own, so that no slow query holds up another viewer's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync

P = ParamSpec("P")
R = TypeVar("R")

THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="chat-database")


def in_database_thread(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`function` as a coroutine; closes unusable connections before and after, as a request does."""
    return DatabaseSyncToAsync(function, thread_sensitive=False, executor=THREADS)

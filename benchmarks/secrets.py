"""What sealed keys cost: opening one again, opening one for the first time, and what that does to the event loop."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from hashlib import pbkdf2_hmac
from statistics import median

from benchmarks.rounds import ROUNDS, missed
from chat.runner import Runner
from registry.derivation import ITERATIONS, pbkdf2
from registry.envelope import KeyRing

KEY = "sk-proj-" + "k" * 156
CONTEXT = ("registry.Connection.api_key", "0b8f8c1e-6f1e-4c55-9a1e-000000000001", "42", "https://api.openai.com:443")
WARM_OPENINGS = 20_000
COLD_OPENINGS = 10
HOLD_ROUNDS = 40
TURN = 0.001  # seconds after which the loop wants to turn again

MOST_WARM = 0.1  # milliseconds
MOST_HELD = 20  # milliseconds


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def warm_openings() -> list[float]:
    ring = KeyRing(os.urandom(32))
    sealed = ring.seal(KEY, *CONTEXT)
    return sorted(seconds(lambda: ring.open(sealed, *CONTEXT)) for _ in range(WARM_OPENINGS))


def derivations() -> tuple[list[float], list[float]]:
    """Seconds with `cryptography` and with hashlib, taking turns."""
    key, salt = os.urandom(32), os.urandom(32)
    pairs = [
        (seconds(lambda: pbkdf2(key, salt, 32)), seconds(lambda: pbkdf2_hmac("sha256", key, salt, ITERATIONS, 32)))
        for _ in range(ROUNDS)
    ]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


async def longest_hold(work: Callable[[], object]) -> float:
    """Seconds by which the event loop was late at most, while a thread did `work` and the loop wanted to turn."""
    working, longest = asyncio.create_task(asyncio.to_thread(work)), 0.0
    while not working.done():
        began = time.perf_counter()
        await asyncio.sleep(TURN)
        longest = max(longest, time.perf_counter() - began - TURN)
    return longest


def open_for_the_first_time(ring: KeyRing, sealed: list[str]) -> None:
    """As turns that start at once do it: each in a thread of the pool in which turns are produced."""
    runner, opened = Runner(max_turns=len(sealed), max_per_user=len(sealed)), threading.Semaphore(0)

    def open_one(text: str) -> None:
        ring.open(text, *CONTEXT)
        opened.release()

    for text in sealed:
        runner.run(partial(open_one, text))
    for _ in sealed:
        opened.acquire()


def holds() -> tuple[list[float], list[float]]:
    """Seconds that the event loop was held, with nothing to do and beside cold openings, taking turns."""
    key = os.urandom(32)
    sealed = [KeyRing(key).seal(KEY, *CONTEXT) for _ in range(COLD_OPENINGS)]
    idle: list[float] = []
    busy: list[float] = []
    for _ in range(HOLD_ROUNDS):
        idle.append(asyncio.run(longest_hold(partial(time.sleep, 0.1))))
        busy.append(asyncio.run(longest_hold(partial(open_for_the_first_time, KeyRing(key), sealed))))
    return idle, busy


def main() -> None:
    print(f"opening a key again ({WARM_OPENINGS:,} times)")
    warm = warm_openings()
    p50, p99 = (warm[len(warm) * percent // 100] * 1e3 for percent in (50, 99))
    row("p50", p50)
    row("p99", p99)
    print(f"deriving a key, which opening it for the first time takes ({ITERATIONS:,} iterations, {ROUNDS} rounds)")
    ours, theirs = derivations()
    row("cryptography", median(ours) * 1e3)
    row("hashlib", median(theirs) * 1e3)
    ratio = median(slow / fast for fast, slow in zip(ours, theirs, strict=True))
    print(f"  {'hashlib costs':50}{ratio:10.2f} times as much")
    print(f"the longest hold of an event loop while threads open {COLD_OPENINGS} keys for the first time")
    idle, busy = holds()
    row(f"nothing is opened, median of {HOLD_ROUNDS} rounds", median(idle) * 1e3)
    row("median", median(busy) * 1e3)
    row("p95, which whoever shares the machine can raise", sorted(busy)[len(busy) * 95 // 100] * 1e3)
    broken = [
        missed("opening a key again takes", p99, "ms at the 99th percentile", at_most=MOST_WARM),
        missed("an event loop is held for", median(busy) * 1e3, "ms in the median round", at_most=MOST_HELD),
    ]
    sys.exit(any(broken))


def row(name: str, milliseconds: float) -> None:
    print(f"  {name:50}{milliseconds:10.3f} ms")


if __name__ == "__main__":
    main()

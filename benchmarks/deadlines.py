"""How long after its limit a call ends: `python -m benchmarks.deadlines [repetitions]`.

Every way of hanging, eight calls at a time, a limit of half a second. The promise is 250 ms at the 99th percentile.
"""

import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from llm.errors import LLMError
from tests.llm.hangs import HANGS, Hang, call, hanging

LIMIT = 0.5
AT_ONCE = 8
REPETITIONS = 200
PROMISE = 0.250


def overtime(url: str, hang: Hang) -> float:
    began = time.monotonic()
    try:
        call(url, hang.timeouts(LIMIT))
    except LLMError:
        return time.monotonic() - began - LIMIT
    raise AssertionError("the call did not hang")


def hang_names() -> None:
    never, look_up = threading.Event(), socket.getaddrinfo
    socket.getaddrinfo = lambda host, *arguments, **named: (
        never.wait() if host.endswith(".example") else look_up(host, *arguments, **named)
    )


def main(repetitions: int = REPETITIONS) -> None:
    hang_names()
    worst = 0.0
    print(f"{'milliseconds after the limit':32} {'p50':>8} {'p99':>8} {'longest':>8}   ({repetitions} calls each)")
    for name, hang in HANGS.items():
        with hanging(hang) as url, ThreadPoolExecutor(AT_ONCE) as pool:
            late = sorted(pool.map(overtime, [url] * repetitions, [hang] * repetitions))
        p99 = late[min(len(late) - 1, len(late) * 99 // 100)]
        worst = max(worst, p99)
        print(f"{name:32} {median(late) * 1000:8.1f} {p99 * 1000:8.1f} {late[-1] * 1000:8.1f}")
    print(f"{'kept' if worst <= PROMISE else 'BROKEN'}: {worst * 1000:.0f} of {PROMISE * 1000:.0f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

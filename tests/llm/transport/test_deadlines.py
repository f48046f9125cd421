"""Whatever a provider does to keep a caller waiting, the configured limit ends it. `benchmarks.deadlines` measures how
exactly; here it is only that it does, well before anything else would."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from llm.errors import TimedOut, Unreachable
from tests.llm.hangs import HANGS, PATIENT, call, hanging

LIMIT = 0.3
AT_ONCE = 4


@pytest.fixture
def names_hang(monkeypatch):
    over, look_up = threading.Event(), socket.getaddrinfo

    def hang(host, *arguments, **named):
        return over.wait(PATIENT) and [] if host.endswith(".example") else look_up(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


@pytest.mark.usefixtures("names_hang")
@pytest.mark.parametrize("name", HANGS)
def test_a_call_ends_at_its_limit(name):
    hang = HANGS[name]

    def outcome(url):
        began = time.monotonic()
        with pytest.raises((TimedOut, Unreachable)) as raised:
            call(url, hang.timeouts(LIMIT))
        return type(raised.value), time.monotonic() - began

    with hanging(hang) as url, ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(outcome, [url] * AT_ONCE))
    assert {kind for kind, _ in outcomes} == {Unreachable if hang.limit == "connect" else TimedOut}
    assert all(LIMIT * 0.99 <= seconds < LIMIT * 20 for _, seconds in outcomes)

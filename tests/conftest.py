import os
import shutil
import socket
import threading
from concurrent.futures import wait

import pytest
from django.core.cache import cache
from django.db import connections

from chat import database
from config import local_model
from tests.security.watch import canary_watch, nothing_leaks  # noqa: F401 - fixtures

LOOPBACK = ("127.", "::1", "localhost")


class OutsideLoopback(AssertionError):
    """A test tried to leave this machine."""


@pytest.fixture(autouse=True, scope="session")
def loopback_only():
    """Refuse every connection that leaves the machine, whoever makes it."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise OutsideLoopback(f"a test tried to connect to {address!r}")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


def pytest_collection_modifyitems(items):
    """Keep what wants a whole core together on one worker: they would time each other out."""
    for item in items:
        if item.get_closest_marker("local_model") or item.nodeid.startswith("tests/browser/"):
            item.add_marker(pytest.mark.xdist_group("whole-core"))


@pytest.fixture(autouse=True)
def nothing_counted_yet():
    """Limits count in the cache, which outlives a test."""
    cache.clear()


def close_connections(free):
    free.wait(30)
    connections.close_all()


@pytest.fixture(autouse=True)
def database_threads_are_done():
    """Before the test gives the database back: a thread that is still at work could not close its connection then."""
    yield
    if database.THREADS._threads:
        count = database.THREADS._max_workers
        free = threading.Barrier(count)
        wait([database.THREADS.submit(close_connections, free) for _ in range(count)])


@pytest.fixture(autouse=True)
def what_the_machine_allows(request):
    """Skip a test whose real part is not here, with the reason."""
    if request.node.get_closest_marker("local_model"):
        try:
            local_model.find_weights()
        except local_model.LocalModelUnavailable as reason:
            pytest.skip(f"no local model: {reason}")
    if request.node.get_closest_marker("browser") and not chromium():
        pytest.skip("no Chromium: apt install chromium, or set CHROMIUM_PATH")


def chromium() -> str | None:
    return os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Under REQUIRE_ALL=1, as in CI, what cannot run has failed."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL is set, so this may not be skipped: {report.longrepr}"
    return report

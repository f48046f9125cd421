import socket

import pytest

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

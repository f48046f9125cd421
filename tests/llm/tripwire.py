"""Sees every socket that this process makes, whoever makes it and in whichever thread: "nothing left" is more than
"an exception came"."""

import socket
import sys
import threading
from contextlib import contextmanager

WATCHED = frozenset({"socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})


class Tripwire:
    """Audit hooks cannot be removed, so there is one for all tests, and it looks only while somebody watches."""

    def __init__(self):
        self._installed = False
        self._seen = None
        self._lock = threading.Lock()

    @contextmanager
    def watching(self):
        """The list of what happens inside: (event, its arguments without the socket)."""
        with self._lock:
            if not self._installed:
                sys.addaudithook(self._note)
                self._installed = True
        seen = self._seen = []
        try:
            yield seen
        finally:
            self._seen = None

    def _note(self, event, arguments):
        if self._seen is not None and event in WATCHED:
            self._seen.append((event, *(value for value in arguments if not isinstance(value, socket.socket))))


tripwire = Tripwire()


def connections(seen):
    """The addresses in `seen` that something connected to."""
    return [address for event, address, *_ in seen if event == "socket.connect"]


def address_records(*addresses, port=443):
    """What `getaddrinfo` says about a name with these addresses."""
    return [
        (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in addresses
    ]

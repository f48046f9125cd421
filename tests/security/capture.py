"""A server that keeps every byte that it is sent, and answers as a provider would, so that a client says all it has."""

from __future__ import annotations

import socket
import socketserver
import threading
from types import TracebackType
from typing import Self

from llm.testing import ScriptedProvider


class Relay(socketserver.BaseRequestHandler):
    """One connection, passed on to the provider behind."""

    server: Listener

    def handle(self) -> None:
        with socket.create_connection(self.server.behind) as provider:
            for connection in (self.request, provider):
                # Two small writes in a row would each wait 40 ms for the other's acknowledgement.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=pump, args=(provider, self.request), daemon=True)
            answers.start()
            pump(self.request, provider, self.server.keep)
            answers.join()


def pump(source: socket.socket, target: socket.socket, keep=lambda data: None) -> None:
    try:
        while data := source.recv(65536):
            keep(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


class Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, behind: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.behind = behind
        self._heard = bytearray()
        self._lock = threading.Lock()

    def keep(self, data: bytes) -> None:
        with self._lock:
            self._heard += data

    def heard(self) -> bytes:
        with self._lock:
            return bytes(self._heard)

    def forget(self) -> None:
        with self._lock:
            self._heard.clear()


class CaptureServer:
    def __init__(self) -> None:
        self._provider = ScriptedProvider()
        self._listener = Listener(self._provider._server.server_address[:2])
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_address[1]}"

    @property
    def heard(self) -> bytes:
        return self._listener.heard()

    def forget(self) -> None:
        self._listener.forget()

    def __enter__(self) -> Self:
        self._provider.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._provider.stop()
        self._thread.join()

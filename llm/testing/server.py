"""The scripted provider as an HTTP server: one thread a connection, one write a token."""

import sys
from http.server import ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self

from llm.testing.handler import Handler
from llm.testing.records import Exchange, Records, wait_for


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # 200 clients that connect at once would overflow the default of 5 and wait a second for their second SYN.
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], records: Records) -> None:
        super().__init__(address, Handler)
        self.records = records
        self.closing = False
        self._connections: set[socket] = set()
        self._lock = Lock()

    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go; anything else is a bug worth seeing."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def disconnect_all(self) -> None:
        self.closing = True
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(SHUT_RDWR)
                except OSError:
                    continue


class ScriptedProvider:
    """A provider for one test: `with ScriptedProvider() as provider: ... provider.url ...`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._records = Records()
        self._server = Server((host, port), self._records)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The origin, without a path."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def requests(self) -> list[Exchange]:
        return self._records.all()

    @property
    def open_requests(self) -> int:
        return len(self._records.open())

    def wait_until_idle(self, timeout: float = 5) -> None:
        """Until no request is open."""
        wait_for(lambda: not self._records.open(), timeout, "no open request")

    def wait_for_request(self, number: int = 1, timeout: float = 5, *, tokens: int = 0) -> Exchange:
        """The `number`-th request, once it has come and `tokens` of its answer are out."""

        def arrived() -> bool:
            known = self._records.all()
            return len(known) >= number and known[number - 1].tokens_sent >= tokens

        wait_for(arrived, timeout, f"request {number} with {tokens} tokens")
        return self._records.all()[number - 1]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.disconnect_all()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

"""A provider as a real socket: each test scripts byte for byte what it does with a connection."""

import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE_DELIMITED = OK + b"Connection: close\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(body: bytes, *, status: bytes = b"200 OK", kind: bytes = b"application/json", headers: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, len(body), headers)
    return head + body


class Peer:
    """The server's end of one connection."""

    def __init__(self, server: "WireServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock

    def start_tls(self) -> None:
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)

    def read_request(self) -> bytes:
        """Head and body; b"" when the client is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.sock.recv(65536) or b"\r\n\r\n"
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self.sock.recv(65536)
        if head:
            self.server.requests.append(head + b"\r\n\r\n" + body)
        return head

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def hang(self) -> None:
        """Until the client hangs up, which `client_left` reports."""
        self.server.reached.set()
        while self.sock.recv(65536):
            pass
        self.server.client_left.set()

    def drip(self, data: bytes) -> None:
        """One byte every 20 ms, as long as somebody listens."""
        self.server.reached.set()
        for position in range(len(data)):
            self.sock.sendall(data[position : position + 1])
            if self.server.over.wait(0.02):
                return

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.server.connections += 1
        peer = Peer(self.server, self.request)
        try:
            self.server.script(peer)
        except OSError:  # the client left in the middle, which is what many tests are about
            self.server.client_left.set()
        finally:
            peer.sock.close()


class WireServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.tls = tls
        self.connections = 0
        self.requests: list[bytes] = []
        self.reached = threading.Event()
        self.client_left = threading.Event()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

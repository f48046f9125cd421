"""A server that costs its client nothing but the bytes: answers made beforehand, raw sockets, a process of its own."""

import json
import re
import socket
import sys
import threading
from subprocess import PIPE, Popen

from benchmarks import EVENTS, ROOT
from llm.testing.formats import FORMATS
from llm.testing.script import read_script

REQUEST = {"model": "gpt-4o-mini", "messages": [], "stream_options": {"include_usage": True}}
REQUEST_LINE = re.compile(rb"POST (\S+) HTTP/1.1\r\n")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
STREAMED = re.compile(rb'"stream": ?true')
BRIEF = b"briefly"
"""A request that holds this word gets a stream of a few tokens."""
FEW = 20


class Loopback:
    """The server as a context: `with Loopback() as url: ...`."""

    def __enter__(self) -> str:
        self._process = Popen([sys.executable, "-m", "benchmarks.loopback"], cwd=ROOT, stdout=PIPE, text=True)
        return f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def __exit__(self, *raised: object) -> None:
        self._process.terminate()
        self._process.wait()


def whole(path: str) -> bytes:
    script = read_script(f"[[tokens={FEW}]]", [])
    body = json.dumps(FORMATS[path].whole(script, REQUEST, script.tokens, cut=False)).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def streamed(path: str, tokens: int) -> bytes:
    """One token an event and one event a chunk, as servers write them."""
    script = read_script(f"[[tokens={tokens}]]", [])
    frames = FORMATS[path].frames(script, REQUEST, script.tokens, cut=False)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(frame.data), frame.data) for frame in frames)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunks + b"0\r\n\r\n"


def answers_for(path: str) -> tuple[bytes, bytes, bytes]:
    return whole(path), streamed(path, FEW), streamed(path, EVENTS)


def answer_all(connection: socket.socket, answers: dict[bytes, tuple[bytes, bytes, bytes]]) -> None:
    with connection:
        received = b""
        while data := connection.recv(65536):
            received += data
            head, blank, body = received.partition(b"\r\n\r\n")
            if blank and len(body) >= int(LENGTH.search(head)[1]):
                path = REQUEST_LINE.match(head)[1]
                all_at_once, few, many = answers[path]
                connection.sendall((few if BRIEF in body else many) if STREAMED.search(body) else all_at_once)
                received = b""


def main() -> None:
    answers = {path.encode(): answers_for(path) for path in FORMATS}
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer_all, args=(connection, answers), daemon=True).start()


if __name__ == "__main__":
    main()

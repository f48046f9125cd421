"""The ways in which a provider keeps a caller waiting, each with the limit that ends it."""

import socket
from contextlib import contextmanager
from dataclasses import dataclass

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.retry import NO_RETRY
from llm.transport import Timeouts, Transport
from llm.types import ModelConfig, user
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, WireServer, chunk

EVENT = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
# Long enough for a name to be looked up, a connection to be made and a first event to come.
PATIENT = 30


def requested(*pieces, drip=b""):
    """A server that reads the request, sends `pieces`, then drips or falls silent."""

    def script(peer):
        peer.read_request()
        peer.send(*pieces)
        if drip:
            peer.drip(drip)
        else:
            peer.hang()

    return script


@dataclass(frozen=True)
class Hang:
    """`limit` is the field of `Timeouts` that ends it."""

    limit: str
    script: object = None
    scheme: str = "http"
    host: str = "127.0.0.1"

    def timeouts(self, seconds):
        limits = dict.fromkeys(("connect", "first_byte", "idle", "total"), PATIENT)
        return Timeouts(**(limits | {self.limit: seconds}))


NO_END = 100_000
HANGS = {
    "name is never resolved": Hang("connect", host="hangs.example"),
    "connection is never accepted": Hang("connect"),
    "TLS handshake hangs": Hang("connect", lambda peer: peer.hang(), scheme="https"),
    "TLS handshake drips": Hang(
        "connect", lambda peer: peer.drip(b"\x16\x03\x03\x40\x00\x02" + bytes(NO_END)), scheme="https"
    ),
    "no byte after the request": Hang("first_byte", requested()),
    "headers drip": Hang("first_byte", requested(drip=b"HTTP/1.1 200 OK\r\nX: " + b"x" * NO_END)),
    "body falls silent": Hang("idle", requested(CHUNKED, chunk(EVENT))),
    "body drips": Hang("total", requested(CLOSE_DELIMITED, drip=EVENT * (NO_END // 50))),
    "size of a chunk drips": Hang("idle", requested(CHUNKED, chunk(EVENT), drip=b"0" * NO_END)),
    "keep-alives without end": Hang("total", requested(CLOSE_DELIMITED, drip=b":\n" * NO_END)),
}


@contextmanager
def full_backlog():
    """The port of a listener without room: the kernel drops every further SYN."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for sock in waiting:
            sock.close()


@contextmanager
def hanging(hang):
    """The address of a server that hangs so. Names ending in .example are for the caller to hang up."""
    if hang.script is None:
        with full_backlog() as port:
            yield f"{hang.scheme}://{hang.host}:{port}"
        return
    server = WireServer(hang.script)
    try:
        yield f"{hang.scheme}://{hang.host}:{server.port}"
    finally:
        server.stop()


def call(url, timeouts):
    """One call that raises when it is ended."""
    config = ModelConfig(provider="vllm", model="m", base_url=url)
    transport = Transport(AddressPolicy.granting([url]), timeouts=timeouts)
    for _event in UnifiedLLMClient(config, transport=transport, retry=NO_RETRY).stream([user("x")]):
        pass

"""Requests to a scripted peer, and what the peer does with them."""

import time

import pytest

from llm.addresses import AddressPolicy
from llm.transport import Timeouts, Transport
from llm.types import HttpRequest
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, chunk

# Far above what the suite's machine needs to notice something, far below the limits that are not under test.
SOON = 10


LENIENT = Timeouts(connect=SOON, first_byte=60, idle=60, total=120)


def granted(server, *, timeouts=LENIENT, scheme="http", ca_file=""):
    policy = AddressPolicy.granting([f"{scheme}://127.0.0.1:{server.port}"])
    return Transport(policy, timeouts=timeouts, ca_file=ca_file)


def post(server, path="/v1", headers=(), scheme="http"):
    return HttpRequest(
        method="POST", url=f"{scheme}://127.0.0.1:{server.port}{path}", headers=dict(headers), body=b"{}"
    )


def body_of(transport, request, cancellation=None):
    with transport.send(request, cancellation) as response:
        return b"".join(response)


def quickly(expected, call):
    """`call` raises `expected` long before any limit that is not under test."""
    started = time.monotonic()
    with pytest.raises(expected) as raised:
        call()
    assert time.monotonic() - started < SOON
    return raised.value


def each_request(reply):
    def script(peer):
        while peer.read_request():
            peer.send(reply)

    return script


# Peers that keep a caller waiting


def silent(peer):
    peer.hang()


def hanging_before_headers(peer):
    peer.read_request()
    peer.hang()


def dripping_headers(peer):
    peer.read_request()
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 5000)


def silent_after_headers(peer):
    peer.read_request()
    peer.send(CHUNKED)
    peer.hang()


def hanging_in_the_body(peer):
    peer.read_request()
    peer.send(CHUNKED, chunk(b"one"))
    peer.hang()


def hanging_in_a_body_until_close(peer):
    peer.read_request()
    peer.send(CLOSE_DELIMITED, b"one")
    peer.hang()


def dripping_body(peer):
    peer.read_request()
    peer.send(CLOSE_DELIMITED)
    peer.drip(b"x" * 5000)

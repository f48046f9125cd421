"""Every phase in which a provider can hang or drip has a limit, and the error names it."""

import socket
import threading

import pytest

from llm.addresses import AddressPolicy
from llm.errors import TimedOut, Unreachable
from llm.transport import Timeouts, Transport
from llm.types import HttpRequest
from tests.llm.transport.exchanges import (
    SOON,
    body_of,
    dripping_body,
    dripping_headers,
    granted,
    hanging_before_headers,
    hanging_in_a_body_until_close,
    hanging_in_the_body,
    post,
    quickly,
    silent_after_headers,
)
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, LAST_CHUNK, chunk


@pytest.mark.parametrize("script", [hanging_before_headers, dripping_headers, silent_after_headers])
def test_first_byte_limit(serve, script):
    server = serve(script)
    transport = granted(server, timeouts=Timeouts(first_byte=0.2))
    assert "did not start" in quickly(TimedOut, lambda: body_of(transport, post(server))).message


@pytest.mark.parametrize("script", [hanging_in_the_body, hanging_in_a_body_until_close])
def test_gotcha_49_idle_limit(serve, script):
    server = serve(script)
    transport = granted(server, timeouts=Timeouts(idle=0.2))
    assert "silent" in quickly(TimedOut, lambda: body_of(transport, post(server))).message


def test_an_answer_may_pause_for_longer_than_its_first_byte_may_take(serve):
    def pausing(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(b"one"))
        peer.server.over.wait(0.3)
        peer.send(chunk(b"two"), LAST_CHUNK)

    server = serve(pausing)
    assert body_of(granted(server, timeouts=Timeouts(first_byte=0.1)), post(server)) == b"onetwo"


@pytest.mark.parametrize("script", [hanging_before_headers, dripping_headers, hanging_in_the_body, dripping_body])
def test_total_limit(serve, script):
    server = serve(script)
    transport = granted(server, timeouts=Timeouts(total=0.3))
    assert "longer than" in quickly(TimedOut, lambda: body_of(transport, post(server))).message


@pytest.mark.parametrize("drips", [False, True])
def test_connect_limit_covers_the_tls_handshake(serve, drips):
    # A handshake record of 16 KiB that never gets whole.
    server = serve(lambda peer: peer.drip(b"\x16\x03\x03\x40\x00\x02" + b"\0" * 5000) if drips else peer.hang())
    transport = granted(server, timeouts=Timeouts(connect=0.3), scheme="https")
    error = quickly(Unreachable, lambda: transport.send(post(server, scheme="https")))
    assert error.retryable


def test_connect_limit_when_nobody_accepts(no_room):
    transport = Transport(AddressPolicy.granting([no_room]), timeouts=Timeouts(connect=0.3))
    request = HttpRequest(method="POST", url=no_room, headers={})
    assert quickly(Unreachable, lambda: transport.send(request)).retryable


def test_connect_limit_covers_dns(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(SOON) and [])
    transport = Transport(AddressPolicy(), timeouts=Timeouts(connect=0.2))
    quickly(Unreachable, lambda: transport.send(HttpRequest(method="GET", url="https://example.com/", headers={})))
    over.set()


def test_a_slow_but_steady_answer_is_no_timeout(serve):
    def script(peer):
        peer.read_request()
        peer.send(CLOSE_DELIMITED)
        peer.drip(b"x" * 40)

    server = serve(script)
    assert body_of(granted(server, timeouts=Timeouts(idle=0.5)), post(server)) == b"x" * 40

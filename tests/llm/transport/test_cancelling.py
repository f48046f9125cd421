"""A call ends at once when another thread cancels it, in every phase."""

import socket
import threading
import time

import pytest

from llm.addresses import AddressPolicy
from llm.cancellation import Cancellation
from llm.errors import Cancelled
from llm.transport import Timeouts, Transport
from llm.types import HttpRequest
from tests.llm.transport.exchanges import (
    SOON,
    body_of,
    dripping_headers,
    each_request,
    granted,
    hanging_before_headers,
    hanging_in_a_body_until_close,
    hanging_in_the_body,
    post,
    quickly,
    silent,
    silent_after_headers,
)
from tests.llm.wire import answer


def cancel_when(reached, cancellation):
    def work():
        assert reached.wait(SOON)
        time.sleep(0.05)  # lets the caller get from "the server has sent this" into its next read
        cancellation.cancel()

    threading.Thread(target=work, daemon=True).start()


@pytest.mark.parametrize(
    "script",
    [
        hanging_before_headers,
        dripping_headers,
        silent_after_headers,
        hanging_in_the_body,
        hanging_in_a_body_until_close,
    ],
)
def test_cancel_from_another_thread(serve, script):
    server, cancellation = serve(script), Cancellation()
    cancel_when(server.reached, cancellation)
    quickly(Cancelled, lambda: body_of(granted(server), post(server), cancellation))
    assert server.client_left.wait(SOON)


def test_cancel_during_the_tls_handshake(serve):
    server, cancellation = serve(silent), Cancellation()
    timeouts = Timeouts(connect=60)
    cancel_when(server.reached, cancellation)
    request = post(server, scheme="https")
    quickly(Cancelled, lambda: granted(server, timeouts=timeouts, scheme="https").send(request, cancellation))


def test_cancel_in_the_middle_of_a_body_over_tls(serve, certificate, server_tls):
    server, cancellation = serve(lambda peer: (peer.start_tls(), hanging_in_the_body(peer)), server_tls), Cancellation()
    cancel_when(server.reached, cancellation)
    transport = granted(server, scheme="https", ca_file=str(certificate[0]))
    quickly(Cancelled, lambda: body_of(transport, post(server, scheme="https"), cancellation))


def test_cancel_while_connecting(no_room):
    cancellation, begun = Cancellation(), threading.Event()
    begun.set()
    cancel_when(begun, cancellation)
    transport = Transport(AddressPolicy.granting([no_room]), timeouts=Timeouts(connect=60))
    request = HttpRequest(method="POST", url=no_room, headers={})
    quickly(Cancelled, lambda: transport.send(request, cancellation))


def test_cancel_during_dns(monkeypatch):
    looking, over, cancellation = threading.Event(), threading.Event(), Cancellation()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: looking.set() or (over.wait(SOON) and []))
    cancel_when(looking, cancellation)
    request = HttpRequest(method="GET", url="https://example.com/", headers={})
    quickly(Cancelled, lambda: Transport(AddressPolicy(), timeouts=Timeouts(connect=60)).send(request, cancellation))
    over.set()


def test_a_cancelled_call_is_not_sent(serve):
    server, cancellation = serve(each_request(answer(b"{}"))), Cancellation()
    cancellation.cancel()
    quickly(Cancelled, lambda: granted(server).send(post(server), cancellation))
    assert server.connections == 0


def test_what_arrived_before_the_cancel_but_was_not_read_is_dropped(serve):
    server, cancellation = serve(each_request(answer(b"x" * 200_000))), Cancellation()
    with granted(server).send(post(server), cancellation) as response:
        chunks = iter(response)
        next(chunks)
        cancellation.cancel()
        with pytest.raises(Cancelled):
            next(chunks)


def test_a_late_cancel_does_not_touch_the_next_call_on_the_same_connection(serve):
    server, cancellation = serve(each_request(answer(b"{}"))), Cancellation()
    transport = granted(server)
    with transport.send(post(server), cancellation) as response:
        assert b"".join(response) == b"{}"
        with transport.send(post(server)) as second:
            cancellation.cancel()
            assert b"".join(second) == b"{}"
    assert server.connections == 1

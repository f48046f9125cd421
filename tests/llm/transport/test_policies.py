"""Who gets a connection: policies, peers, and transports that nobody holds any more."""

import gc
import socket
from pathlib import Path

from llm.addresses import AddressPolicy
from llm.errors import Blocked, LLMError
from llm.transport import Transport, transport_for
from llm.types import HttpRequest
from tests.llm.transport.exchanges import SOON, body_of, each_request, granted, post, quickly
from tests.llm.tripwire import address_records
from tests.llm.wire import CHUNKED, answer, chunk


def test_a_peer_other_than_the_checked_one_is_blocked(serve, monkeypatch):
    server = serve(each_request(answer(b"{}")))
    monkeypatch.setattr(socket.socket, "getpeername", lambda _: ("169.254.169.254", 80))
    quickly(Blocked, lambda: granted(server).send(post(server)))
    assert server.requests == []


def test_the_next_address_is_tried_when_one_refuses(serve, monkeypatch):
    server = serve(each_request(answer(b"{}")))
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: address_records("127.0.0.2", "127.0.0.1", port=server.port)
    )
    url = f"http://localhost:{server.port}/"
    assert body_of(Transport(AddressPolicy.granting([url])), HttpRequest(method="GET", url=url, headers={})) == b"{}"


def test_a_policy_without_the_grant_does_not_get_the_connection_of_one_with_it(serve):
    server = serve(each_request(answer(b"{}")))
    body_of(transport_for(AddressPolicy.granting([server.url])), post(server))
    quickly(Blocked, lambda: transport_for(AddressPolicy()).send(post(server)))
    assert server.connections == 1


def test_equal_policies_share_one_transport():
    one, two = (AddressPolicy.granting(["http://127.0.0.1:1"]) for _ in range(2))
    assert transport_for(one) is transport_for(two)
    assert transport_for(one) is not transport_for(AddressPolicy())


def test_no_call_leaves_a_file_descriptor_behind(serve):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(b"one"))
        peer.reset()

    server = serve(script)
    transport = granted(server)
    for _ in range(3):
        quickly(LLMError, lambda: body_of(transport, post(server)))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        quickly(LLMError, lambda: body_of(transport, post(server)))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 3  # the server's own ends may lag behind


def test_a_transport_that_nobody_holds_any_more_closes_its_idle_connections(serve):
    def script(peer):
        peer.read_request()
        peer.send(answer(b"{}"))
        peer.hang()

    server = serve(script)
    transport = granted(server)
    body_of(transport, post(server))
    assert not server.client_left.is_set()
    del transport
    gc.collect()
    assert server.client_left.wait(SOON)

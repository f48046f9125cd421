"""A name with addresses of both families is reached by the one that works."""

import socket

import pytest

from llm.addresses import AddressPolicy
from llm.transport import Transport
from llm.transport.connections import _interleaved
from llm.types import HttpRequest
from tests.llm.tripwire import address_records
from tests.llm.wire import answer


def addresses(records):
    return [record[4][0] for record in records]


@pytest.mark.parametrize(
    ("resolved", "tried"),
    [
        (["::1", "::2", "::3", "1.1.1.1", "1.1.1.2"], ["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"]),
        (["1.1.1.1", "1.1.1.2", "::1"], ["1.1.1.1", "::1", "1.1.1.2"]),
        (["1.1.1.2", "1.1.1.1"], ["1.1.1.2", "1.1.1.1"]),
        ([], []),
    ],
)
def test_families_take_turns_in_the_order_of_the_resolver(resolved, tried):
    assert addresses(_interleaved(address_records(*resolved))) == tried


def test_dead_addresses_of_one_family_do_not_hide_the_other(serve, monkeypatch):
    def script(peer):
        peer.read_request()
        peer.send(answer(b"{}"))

    server = serve(script)
    records = address_records(*["::1"] * 6, "127.0.0.1", port=server.port)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: records)
    url = f"http://localhost:{server.port}/"
    with Transport(AddressPolicy.granting([url])).send(HttpRequest(method="GET", url=url, headers={})) as response:
        assert b"".join(response) == b"{}"

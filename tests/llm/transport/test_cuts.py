"""Connections that are refused, cut or given up, and which of them may be tried again."""

import socket

import pytest

from llm.addresses import AddressPolicy
from llm.errors import LLMError, Truncated, Unreachable
from llm.transport import Transport
from llm.types import HttpRequest
from tests.llm.transport.exchanges import SOON, body_of, granted, post, quickly
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, OK, answer, chunk


def test_gotcha_51_reset_in_the_body(serve):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(b"one"))
        assert peer.server.reached.wait(SOON)
        peer.reset()

    server = serve(script)
    with granted(server).send(post(server)) as response:
        chunks = iter(response)
        next(chunks)
        server.reached.set()
        quickly(Truncated, lambda: next(chunks))


@pytest.mark.parametrize(
    "cut",
    [
        CHUNKED + chunk(b"one"),
        CHUNKED + b"5\r\non",
        CHUNKED + b"not a size\r\n",
        OK + b"Content-Length: 100\r\n\r\nshort",
    ],
)
def test_a_cut_that_the_framing_shows(serve, cut):
    server = serve(lambda peer: (peer.read_request(), peer.send(cut)))
    quickly(Truncated, lambda: body_of(granted(server), post(server)))


def test_a_close_delimited_cut_just_ends(serve):
    server = serve(lambda peer: (peer.read_request(), peer.send(CLOSE_DELIMITED, b"data: 1")))
    assert body_of(granted(server), post(server)) == b"data: 1"


def test_closing_without_an_answer_is_not_tried_again_for_it_may_have_been_generated(serve):
    server = serve(lambda peer: peer.read_request())
    assert not quickly(Truncated, lambda: granted(server).send(post(server))).retryable


def closing_instead_of_a_second_answer(*, after):
    def script(peer):
        peer.read_request()
        peer.send(answer(b"{}"))
        peer.read_request()
        peer.server.over.wait(after)

    return script


def failure_on_a_kept_connection(server):
    transport = granted(server)
    body_of(transport, post(server))
    error = quickly(LLMError, lambda: transport.send(post(server)))
    assert (server.connections, len(server.requests)) == (1, 2)
    return error


def test_a_kept_connection_that_closes_at_once_may_be_tried_again(serve, monkeypatch):
    monkeypatch.setattr("llm.transport.failures.AT_ONCE", SOON)  # however slow the machine is
    error = failure_on_a_kept_connection(serve(closing_instead_of_a_second_answer(after=0)))
    assert isinstance(error, Unreachable)
    assert error.retryable


def test_a_kept_connection_that_closes_later_may_have_been_billed(serve):
    error = failure_on_a_kept_connection(serve(closing_instead_of_a_second_answer(after=1)))
    assert isinstance(error, Truncated)
    assert not error.retryable


def test_a_refused_connection(free_port):
    url = f"http://127.0.0.1:{free_port}/"
    transport = Transport(AddressPolicy.granting([url]))
    assert quickly(Unreachable, lambda: transport.send(HttpRequest(method="GET", url=url, headers={}))).retryable


@pytest.fixture
def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_an_unknown_name(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    request = HttpRequest(method="GET", url="https://example.com/", headers={})
    assert "host name" in quickly(Unreachable, lambda: Transport(AddressPolicy()).send(request)).message

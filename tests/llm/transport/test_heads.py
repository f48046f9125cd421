"""What the head of an answer settles, whatever becomes of the body."""

import time

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.errors import BadCredentials, LLMError, NotAnAPI, Truncated
from llm.retry import Retry
from llm.transport import Timeouts, Transport
from llm.types import ModelConfig, Secret, user
from tests.llm.wire import CHUNKED, LAST_CHUNK, chunk

SOON = 10
HELLO = b'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
COMPLETE = CHUNKED + chunk(HELLO) + LAST_CHUNK
REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n"
PATIENT = Timeouts(connect=SOON, first_byte=60, idle=60, total=120)


def client_of(server, timeouts=PATIENT):
    transport = Transport(AddressPolicy.granting([server.url]), timeouts=timeouts)
    config = ModelConfig(provider="openai_compatible", model="m", base_url=server.url, api_key=Secret("sk-123456"))
    return UnifiedLLMClient(config, transport=transport, retry=Retry(uniform=lambda _low, _high: 0))


def failure(client):
    with pytest.raises(LLMError) as raised:
        client.chat([user("x")])
    return raised.value


def after_one_answer(*pieces, end):
    """The second request on the kept connection gets `pieces` alone."""

    def script(peer):
        peer.read_request()
        peer.send(COMPLETE)
        if peer.read_request():
            peer.send(*pieces)
            end(peer)

    return script


def reset(peer):
    peer.reset()


def close(_peer):
    pass


@pytest.mark.parametrize("end", [reset, close])
@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\n", CHUNKED], ids=["status line", "head"])
def test_a_request_whose_answer_began_is_not_sent_again(serve, begun, end):
    server = serve(after_one_answer(begun, end=end))
    client = client_of(server)
    assert client.chat([user("x")]).text == "Hello"
    assert isinstance(failure(client), Truncated)
    assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("end", [reset, close])
def test_a_refusal_without_its_body_is_still_a_refusal(serve, end):
    server = serve(after_one_answer(REFUSED + b"Content-Length: 100\r\n\r\n", end=end))
    client = client_of(server)
    client.chat([user("x")])
    error = failure(client)
    assert (type(error), error.status) == (BadCredentials, 401)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body",
    [b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000],
    ids=["no size", "endless size"],
)
def test_a_refusal_whose_body_cannot_be_read_is_still_a_refusal(serve, body):
    def script(peer):
        peer.read_request()
        peer.send(REFUSED, body)

    error = failure(client_of(serve(script)))
    assert (type(error), error.status) == (BadCredentials, 401)


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints", b"199 Whatever"])
def test_what_comes_before_an_answer_is_not_the_answer(serve, status):
    interim = b"HTTP/1.1 %s\r\nLink: </style.css>\r\nContent-Type: text/html\r\n\r\n" % status

    def script(peer):
        while peer.read_request():
            peer.send(interim, interim, COMPLETE)

    server = serve(script)
    client = client_of(server)
    assert [client.chat([user("x")]).text for _ in range(2)] == ["Hello", "Hello"]
    assert server.connections == 1


def test_interim_answers_without_end_are_too_long_a_head(serve):
    def script(peer):
        peer.read_request()
        for _ in range(100_000):
            peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")

    assert isinstance(failure(client_of(serve(script))), NotAnAPI)


def test_another_protocol_is_no_answer(serve):
    def script(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", COMPLETE)

    assert isinstance(failure(client_of(serve(script))), NotAnAPI)


def test_a_refusal_does_not_wait_for_its_body(serve, monkeypatch):
    monkeypatch.setattr("llm.transport.REFUSAL_BODY", 0.3)

    def script(peer):
        peer.read_request()
        peer.send(REFUSED, b"\r\n")
        peer.hang()

    began = time.monotonic()
    error = failure(client_of(serve(script)))
    assert (type(error), error.status) == (BadCredentials, 401)
    assert time.monotonic() - began < SOON


def test_a_body_that_drips_does_not_hold_up_the_next_attempt(serve, monkeypatch):
    monkeypatch.setattr("llm.transport.REFUSAL_BODY", 0.3)

    def script(peer):
        peer.read_request()
        if len(peer.server.requests) > 1:
            peer.send(COMPLETE)
            return
        peer.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\r\n")
        peer.drip(b" " * 100_000)

    server = serve(script)
    began = time.monotonic()
    assert client_of(server).chat([user("x")]).text == "Hello"
    assert time.monotonic() - began < SOON


def test_what_came_of_a_refusal_s_body_in_time_is_read(serve, monkeypatch):
    monkeypatch.setattr("llm.transport.REFUSAL_BODY", 0.3)

    def script(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n")
        peer.send(b'{"error": {"message": "There is no such voice."}}')
        peer.hang()

    assert "There is no such voice." in failure(client_of(serve(script))).message

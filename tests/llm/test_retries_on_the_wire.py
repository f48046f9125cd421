"""How often a provider is really asked, and after how long: real providers over real connections."""

import json
import socket
import threading
import time

import pytest

from llm.addresses import AddressPolicy
from llm.cancellation import Cancellation
from llm.client import UnifiedLLMClient
from llm.errors import (
    BadCredentials,
    Cancelled,
    ContentFiltered,
    LLMError,
    ModelNotFound,
    Overloaded,
    QuotaExceeded,
    RateLimited,
    TimedOut,
    Truncated,
    Unreachable,
    Untrusted,
)
from llm.retry import Retry
from llm.secret import Secret
from llm.transport import Timeouts, Transport
from llm.types import ModelConfig, TextDelta, user
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, LAST_CHUNK, OK, answer, chunk

SOON = 10
HELLO = b'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
COMPLETE = CHUNKED + chunk(HELLO) + LAST_CHUNK
ERROR_EVENT = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
STARTED = b'data: {"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
PING = b'event: ping\ndata: {"type":"ping"}\n\n'
BLOCK = b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}\n\n'
STOPPED = b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\ndata: {"type":"message_stop"}\n\n'

TRIED_AGAIN = [408, 409, 429, 500, 502, 503, 504, *range(520, 525), 529]
FINAL = [400, 401, 402, 403, 404, 405, 413, 415, 418, 422, 425, 451, 501]


class Waits:
    """A source of jitter that waits for nothing and remembers between what it had to choose."""

    def __init__(self):
        self.ranges = []

    def __call__(self, low, high):
        self.ranges.append((low, high))
        return 0


@pytest.fixture
def waits():
    return Waits()


def client_of(server, waits, *, provider="openai_compatible", timeouts=None, **retry):
    policy = AddressPolicy.granting([server.url])
    config = ModelConfig(provider=provider, model="m", base_url=server.url, api_key=Secret("sk-0123456789"))
    transport = Transport(policy, timeouts=timeouts or Timeouts(connect=SOON))
    return UnifiedLLMClient(config, transport=transport, retry=Retry(uniform=waits, **retry))


def replying(*each):
    """One reply after the other, the last one for good; a callable does with the connection what it likes."""
    left = list(each)

    def script(peer):
        while peer.read_request():
            reply = left.pop(0) if len(left) > 1 else left[0]
            if callable(reply):
                reply(peer)
                return
            peer.send(reply)

    return script


def refusal(status, message="no", headers=b"", **fields):
    body = json.dumps({"error": {"message": message, **fields}}).encode()
    return answer(body, status=b"%d Refused" % status, headers=headers)


def asked(server, client, **arguments):
    """The error of a chat, and how many requests it took."""
    with pytest.raises(LLMError) as raised:
        client.chat([user("x")], **arguments)
    return raised.value, len(server.requests)


@pytest.mark.parametrize("status", TRIED_AGAIN)
def test_a_passing_status_is_asked_three_times_and_the_pauses_double(serve, waits, status):
    server = serve(replying(refusal(status)))
    error, requests = asked(server, client_of(server, waits))
    assert (error.status, requests) == (status, 3)
    assert isinstance(error, RateLimited if status == 429 else LLMError)
    assert waits.ranges == [(0, 0.5), (0, 1.0)]


@pytest.mark.parametrize("status", FINAL)
def test_gotcha_42_a_lasting_status_is_asked_once(serve, waits, status):
    server = serve(replying(refusal(status)))
    error, requests = asked(server, client_of(server, waits))
    assert (error.status, requests, waits.ranges) == (status, 1, [])


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(429, code="insufficient_quota"), QuotaExceeded),
        (refusal(429, type="insufficient_quota", headers=b"Retry-After: 1\r\n"), QuotaExceeded),
        (refusal(403, "You have exceeded your monthly spending limit."), LLMError),
        (refusal(401, code="invalid_api_key"), BadCredentials),
        (refusal(404, "The model m does not exist", code="model_not_found"), ModelNotFound),
        (refusal(400, "x", code="content_filter"), ContentFiltered),
    ],
)
def test_gotcha_40_what_money_or_people_must_settle_is_asked_once(serve, waits, reply, kind):
    server = serve(replying(reply))
    error, requests = asked(server, client_of(server, waits))
    assert isinstance(error, kind)
    assert requests == 1


def test_a_spent_tier_of_anthropic_is_asked_once(serve, waits):
    """A 429 that names no time is the monthly limit."""
    server = serve(replying(refusal(429, type="rate_limit_error")))
    error, requests = asked(server, client_of(server, waits, provider="anthropic"))
    assert (type(error), requests) == (QuotaExceeded, 1)


@pytest.mark.parametrize("failures", [1, 2])
def test_an_answer_after_failures_is_the_answer(serve, waits, failures):
    server = serve(replying(*[refusal(503)] * failures, COMPLETE))
    assert client_of(server, waits).chat([user("x")]).text == "Hello"
    assert len(server.requests) == failures + 1


# What the server asks to wait


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (b"Retry-After: 0\r\n", 0),
        (b"retry-after: 0.02\r\n", 0.02),
        (b"Retry-After-Ms: 30\r\nRetry-After: 60\r\n", 0.03),
        (b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 0),
    ],
)
def test_a_short_wait_that_the_server_names_is_kept(serve, waits, status, headers, seconds):
    server = serve(replying(refusal(status, headers=headers), COMPLETE))
    began = time.monotonic()
    assert client_of(server, waits).chat([user("x")]).text == "Hello"
    assert time.monotonic() - began >= seconds
    assert waits.ranges == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["11", "3600", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_long_wait_goes_to_the_caller(serve, waits, status, value):
    server = serve(replying(refusal(status, headers=b"Retry-After: %s\r\n" % value.encode())))
    error, requests = asked(server, client_of(server, waits))
    assert requests == 1
    assert error.retry_after > 10


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "inf", "-inf", "1e999", "0x10", "1;2", "Wed, 99 Foo 9999"])
def test_a_wait_that_means_nothing_is_ours_to_choose(serve, waits, value):
    server = serve(replying(refusal(429, headers=b"Retry-After: %s\r\n" % value.encode()), COMPLETE))
    assert client_of(server, waits).chat([user("x")]).text == "Hello"
    assert waits.ranges == [(0, 0.5)]


def test_a_pause_ends_when_the_call_is_cancelled(serve, waits):
    server, cancellation = serve(replying(refusal(429, headers=b"Retry-After: 60\r\n"))), Cancellation()
    client = client_of(server, waits, longest_server_delay=600)
    threading.Timer(0.1, cancellation.cancel).start()
    began = time.monotonic()
    error, requests = asked(server, client, cancellation=cancellation)
    assert (type(error), requests) == (Cancelled, 1)
    assert time.monotonic() - began < SOON


# Failures of the connection


def test_a_connection_that_cannot_be_made_is_tried_three_times(waits, monkeypatch):
    class Nowhere:
        url = "http://127.0.0.1:1"
        requests = ()

    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        Nowhere.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error, _ = asked(Nowhere, client_of(Nowhere, waits))
    assert isinstance(error, Unreachable)
    assert waits.ranges == [(0, 0.5), (0, 1.0)]


def test_a_name_that_is_not_known_is_tried_three_times(waits, monkeypatch):
    lookups = []

    def unknown(host, *_, **__):
        lookups.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    class Unknown:
        url = "http://models.example:8000"
        requests = lookups

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error, requests = asked(Unknown, client_of(Unknown, waits))
    assert (type(error), requests) == (Unreachable, 3)


@pytest.mark.parametrize("begin", [b"", CHUNKED])
def test_silence_after_the_request_is_never_tried_again(serve, waits, begin):
    """The server may be generating, and billing."""
    server = serve(replying(lambda peer: (peer.send(begin), peer.hang())))
    error, requests = asked(server, client_of(server, waits, timeouts=Timeouts(first_byte=0.2)))
    assert (type(error), requests, waits.ranges) == (TimedOut, 1, [])


@pytest.mark.parametrize(
    "reply",
    [
        lambda peer: None,
        lambda peer: peer.reset(),
        lambda peer: peer.send(OK),
        lambda peer: peer.send(CHUNKED),
        lambda peer: peer.send(CHUNKED, b"5\r\nda"),
        lambda peer: peer.send(CLOSE_DELIMITED, b": keep-alive\n\n"),
    ],
)
def test_a_cut_after_the_request_is_never_tried_again(serve, waits, reply):
    server = serve(replying(reply))
    error, requests = asked(server, client_of(server, waits))
    assert (type(error), requests, waits.ranges) == (Truncated, 1, [])


@pytest.mark.parametrize("scheme", ["https"])
def test_a_certificate_that_cannot_be_trusted_is_asked_once(serve, waits, server_tls, scheme):
    server = serve(lambda peer: peer.start_tls(), server_tls)

    class Secure:
        url = server.url.replace("http", scheme)
        requests = server.requests

    error, _ = asked(Secure, client_of(Secure, waits))
    assert (type(error), server.connections, waits.ranges) == (Untrusted, 1, [])


# Errors inside a stream


@pytest.mark.parametrize("before", [b"", PING, STARTED, STARTED + PING])
def test_gotcha_34_an_error_before_anything_was_said_is_tried_again(serve, waits, before):
    complete = CHUNKED + chunk(STARTED + BLOCK + STOPPED) + LAST_CHUNK
    server = serve(replying(CHUNKED + chunk(before + ERROR_EVENT) + LAST_CHUNK, complete))
    assert client_of(server, waits, provider="anthropic").chat([user("x")]).text == "Hel"
    assert len(server.requests) == 2


def test_gotcha_34_an_error_after_the_first_word_is_not(serve, waits):
    server = serve(replying(CHUNKED + chunk(STARTED + BLOCK + ERROR_EVENT) + LAST_CHUNK))
    events = client_of(server, waits, provider="anthropic").stream([user("x")])
    assert next(events) == TextDelta("Hel")
    with pytest.raises(Overloaded):
        next(events)
    assert len(server.requests) == 1

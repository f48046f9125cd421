"""Transport against real sockets: every phase in which a provider can hang, drip, cut, lie or flood."""

import gc
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from llm.addresses import AddressPolicy
from llm.errors import (
    BadCredentials,
    BadRequest,
    Blocked,
    Cancelled,
    LLMError,
    NotAnAPI,
    ProviderError,
    TimedOut,
    Truncated,
    Unreachable,
)
from llm.transport import Timeouts, Transport, transport_for
from llm.types import Cancellation, HttpRequest
from tests.llm.hangs import full_backlog
from tests.llm.tripwire import address_records
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, LAST_CHUNK, OK, answer, chunk

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


def test_a_chunked_answer_comes_chunk_by_chunk(serve):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(b"one"))
        assert peer.server.reached.wait(SOON)
        peer.send(chunk(b"two"), LAST_CHUNK)

    server = serve(script)
    with granted(server).send(post(server)) as response:
        chunks = iter(response)
        assert next(chunks) == b"one"
        server.reached.set()
        assert b"".join(chunks) == b"two"


def test_gotcha_5_an_answer_without_chunks_and_length_comes_at_once_too(serve):
    def script(peer):
        peer.read_request()
        peer.send(CLOSE_DELIMITED, b"one")
        assert peer.server.reached.wait(SOON)

    server = serve(script)
    with granted(server).send(post(server)) as response:
        chunks = iter(response)
        assert next(chunks) == b"one"
        server.reached.set()
        assert list(chunks) == []


def test_headers_have_lower_case_names(serve):
    server = serve(each_request(answer(b"{}", headers=b"X-Request-ID: 7\r\n")))
    with granted(server).send(post(server)) as response:
        assert response.status == 200
        assert response.headers["x-request-id"] == "7"


def test_what_goes_out(serve):
    server = serve(each_request(answer(b"{}")))
    body_of(granted(server), post(server, "/v1/x?api-version=1", {"Authorization": "Bearer k"}))
    lines = server.requests[0].split(b"\r\n")
    assert lines[0] == b"POST /v1/x?api-version=1 HTTP/1.1"
    assert b"Authorization: Bearer k" in lines
    assert b"Accept-Encoding: identity" in lines
    assert lines[-1] == b"{}"


def test_gotcha_46_and_52_netrc_and_proxies_of_the_environment_are_ignored(serve, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server = serve(each_request(answer(b"{}")))
    body_of(granted(server), post(server, headers={"Authorization": "Bearer k"}))
    assert b"Authorization: Bearer k\r\n" in server.requests[0]


def test_cookies_are_not_kept(serve):
    server = serve(each_request(answer(b"{}", headers=b"Set-Cookie: a=b\r\n")))
    transport = granted(server)
    for _ in range(2):
        body_of(transport, post(server))
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("reply", [answer(b"{}"), CHUNKED + chunk(b"{}") + LAST_CHUNK])
def test_a_connection_serves_again_after_its_answer_was_read(serve, reply):
    server = serve(each_request(reply))
    transport = granted(server)
    assert [body_of(transport, post(server)) for _ in range(3)] == [b"{}"] * 3
    assert server.connections == 1


def test_a_connection_serves_again_although_the_reader_left_just_before_the_end(serve):
    server = serve(each_request(CHUNKED + chunk(b"[DONE]") + LAST_CHUNK))
    transport = granted(server)
    for _ in range(3):
        with transport.send(post(server)) as response:
            assert next(iter(response)) == b"[DONE]"
            response.settle()
    assert server.connections == 1


def test_a_connection_that_the_server_gave_up_meanwhile_is_replaced(serve):
    given_up = threading.Semaphore(0)

    def script(peer):
        peer.read_request()
        peer.send(answer(b"{}"))
        peer.sock.shutdown(socket.SHUT_RDWR)
        given_up.release()

    server = serve(script)
    transport = granted(server)
    for _ in range(3):
        assert body_of(transport, post(server)) == b"{}"
        assert given_up.acquire(timeout=SOON)
    assert server.connections == 3


def test_leaving_early_closes_the_connection(serve):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(b"one"))
        peer.hang()

    server = serve(script)
    with granted(server).send(post(server)) as response:
        next(iter(response))
    assert server.client_left.wait(SOON)


# Deadlines


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


@pytest.fixture
def no_room():
    with full_backlog() as port:
        yield f"http://127.0.0.1:{port}"


# Cancelling


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


# Cuts


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


# Lies and floods


@pytest.mark.parametrize(
    "status", [b"301 Moved", b"302 Found", b"303 See Other", b"307 Temporary", b"308 Permanent", b"304 x"]
)
def test_the_body_of_a_redirect_is_not_read(serve, status):
    def script(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 %s\r\nLocation: http://127.0.0.1:%d/x\r\n\r\n" % (status, peer.server.port))
        while True:
            peer.send(b"x" * 65536)

    server = serve(script)
    assert "base URL" in quickly(NotAnAPI, lambda: granted(server).send(post(server))).message
    assert server.client_left.wait(SOON)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "kind", [b"text/html; charset=utf-8", b"text/plain", b"image/png", b"application/octet-stream"]
)
def test_an_answer_that_is_no_api(serve, kind):
    server = serve(each_request(answer(b"<html>", kind=kind)))
    quickly(NotAnAPI, lambda: granted(server).send(post(server)))


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json; charset=utf-8",
        b"application/x-ndjson",
        b"Text/Event-Stream",
        b"application/problem+json",
        b"",
    ],
)
def test_content_types_of_apis(serve, kind):
    server = serve(each_request(answer(b"{}", kind=kind)))
    assert body_of(granted(server), post(server)) == b"{}"


def test_an_error_may_have_any_content_type(serve):
    server = serve(each_request(answer(b"<h1>", status=b"502 Bad Gateway", kind=b"text/html")))
    with granted(server).send(post(server)) as response:
        assert (response.status, response.read(2)) == (502, b"<h")


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"GZIP", b"identity, gzip"])
def test_compressed_answers_are_refused(serve, coding):
    server = serve(each_request(answer(b"x" * 100, headers=b"Content-Encoding: %s\r\n" % coding)))
    quickly(ProviderError, lambda: granted(server).send(post(server)))


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ESMTP\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000]
)
def test_an_answer_that_is_no_http(serve, greeting):
    server = serve(lambda peer: (peer.read_request(), peer.send(greeting)))
    quickly(NotAnAPI, lambda: granted(server).send(post(server)))


def test_an_endless_body_is_cut(serve, monkeypatch):
    monkeypatch.setattr("llm.transport.LONGEST_BODY", 1_000_000)

    def script(peer):
        peer.read_request()
        peer.send(CLOSE_DELIMITED)
        while True:
            peer.send(b"x" * 65536)

    server = serve(script)
    with granted(server).send(post(server)) as response, pytest.raises(Truncated, match="longer"):
        list(response)
    assert server.client_left.wait(SOON)


# TLS


def test_tls_with_a_trusted_certificate(serve, certificate, server_tls):
    server = serve(lambda peer: (peer.start_tls(), each_request(answer(b"{}"))(peer)), server_tls)
    transport = granted(server, scheme="https", ca_file=str(certificate[0]))
    assert [body_of(transport, post(server, scheme="https")) for _ in range(2)] == [b"{}"] * 2
    assert server.connections == 1


def test_tls_with_an_untrusted_certificate(serve, server_tls):
    server = serve(lambda peer: peer.start_tls(), server_tls)
    error = quickly(Unreachable, lambda: granted(server, scheme="https").send(post(server, scheme="https")))
    assert "certificate" in error.message
    assert not error.retryable


def test_tls_with_a_certificate_for_another_name(serve, certificate, server_tls):
    server = serve(lambda peer: peer.start_tls(), server_tls)
    url = f"https://localhost:{server.port}/"
    transport = Transport(AddressPolicy.granting([url]), ca_file=str(certificate[0]))
    error = quickly(Unreachable, lambda: transport.send(HttpRequest(method="GET", url=url, headers={})))
    assert "certificate" in error.message
    assert not error.retryable


def test_certificates_to_trust_are_not_read_again_for_each_connection(serve, certificate, server_tls, monkeypatch):
    closing = answer(b"{}", headers=b"Connection: close\r\n")
    server = serve(lambda peer: (peer.start_tls(), each_request(closing)(peer)), server_tls)
    transport = granted(server, scheme="https", ca_file=str(certificate[0]))
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", None)
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", None)
    for _ in range(2):
        assert body_of(transport, post(server, scheme="https")) == b"{}"
    assert server.connections == 2


def test_plain_http_where_tls_was_expected(serve):
    server = serve(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert (
        "https"
        in quickly(Unreachable, lambda: granted(server, scheme="https").send(post(server, scheme="https"))).message
    )


# Headers


@pytest.mark.parametrize("value", ["k\r\nX: y", "k\n", "k\0", "kľúč", " k", "k\x7f", "\ud800"])
def test_gotcha_50_keys_that_cannot_be_sent(serve, value):
    server = serve(each_request(answer(b"{}")))
    error = quickly(BadCredentials, lambda: granted(server).send(post(server, headers={"X-API-Key": value})))
    assert "The key holds" in error.message
    assert server.connections == 0


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "Cookie", "Proxy-Authorization", "X y", "", "X\r\nY"]
)
def test_header_names_that_cannot_be_sent(serve, name):
    server = serve(each_request(answer(b"{}")))
    quickly(BadRequest, lambda: granted(server).send(post(server, headers={name: "1"})))
    assert server.connections == 0


def test_a_value_that_cannot_be_sent_is_not_repeated(serve):
    server = serve(each_request(answer(b"{}")))
    error = quickly(BadRequest, lambda: granted(server).send(post(server, headers={"X-Team": "blue\r\nteam"})))
    assert "X-Team" in error.message
    assert "blue" not in error.message


# Policies


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

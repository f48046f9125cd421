"""An answer as it comes, and the connection that it leaves behind."""

import socket
import threading

import pytest

from tests.llm.transport.exchanges import SOON, body_of, each_request, granted, post
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, LAST_CHUNK, answer, chunk


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

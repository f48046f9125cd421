"""Answers that are no API, lie about themselves or never end."""

import pytest

from llm.errors import NotAnAPI, ProviderError, Truncated
from tests.llm.transport.exchanges import SOON, body_of, each_request, granted, post, quickly
from tests.llm.wire import CLOSE_DELIMITED, answer


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


@pytest.mark.parametrize("kind", [b"text/html; charset=utf-8", b"image/png", b"application/octet-stream"])
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
        b"text/plain; charset=utf-8",
        b"",
    ],
)
def test_content_types_of_apis(serve, kind):
    server = serve(each_request(answer(b"{}", kind=kind)))
    assert body_of(granted(server), post(server)) == b"{}"


def test_an_error_may_have_any_content_type(serve):
    server = serve(each_request(answer(b"<h1>", status=b"502 Bad Gateway", kind=b"text/html")))
    with granted(server).send(post(server)) as response:
        assert (response.status, b"".join(response)) == (502, b"<h1>")


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

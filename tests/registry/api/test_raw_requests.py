"""What no client sends, on a socket of `manage.py serve`: a clean answer or a closed connection, and it lives on."""

import json
import signal
import socket

import pytest

from tests.live_site import LiveSite
from tests.registry.api.refusals import error_in

SECONDS = 20
CLOSED = 0
BODY = b'{"name": "x", "provider": "openai"}'
CHUNKED = b"Transfer-Encoding: chunked"
SESSION = b"(the session of the site)"
SIGNED_IN = b"Cookie: sessionid=%b; csrftoken=%b\r\nX-CSRFToken: %b" % (SESSION, b"c" * 32, b"c" * 32)


def request(line, *headers, body=b""):
    return b"\r\n".join([line, b"Host: 127.0.0.1", b"Connection: close", *headers, b"", body])


def get(*headers, path=b"/api/models"):
    return request(b"GET %b HTTP/1.1" % path, *headers)


def post(body, *lengths):
    lengths = lengths or [b"Content-Length: %d" % len(body)]
    return request(b"POST /api/connections HTTP/1.1", SIGNED_IN, b"Content-Type: application/json", *lengths, body=body)


# Request -> the statuses that it may get.
REQUESTS = {
    "a model list": (get(), {200}),
    "a new connection": (post(BODY), {201}),
    "JSON that is cut off": (post(BODY[:-1]), {400}),
    "a body over the limit": (post(b'{"name": "%b"}' % (b"x" * 2_000_000)), {413}),
    "a negative length": (post(BODY, b"Content-Length: -1"), {400}),
    "a length that is none": (post(BODY, b"Content-Length: x"), {400}),
    "two lengths": (post(BODY, b"Content-Length: 2", b"Content-Length: 35"), {400}),
    "chunks": (post(b"23\r\n%b\r\n0\r\n\r\n" % BODY, CHUNKED), {411}),
    "chunks that are none": (post(b"zz\r\n%b\r\n0\r\n\r\n" % BODY, CHUNKED), {400}),
    "chunks and a length": (post(b"0\r\n\r\n", CHUNKED, b"Content-Length: 5"), {400}),
    "another encoding": (post(BODY, b"Transfer-Encoding: gzip"), {400, 411}),
    "bytes in a header": (get(b"X-A: \xff\xfe", b"Cookie: sessionid=\xff", b"Accept-Language: \xff"), {200}),
    "bytes in a token": (get(b"Authorization: Token \xff"), {401}),
    "bytes in a content type": (post(BODY, b"Content-Length: 35", b"Content-Type: \xff"), {415}),
    "bytes in a header's name": (get(b"\xff: x"), {400}),
    "NUL in a header": (get(b"X-A: a\0b"), {400}),
    "a header without a colon": (get(b"nonsense"), {400}),
    "a long header": (get(b"X-A: " + b"x" * 20_000), {400, 431, CLOSED}),
    "a header of a megabyte": (get(b"X-A: " + b"x" * 1_000_000), {400, 431, CLOSED}),
    "many headers": (get(*(b"X-%d: x" % number for number in range(1000))), {400, 431}),
    "bytes in a path": (get(path=b"/api/\xff"), {400}),
    "half a percent sign": (get(path=b"/api/%"), {404}),
    "NUL in a path": (get(path=b"/api/models/%00"), {404}),
    "a path that climbs": (get(path=b"/api/../admin/"), {404}),
    "a long path": (get(path=b"/api/" + b"x" * 10_000), {404}),
    "a path of a megabyte": (get(path=b"/api/" + b"x" * 1_000_000), {400, 414, CLOSED}),
    "another version": (request(b"GET /api/models HTTP/9.9"), {400, 505}),
    "the next protocol": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
}
CUT_OFF = [
    b"",
    b"GET /api/mod",
    get()[:-2],
    post(BODY, b"Content-Length: 1000"),
    post(BODY, b"Content-Length: 999999999999"),
    post(b"ff\r\n" + BODY, CHUNKED),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = LiveSite(tmp_path_factory.mktemp("site"), "http://127.0.0.1:9")
    site.set_up()
    site.start()
    yield site
    site.signal(signal.SIGINT)
    assert "Traceback" not in site.wait()


@pytest.fixture
def say(site):
    """Open a connection and say something; the session's id is filled in."""
    host, _, port = site.address.removeprefix("http://").rpartition(":")

    def say(raw):
        connection = socket.create_connection((host, int(port)), timeout=SECONDS)
        try:
            connection.sendall(raw.replace(SESSION, site.session.encode()))
        except ConnectionError:
            assert len(raw) > 20_000  # it hung up in the middle
        return connection

    return say


def heard(connection):
    """Status and body; `CLOSED` where there is no answer."""
    answer = b""
    with connection:
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else CLOSED, body


@pytest.mark.parametrize("name", REQUESTS)
def test_an_answer_or_the_end(say, name):
    raw, statuses = REQUESTS[name]
    status, body = heard(say(raw))
    assert status in statuses, body
    if status >= 400 and body:  # the server itself answers without one
        error_in(json.loads(body))
    assert heard(say(get(path=b"/healthz")))[0] == 200


def test_what_is_cut_off_does_nothing(say):
    def count():
        return json.loads(heard(say(get(SIGNED_IN, path=b"/api/connections")))[1])["count"]

    before = count()
    for raw in CUT_OFF:
        connection = say(raw)
        connection.shutdown(socket.SHUT_WR)
        assert heard(connection) == (CLOSED, b"")
    assert count() == before


def test_a_slow_body_holds_up_nobody(say, site):
    raw = post(BODY).replace(SESSION, site.session.encode())
    slow = [say(raw[:-number]) for number in range(1, 30)]
    for _ in range(3):
        assert heard(say(get()))[0] == 200
    for number, connection in enumerate(slow[:3], 1):
        connection.sendall(raw[-number:])
        assert heard(connection)[0] == 201
    for connection in slow[3:]:
        connection.close()
    assert heard(say(get()))[0] == 200

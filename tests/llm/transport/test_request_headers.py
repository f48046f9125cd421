"""What a connection may not add to a request."""

import pytest

from llm.errors import BadCredentials, BadRequest
from tests.llm.transport.exchanges import each_request, granted, post, quickly
from tests.llm.wire import answer


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

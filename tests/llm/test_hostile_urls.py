"""No hostile URL, name or redirect opens a socket, whichever door it comes through."""

import socket

import pytest

from llm.addresses import AddressPolicy, Origin, plain_address
from llm.client import UnifiedLLMClient
from llm.errors import BadRequest, Blocked, LLMError, NotAnAPI, Unreachable
from llm.retry import NO_RETRY
from llm.transport import Timeouts, Transport
from llm.types import HttpRequest, ModelConfig, user
from tests.llm.hostile_urls import GOOD, NAMES, URLS
from tests.llm.tripwire import address_records, connections, tripwire
from tests.llm.wire import answer

EVERY_URL = [pytest.param(url, id=f"{kind}-{number}") for kind, urls in URLS.items() for number, url in enumerate(urls)]
PASTED = [each for each in EVERY_URL if each.values[0] == each.values[0].strip(" ")]
REDIRECTS = [b"300 Multiple Choices", b"301 Moved Permanently", b"302 Found", b"303 See Other", b"304 Not Modified"]
REDIRECTS += [b"305 Use Proxy", b"307 Temporary Redirect", b"308 Permanent Redirect", b"399 Elsewhere"]


def get(url):
    return HttpRequest(method="GET", url=url, headers={})


def post(url):
    return HttpRequest(method="POST", url=url, headers={"x-api-key": "k"}, body=b"{}")


def answers(monkeypatch, *each):
    """Patch the resolver: each lookup gets the next of these lists of addresses, the last one for good."""
    left = [*each]
    lookups = []

    def look_up(host, port, **_):
        lookups.append(host)
        return address_records(*(left.pop(0) if len(left) > 1 else left[0]), port=port)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return lookups


def refused(call):
    """`call` is refused with one sentence, and without a socket or a lookup."""
    with tripwire.watching() as seen, pytest.raises((Blocked, BadRequest)) as raised:
        call()
    assert seen == []
    assert raised.value.message == Blocked.default_message or isinstance(raised.value, BadRequest)
    assert raised.value.message.endswith(".")
    return raised.value


def test_the_tripwire_sees_lookups_and_connections(serve):
    server = serve(lambda peer: (peer.read_request(), peer.send(answer(b"{}"))))
    with tripwire.watching() as seen:
        Transport(AddressPolicy.granting([server.url])).send(get(server.url)).close()
    assert {event for event, *_ in seen} >= {"socket.__new__", "socket.connect", "socket.getaddrinfo"}
    assert connections(seen) == [("127.0.0.1", server.port)]


def test_every_class_is_large_enough():
    assert sum(map(len, URLS.values())) >= 200
    assert all(len(urls) >= 3 for urls in URLS.values())


@pytest.mark.parametrize("url", EVERY_URL)
def test_a_hostile_url_opens_no_socket(url):
    error = refused(lambda: Transport(AddressPolicy()).send(get(url)))
    assert isinstance(error, Blocked)
    assert error.detail


@pytest.mark.parametrize("url", PASTED)
def test_a_hostile_base_url_opens_no_socket(url):
    """The client strips the blanks around what a person pasted and adds a path; what it makes must not pass either."""
    config = ModelConfig(provider="openai_compatible", model="m", base_url=url)
    client = UnifiedLLMClient(config, transport=Transport(AddressPolicy()), retry=NO_RETRY)
    refused(lambda: client.chat([user("x")]))


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_with_a_record_that_is_not_public_opens_no_socket(monkeypatch, kind):
    lookups = answers(monkeypatch, NAMES[kind])
    refused(lambda: Transport(AddressPolicy()).send(get("https://api.example.com/")))
    assert lookups == ["api.example.com"]


def test_a_name_without_addresses_is_unreachable(monkeypatch):
    answers(monkeypatch, [])
    with tripwire.watching() as seen, pytest.raises(Unreachable):
        Transport(AddressPolicy()).send(get("https://api.example.com/"))
    assert seen == []


@pytest.mark.parametrize("url", GOOD)
def test_a_public_address_is_not_refused(url):
    policy, origin = AddressPolicy(), Origin.parse(url)
    assert policy.check(url) == url
    assert all(policy.admits(origin, plain_address(address)) for address in GOOD[url] or [origin.host])


# Names that change their mind


def test_a_second_answer_is_judged_like_the_first(serve, monkeypatch):
    """Rebinding over time: the connection to the first address is gone, and the second one is not allowed."""
    server = serve(lambda peer: (peer.read_request(), peer.send(answer(b"{}", headers=b"Connection: close\r\n"))))
    url = f"http://ollama.example:{server.port}/"
    lookups = answers(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    transport = Transport(AddressPolicy.granting([url]))
    with transport.send(get(url)) as response:
        assert b"".join(response) == b"{}"
    refused(lambda: transport.send(get(url)))
    assert lookups == ["ollama.example"] * 2
    assert server.connections == 1


def test_a_lookup_is_not_repeated_between_check_and_connection(serve, monkeypatch):
    server = serve(lambda peer: (peer.read_request(), peer.send(answer(b"{}"))))
    url = f"http://ollama.example:{server.port}/"
    lookups = answers(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    with tripwire.watching() as seen:
        Transport(AddressPolicy.granting([url])).send(get(url)).close()
    assert connections(seen) == [("127.0.0.1", server.port)]
    assert lookups == ["ollama.example"]


# The site's own address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9", "[::ffff:127.0.0.1]", "own.example"])
def test_the_own_address_opens_no_socket_even_when_it_is_granted(monkeypatch, host):
    own, url = "http://localhost:8000", f"http://{host}:8000/v1"
    policy = AddressPolicy.granting([f"http://{host}:8000"], forbidden=[own])
    answers(monkeypatch, ["127.0.0.1"])
    if host in ("localhost", "own.example"):
        refused(lambda: Transport(policy).send(post(url)))
        return
    monkeypatch.undo()
    with tripwire.watching() as seen, pytest.raises(Blocked):
        Transport(policy).send(post(url))
    assert connections(seen) == []


# Redirects, over a real connection


LOCATIONS = [
    b"",
    b"Location: http://169.254.169.254/latest/meta-data/\r\n",
    b"Location: https://example.com/\r\n",
    b"Location: //127.0.0.1/x\r\n",
    b"Location: /elsewhere\r\n",
    b"Location: file:///etc/passwd\r\n",
    b"Location: http://127.0.0.1:%(port)d/x\r\n",
    b"Refresh: 0; url=http://169.254.169.254/\r\n",
    b"Location: http://[::1\r\nURI: http://127.0.0.1/\r\n",
]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("location", LOCATIONS)
def test_gotcha_47_and_48_no_redirect_is_followed(serve, status, location):
    def script(peer):
        while peer.read_request():
            peer.send(answer(b"{}", status=status, headers=location.replace(b"%(port)d", b"%d" % peer.server.port)))

    server = serve(script)
    with tripwire.watching() as seen, pytest.raises(NotAnAPI) as raised:
        Transport(AddressPolicy.granting([server.url])).send(post(server.url))
    assert "base URL" in raised.value.message
    assert connections(seen) == [("127.0.0.1", server.port)]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "headers", [b"Refresh: 0; url=http://169.254.169.254/\r\n", b'Alt-Svc: h2=":1"\r\n', b"Link: x\r\n"]
)
def test_headers_and_pages_that_point_elsewhere_are_not_followed(serve, headers):
    page = b'<meta http-equiv="refresh" content="0; url=http://169.254.169.254/">'
    server = serve(lambda peer: (peer.read_request(), peer.send(answer(page, kind=b"text/html", headers=headers))))
    with tripwire.watching() as seen, pytest.raises(NotAnAPI):
        Transport(AddressPolicy.granting([server.url])).send(post(server.url))
    assert connections(seen) == [("127.0.0.1", server.port)]


def test_a_switch_of_protocols_is_no_answer(serve):
    """101 hands the connection over to something else."""
    server = serve(lambda peer: (peer.read_request(), peer.send(answer(b"", status=b"101 Switching Protocols"))))
    with pytest.raises(LLMError):
        Transport(AddressPolicy.granting([server.url]), timeouts=Timeouts(total=10)).send(post(server.url))

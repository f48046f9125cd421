"""Certificates and handshakes."""

import ssl

from llm.addresses import AddressPolicy
from llm.errors import Untrusted
from llm.transport import Transport
from llm.types import HttpRequest
from tests.llm.transport.exchanges import body_of, each_request, granted, post, quickly
from tests.llm.wire import answer


def test_tls_with_a_trusted_certificate(serve, certificate, server_tls):
    server = serve(lambda peer: (peer.start_tls(), each_request(answer(b"{}"))(peer)), server_tls)
    transport = granted(server, scheme="https", ca_file=str(certificate[0]))
    assert [body_of(transport, post(server, scheme="https")) for _ in range(2)] == [b"{}"] * 2
    assert server.connections == 1


def test_tls_with_an_untrusted_certificate(serve, server_tls):
    server = serve(lambda peer: peer.start_tls(), server_tls)
    error = quickly(Untrusted, lambda: granted(server, scheme="https").send(post(server, scheme="https")))
    assert "certificate" in error.message


def test_tls_with_a_certificate_for_another_name(serve, certificate, server_tls):
    server = serve(lambda peer: peer.start_tls(), server_tls)
    url = f"https://localhost:{server.port}/"
    transport = Transport(AddressPolicy.granting([url]), ca_file=str(certificate[0]))
    error = quickly(Untrusted, lambda: transport.send(HttpRequest(method="GET", url=url, headers={})))
    assert "certificate" in error.message


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
        in quickly(Untrusted, lambda: granted(server, scheme="https").send(post(server, scheme="https"))).message
    )

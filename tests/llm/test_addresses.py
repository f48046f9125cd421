from ipaddress import ip_address

import pytest

from llm.addresses import AddressPolicy, Origin, is_public, plain_address
from llm.errors import Blocked

DENIED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3 127.255.255.255
168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1
192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1
::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b:1::1 100::1 1000::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2620:4f:8000::1
3fff::1 4000::1 5f00::1 e000::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
""".split()  # noqa: SIM905  a table of 67 quoted strings is harder to read
PUBLIC = """
1.1.1.1 8.8.8.8 9.9.9.9 100.63.255.255 100.128.0.1 104.18.6.192 172.15.255.255 172.32.0.1 192.169.0.1 223.255.255.254
2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001:81b::200e ::ffff:1.1.1.1
""".split()  # noqa: SIM905
NEVER_GRANTED = """
169.254.169.254 169.254.0.1 fe80::1 168.63.129.16 100.100.100.200 fd00:ec2::254 fd20:ce::254 fd00:c1::a9fe:a9fe
fd00:42::42 fd00:a9fe:a9fe::1 fd00:100::100:200
""".split()  # noqa: SIM905


@pytest.mark.parametrize("address", DENIED)
def test_addresses_that_are_not_public(address):
    assert not is_public(plain_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address):
    assert is_public(plain_address(address))


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("HTTPS://API.Example.COM/v1", "https://api.example.com/v1"),
        ("https://example.com:443/v1/x?api-version=2024-10-21", "https://example.com:443/v1/x?api-version=2024-10-21"),
        ("https://example.com/a/../b", "https://example.com/b"),
        ("https://example.com/models/org%2Fname:tag@rev", "https://example.com/models/org%2Fname:tag@rev"),
        ("https://xn--bcher-kva.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
    ],
)
def test_public_urls_in_their_canonical_spelling(url, canonical):
    assert AddressPolicy().check(url) == canonical


def test_a_grant_opens_exactly_its_origin():
    policy = AddressPolicy.granting(["http://10.0.0.5:8000"])
    assert policy.check("http://10.0.0.5:8000/v1") == "http://10.0.0.5:8000/v1"
    for other in ["http://10.0.0.5:8001/", "https://10.0.0.5:8000/", "http://10.0.0.6:8000/", "http://10.0.0.5/"]:
        with pytest.raises(Blocked):
            policy.check(other)


@pytest.mark.parametrize("name", ["localhost", "ollama", "host.docker.internal"])
def test_a_grant_opens_internal_names(name):
    assert AddressPolicy.granting([f"http://{name}:11434"]).check(f"http://{name}:11434/")


def test_a_grant_knows_every_spelling_of_its_host():
    policy = AddressPolicy.granting(["http://[0:0:0:0:0:0:0:1]:11434", "HTTP://LocalHost:80"])
    assert policy.check("http://[::1]:11434/")
    assert policy.check("http://localhost/")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "172.20.0.2", "fd12::1", "1.1.1.1"])
def test_a_granted_name_may_resolve_to_private_and_public_addresses(address):
    origin = Origin("http", "ollama", 11434)
    assert AddressPolicy(grants=frozenset({origin})).admits(origin, ip_address(address))
    assert AddressPolicy().admits(origin, ip_address(address)) is (address == "1.1.1.1")


@pytest.mark.parametrize("address", [*NEVER_GRANTED, "0.0.0.0", "224.0.0.1", "64:ff9b::7f00:1", "::"])
def test_no_grant_opens_link_local_and_metadata(address):
    host = f"[{address}]" if ":" in address else address
    policy = AddressPolicy.granting([f"http://{host}:80", "http://ollama:80"])
    assert not policy.admits(Origin("http", "ollama", 80), ip_address(address))
    with pytest.raises(Blocked):
        policy.check(f"http://{host}/")


def test_the_site_itself_is_blocked_even_when_granted():
    urls = ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://127.9.9.9:8000"]
    policy = AddressPolicy.granting(
        [*urls, "http://127.0.0.1:11434", "https://chat.example.com"],
        forbidden=[
            "http://localhost:8000",
            "http://127.0.0.1:8000",
            "https://chat.example.com",
        ],
    )
    for url in [*urls[:2], "https://chat.example.com"]:
        with pytest.raises(Blocked):
            policy.check(url)
    for url in urls:
        origin = Origin.parse(url)
        assert not policy.admits(origin, ip_address("127.0.0.1"))
        assert not policy.admits(origin, ip_address("::1"))
    assert policy.check("http://127.0.0.1:11434/")


@pytest.mark.parametrize("url", ["10.0.0.5:8000", "ftp://10.0.0.5", "http://user@x", "http://x:0"])
def test_a_grant_that_is_no_origin_is_refused(url):
    with pytest.raises(ValueError, match=r"plain|range"):
        AddressPolicy.granting([url])


def test_an_origin_prints_as_one():
    assert str(Origin.parse("HTTPS://Example.com/v1")) == "https://example.com:443"
    assert str(Origin.parse("http://[0:0::1]:80/")) == "http://[::1]:80"


def test_policies_are_values():
    one, two = (AddressPolicy.granting(["http://a:1", "http://b:2"]) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)

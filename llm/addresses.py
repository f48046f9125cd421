"""Which addresses a call may reach. Decides about URLs and resolved addresses; resolves and connects nothing itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, TypeAlias

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from llm.errors import Blocked

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LONGEST_URL = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

# Stricter than any URL parser, so that no two of them can read different hosts: no userinfo, fragment, backslash,
# blank, percent sign or non-ASCII character before the path.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?][!$-\[\]_a-z~]*)?",
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
# A last label that is a number makes resolvers read the whole host as an IPv4 address (WHATWG URL, "ends in a number").
_NUMERIC = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
_INTERNAL_SUFFIXES = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private"}
    | {"test", "invalid", "onion", "arpa"}
)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, text.split()))


# RFC 6890 and the IANA special-purpose registries; `is_global` of Python 3.11 lets several of these through.
_NOT_PUBLIC = _networks(
    """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
    """
)
# The only block that IANA gives out as global unicast. Outside lie loopback, ULA, link-local and NAT64 (64:ff9b::/96).
_GLOBAL_UNICAST = ip_network("2000::/3")
_GRANTABLE = _networks("10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")
# Link-local, and the metadata services that lie elsewhere, because they hand out credentials: Azure, Alibaba, and over
# IPv6 those of AWS, Google, Oracle, Scaleway, Akamai and Alibaba.
_NEVER = _networks(
    """
    169.254.0.0/16 fe80::/10 168.63.129.16/32 100.100.100.200/32
    fd00:ec2::/32 fd20:ce::/32 fd00:c1::/32 fd00:42::/32 fd00:a9fe:a9fe::/48 fd00:100::100:200/128
    """
)

# What a policy can object to in an address as it is written, before any name is resolved.
OWN_ADDRESS = "own address"
RESERVED = "link-local or reserved address"
PRIVATE = "private address"
INTERNAL_NAME = "internal name"
SCHEME_OR_PORT = "scheme or port not allowed"


class Origin(NamedTuple):
    """Scheme, host in its canonical spelling (IPv6 without brackets) and port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Origin:
        """The origin of a URL; ValueError with the reason if the URL is not plain enough to be trusted."""
        match = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
        if match is None:
            raise ValueError("not a plain http or https URL")
        scheme = match["scheme"].lower()
        port = DEFAULT_PORTS[scheme] if match["port"] is None else int(match["port"])
        if not 0 < port < 65536:
            raise ValueError("port out of range")
        return cls(scheme, canonical_host(match["host"].lower()), port)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def canonical_host(host: str) -> str:
    if host.startswith("["):
        return str(IPv6Address(host[1:-1]))
    if not _NAME.fullmatch(host):
        raise ValueError("not a host name")
    return str(IPv4Address(host)) if _NUMERIC.fullmatch(host) else host


def _address_of(host: str) -> Address | None:
    """The address that a canonical host spells, None for a name."""
    return ip_address(host) if ":" in host or _NUMERIC.fullmatch(host) else None


def plain_address(text: str) -> Address:
    """An address as resolvers and sockets write it, without zone and without the IPv4-mapped disguise."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _within(address: Address, blocks: Iterable[Network]) -> bool:
    return any(address in network for network in blocks)


def is_public(address: Address) -> bool:
    if _within(address, _NEVER) or _within(address, _NOT_PUBLIC):
        return False
    return address.is_global if address.version == 4 else address in _GLOBAL_UNICAST


def _is_internal_name(host: str) -> bool:
    return "." not in host or host.rpartition(".")[2] in _INTERNAL_SUFFIXES


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public https addresses, and what the grants add. `forbidden` beats every grant: the site's own addresses.

    A grant opens exactly its scheme, host and port, towards public, private and loopback addresses; link-local and
    metadata addresses stay closed. Policies are equal by value, and connections are shared inside one policy only.
    """

    grants: frozenset[Origin] = frozenset()
    forbidden: frozenset[Origin] = frozenset()
    ports: frozenset[int] = frozenset({443})

    @classmethod
    def granting(cls, urls: Iterable[str], *, forbidden: Iterable[str] = ()) -> AddressPolicy:
        """A policy from URLs such as `http://10.0.0.5:8000`; ValueError if one of them is no plain URL."""
        return cls(grants=frozenset(map(Origin.parse, urls)), forbidden=frozenset(map(Origin.parse, forbidden)))

    def check(self, url: str) -> str:
        """The URL in its canonical spelling, or `Blocked`. Names are judged again when they are resolved."""
        try:
            origin = Origin.parse(url)
            canonical = parse_url(url).url
        except LocationParseError:  # its message holds the URL
            raise Blocked(detail="no URL to the transport") from None
        except ValueError as reason:
            raise Blocked(detail=str(reason)) from None
        if Origin.parse(canonical) != origin:
            raise Blocked(detail=f"{origin}: two readings of one URL")
        self._check_origin(origin)
        return canonical

    def admits(self, origin: Origin, address: Address) -> bool:
        """Whether a call to `origin` may connect to `address`, one of those that its name resolved to."""
        if _within(address, _NEVER) or self._is_own(address, origin.port):
            return False
        return is_public(address) or (origin in self.grants and _within(address, _GRANTABLE))

    def _check_origin(self, origin: Origin) -> None:
        if any((origin.host, origin.port) == (own.host, own.port) for own in self.forbidden):
            raise Blocked(detail=OWN_ADDRESS)
        literal = _address_of(origin.host)
        if literal is not None:
            self._check_literal(origin, plain_address(str(literal)))
        if origin not in self.grants:
            self._check_ungranted(origin)

    def _check_literal(self, origin: Origin, address: Address) -> None:
        if self._is_own(address, origin.port):
            raise Blocked(detail=OWN_ADDRESS)
        if not self.admits(origin, address):
            raise Blocked(detail=PRIVATE if _within(address, _GRANTABLE) and not _within(address, _NEVER) else RESERVED)

    def _check_ungranted(self, origin: Origin) -> None:
        if origin.scheme != "https" or origin.port not in self.ports:
            raise Blocked(detail=SCHEME_OR_PORT)
        if _address_of(origin.host) is None and _is_internal_name(origin.host):
            raise Blocked(detail=INTERNAL_NAME)

    def _is_own(self, address: Address, port: int) -> bool:
        return any(port == own.port and _is_same_place(address, own.host) for own in self.forbidden)


def _is_same_place(address: Address, host: str) -> bool:
    """Whether `host`, an own address of this site, is `address`; the many spellings of loopback are one place."""
    literal = _address_of(host)
    if literal is None:
        return host == "localhost" and address.is_loopback
    own = plain_address(str(literal))
    return address == own or (address.is_loopback and (own.is_loopback or own.is_unspecified))

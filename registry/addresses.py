"""Where a connection points, in one spelling. Whether a socket may go there is decided again when it is opened."""

from __future__ import annotations

import re

from llm.errors import Blocked

# Nothing that two parsers of addresses could read differently: no user, query, fragment, backslash or percent sign.
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?(?P<path>(?:/[\w.~+=:@-]*)*)",
    re.ASCII | re.IGNORECASE,
)
PORTS = {"http": 80, "https": 443}


def normalised(url: str) -> str:
    """Lower-case scheme and host, no default port, no slash at the end. An address that cannot be read is refused."""
    scheme, host, port, path = _parse(url)
    shown_port = "" if port == PORTS[scheme] else f":{port}"
    return f"{scheme}://{host}{shown_port}{path.rstrip('/')}"


def origin_of(url: str) -> str:
    """Scheme, host and port, the port always written out."""
    scheme, host, port, _ = _parse(url)
    return f"{scheme}://{host}:{port}"


def _parse(url: str) -> tuple[str, str, int, str]:
    match = ADDRESS.fullmatch(url)
    if match is None:
        raise Blocked("This is not an address that can be used. Write it like https://api.example.com/v1.")
    scheme = match["scheme"].lower()
    return scheme, match["host"].lower(), int(match["port"] or PORTS[scheme]), match["path"]

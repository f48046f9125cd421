"""Secrets in every spelling in which they could get out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from urllib.parse import quote, quote_plus

# Long enough that no ordinary text holds it by chance, short enough that half a key is found.
PIECE = 8
# What a key begins with says which vendor's it is, and every reader may know it.
PUBLIC = ("sk-proj-", "dmr_")


@cache
def spellings(secret: str | bytes) -> frozenset[bytes]:
    """Plain, URL-quoted, escaped for JSON and HTML, hexadecimal, and what base64 of a text around it contains."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    texts = [] if isinstance(secret, bytes) else list(spelled_texts(secret))
    encoded = {raw, raw.hex().encode(), *(text.encode() for text in texts), *base64_around(raw)}
    return frozenset(encoded)


def spelled_texts(secret: str) -> Iterator[str]:
    in_json = json.dumps(secret)[1:-1]
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret), escape(secret), in_json)
    yield from (in_json.replace("/", "\\/"), secret.replace("=", "\\u003D").replace("+", "\\u002B"))


def base64_around(raw: bytes) -> Iterator[bytes]:
    """By where in a group of three bytes it begins; the characters at both ends depend on its neighbours."""
    for lead, unsure in ((0, 0), (1, 2), (2, 3)):
        whole = (lead + len(raw)) // 3 * 4
        encoded = base64.b64encode(b"\0" * lead + raw)[unsure:whole]
        yield encoded
        yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


@cache
def pieces(secret: str) -> frozenset[bytes]:
    """Every eight characters in a row of every spelling, in lower case."""
    own = next((secret.removeprefix(prefix) for prefix in PUBLIC if secret.startswith(prefix)), secret)
    return frozenset(piece for spelling in spellings(own) for piece in windows(spelling.lower()))


def found_in(data: bytes, secrets: Mapping[str, str | bytes]) -> list[str]:
    """The names of those that stand in `data`, whole, in whichever spelling."""
    return [name for name, secret in secrets.items() if any(spelling in data for spelling in spellings(secret))]


def windows(data: bytes) -> set[bytes]:
    return {data[start : start + PIECE] for start in range(len(data) - PIECE + 1)}


def pieces_in(data: bytes, secrets: Iterable[str]) -> list[bytes]:
    """What of the secrets stands in `data`, however little and in whichever spelling."""
    found = windows(data.lower())
    return [piece for secret in secrets for piece in found & pieces(secret)]

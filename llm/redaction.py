"""Takes keys out of sentences that a provider wrote: some repeat the key that they refuse."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from llm.storable import storable
from llm.types import ModelConfig

LONGEST_MESSAGE = 300
# Shorter header values ("1", "beta") are no keys, and taking them out would tear up the sentence.
SHORTEST_SECRET = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\s]+")


class Redaction:
    """Knows the secrets of one model, and each of the spellings in which an error may repeat them."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config

    def clean(self, message: str) -> str:
        """One printable line of at most 300 characters without a secret, fit for a database and for JSON."""
        line = storable(_CONTROL.sub(" ", message).strip())
        # Made here and not beforehand: few calls fail, and a client is made for each (15 µs of its 400).
        pattern = _pattern_of(_secrets_of(self._config))
        redacted = pattern.sub("***", line) if pattern else line
        return redacted if len(redacted) <= LONGEST_MESSAGE else redacted[: LONGEST_MESSAGE - 1] + "…"


def _secrets_of(config: ModelConfig) -> Iterator[str]:
    for secret in (config.api_key, *config.headers.values()):
        value = secret.reveal().strip()
        yield value
        yield value.rpartition(" ")[2]  # the key in "Bearer <key>"


def _pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    found = {spelling for secret in secrets if len(secret) >= SHORTEST_SECRET for spelling in _spellings(secret)}
    # Longest first, or the escaped form would be cut at the part that it shares with the plain one.
    ordered = sorted(found, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None


def _spellings(secret: str) -> set[str]:
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    slashes_too = {escaped.replace("/", "\\/") for escaped in in_json}
    in_urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {secret, *in_urls, *in_json, *slashes_too, *_base64_of(secret)}


def _base64_of(secret: str) -> Iterator[str]:
    """What base64 of a text around `secret` contains: that depends on where in a group of three bytes it begins."""
    raw = secret.encode()
    for lead, unsure in ((0, 0), (1, 2), (2, 3)):
        whole = (lead + len(raw)) // 3 * 4
        encoded = base64.b64encode(b"\0" * lead + raw).decode()[unsure:whole]
        if len(encoded) >= SHORTEST_SECRET:
            yield encoded
            yield encoded.translate(str.maketrans("+/", "-_"))

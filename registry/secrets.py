"""What a person may enter as a key or a header, and how much of a key is shown afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from llm.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

# The longest match is shown: it says which kind of key this is and nothing about its value.
KNOWN_PREFIXES = ("sk-proj-", "sk-ant-", "sk-or-", "sk-", "hf_", "gsk_", "AIza")
SHORTEST_PREVIEWED = 20

# Spaces and line breaks would end the header in which the key travels.
KEY = re.compile(r"[!-~]{1,4096}")
MASK = re.compile(r"\W+|.*(?:\.\.\.|\*\*\*).*")

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[ -~]{0,4096}")
# These belong to the transport; another value would send the request elsewhere or split it.
TRANSPORT_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "cookie"}


def preview(key: str) -> str:
    """At most 10 characters of a long key, nothing of a short one."""
    if len(key) < SHORTEST_PREVIEWED:
        return "..."
    prefix = next((known.rstrip("-_") for known in KNOWN_PREFIXES if key.startswith(known)), "")
    return f"{prefix}...{key[-3:]}"


def clean_key(text: str) -> Secret:
    key = text.strip()
    if not KEY.fullmatch(key):
        raise ValidationError("A key has no spaces, line breaks or special characters. Copy it again.", code="bad_key")
    if MASK.fullmatch(key):
        raise ValidationError("This is a placeholder for the key, not the key. Enter the whole key.", code="masked_key")
    return Secret(key)


def clean_headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in TRANSPORT_HEADERS:
            raise ValidationError(f"The header {name!r} cannot be set. Use another name.", code="bad_header")
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            raise ValidationError(f"The header {name} needs plain text without line breaks.", code="bad_header")
    return dict(headers)

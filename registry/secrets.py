"""What a person may enter as a key or a header, and how much of a key is shown afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from llm.secret import Secret
from llm.transport.request_headers import is_reserved

# The longest match is shown: it says which kind of key this is and nothing about its value.
KNOWN_PREFIXES = ("sk-proj-", "sk-ant-", "sk-or-", "sk-", "hf_", "gsk_", "AIza")
SHORTEST_PREVIEWED = 20

# Spaces and line breaks would end the header in which the key travels.
LONGEST = 4096
KEY = re.compile(rf"[!-~]{{1,{LONGEST}}}")
# What pages and documents show instead of a key. Words that local servers take for one (EMPTY, none, dummy) are keys.
PLACEHOLDER = re.compile(
    r"""
      [\W_]+                                                           # ******, ......, bullets
    | .*(?:\.\.\.|…|\*\*\*|[•●∙·]|x{8}).*                              # sk-proj-...abc, sk-***, sk-xxxxxxxxxxxx
    | .*(?:<[\w .:-]+>|\[[\w .:-]+\]|\{[\w .:-]+\}).*                 # <your-api-key>, [__HIDDEN__], {{KEY}}, ${KEY}
    | (?-i:\$[A-Z_]{3,}|%[A-Z_]{3,}%)                                  # $API_KEY, %API_KEY%
    | [\W_]*(?:hidden|masked|redacted|filtered|obscured|removed|placeholder)[\W_]*
    | [a-z_-]{0,40}your[a-z_-]{0,40}(?:key|token|secret)[a-z_-]{0,20}  # sk-your-api-key-here, YOUR_TOKEN
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[ -~]{0,4096}")


def preview(key: str) -> str:
    """At most 10 characters of a long key, nothing of a short one."""
    if len(key) < SHORTEST_PREVIEWED:
        return "..."
    prefix = next((known.rstrip("-_") for known in KNOWN_PREFIXES if key.startswith(known)), "")
    return f"{prefix}...{key[-3:]}"


def clean_key(text: str) -> Secret:
    key = text.strip()
    if PLACEHOLDER.fullmatch(key[:LONGEST]):
        raise ValidationError("This is a placeholder for the key, not the key. Enter the whole key.", code="masked_key")
    if not KEY.fullmatch(key):
        raise ValidationError("A key has no spaces, line breaks or special characters. Copy it again.", code="bad_key")
    return Secret(key)


def clean_headers(headers: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(headers, Mapping):
        raise ValidationError('Write headers as {"Name": "value"}.', code="bad_header")
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or is_reserved(name):
            raise ValidationError(f"The header {name!r} cannot be set. Use another name.", code="bad_header")
        if not isinstance(value, str) or not HEADER_VALUE.fullmatch(value):
            raise ValidationError(f"The header {name} needs plain text without line breaks.", code="bad_header")
    return dict(headers)

"""Which headers a connection may add to a request."""

from __future__ import annotations

import re
from collections.abc import Mapping

from llm.errors import BadCredentials, BadRequest, LLMError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"([\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*)?")
_CREDENTIAL = re.compile(r"authorization|.*(key|token|secret).*", re.IGNORECASE)
# They decide where a request goes and where it ends; letting a connection set them would be request smuggling.
_RESERVED = re.compile(
    r"host|content-length|transfer-encoding|connection|cookie|accept-encoding|expect|te|trailer|upgrade|keep-alive|proxy-.*",
    re.IGNORECASE,
)


def is_reserved(name: str) -> bool:
    return _RESERVED.fullmatch(name) is not None


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse what would end one header and begin another. Values stay out of the message: most are keys."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or is_reserved(name):
            raise BadRequest("A header of this connection has a name that cannot be sent. Remove or rename it.")
        if not _VALUE.fullmatch(value):
            raise _unsendable(name)


def _unsendable(header: str) -> LLMError:
    if _CREDENTIAL.fullmatch(header):
        return BadCredentials("The key holds a line break or another character that cannot be sent. Enter it again.")
    return BadRequest(
        f"The header {header} holds a line break or another character that cannot be sent. Enter it again."
    )

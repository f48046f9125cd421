"""Where a request goes: the base URL that a person typed, and the headers that carry the key."""

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from llm.errors import BadCredentials, BadRequest
from llm.secret import Secret
from llm.types import ModelConfig

# /v1, /v1beta/openai, /openai/v1, /api/v1: whatever names a version is complete.
_VERSION = re.compile(r"/v\d+[a-z0-9]*(?=/|$)")
_OPERATIONS = ("/chat/completions", "/messages", "/models", "/responses")


def endpoint(base_url: str, operation: str) -> str:
    """The address of `operation` below a base URL with or without version, or beside a pasted full address."""
    if not base_url.strip():
        raise BadRequest("This connection has no address. Enter its base URL.")
    parts = split_url(base_url.strip())
    path = parts.path.rstrip("/")
    if path.endswith(f"/{operation}"):
        return urlunsplit(parts._replace(path=path))
    for pasted in _OPERATIONS:
        path = path.removesuffix(pasted)
    version = "" if _VERSION.search(path) else "/v1"
    return urlunsplit(parts._replace(path=f"{path}{version}/{operation}"))


def split_url(url: str) -> SplitResult:
    """`urlsplit` drops line breaks and tabs in silence, and a fragment is a place to hide another host."""
    try:
        if url.isprintable() and "#" not in url:
            return urlsplit(url)
    except ValueError:
        pass
    raise BadRequest("The base URL of this connection is not a valid URL. Correct it; most end in /v1.")


def headers(config: ModelConfig, *, key_header: str, scheme: str = "") -> dict[str, str]:
    """JSON in, the connection's own headers, and the key only if there is one: some proxies refuse an empty Bearer.

    Pasting leaves blanks and line ends behind. What else cannot be sent in a header is for the transport to refuse.
    """
    own = {name.lower(): value.reveal().strip() for name, value in config.headers.items()}
    key = _key(config.api_key)
    return {"content-type": "application/json"} | ({key_header: scheme + key} if key else {}) | own


def _key(secret: Secret) -> str:
    key = secret.reveal().strip()
    if key and not (key.isascii() and key.isprintable()):
        raise BadCredentials(
            "The key holds characters that no key has. Copy it again and enter it for this connection."
        )
    return key

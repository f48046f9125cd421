"""Where an Ollama server is, in every spelling that people know from `OLLAMA_HOST` or from another API of it."""

import re

_PORT = ":11434"
_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[^\]/]*\]|[^:/?#\[\]]*)(?P<port>:\d*)?(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?",
    re.IGNORECASE,
)
# What a server listens on is no address to call; an empty host is that, too.
_EVERYWHERE = ("", "0.0.0.0", "[::]")  # noqa: S104  compared, not bound
_API = re.compile(r"(?:/api(?:/chat|/tags|/generate)?|/v1(?:/chat/completions|/models)?)?/*$", re.IGNORECASE)


def endpoint(base_url: str, operation: str) -> str:
    """The address of `operation` in the native API. As in the vendor's own clients, the port is 11434 where neither a
    scheme nor a port was given. `localhost` stays what it is: whoever opened an address opened exactly that one."""
    found = _ADDRESS.fullmatch(base_url.strip())
    if found is None:
        return f"{base_url.strip().rstrip('/')}/api/{operation}"  # the address policy says what is wrong with it
    host = "127.0.0.1" if found["host"] in _EVERYWHERE else found["host"]
    port = found["port"] or ("" if found["scheme"] else _PORT)
    path = _API.sub("", found["path"] or "", count=1)
    return f"{found['scheme'] or 'http'}://{host}{port}{path}/api/{operation}{found['query'] or ''}"

"""What a server complains about, read from the many shapes in which servers say it. No verdict here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llm.framing import MalformedJSONError, decode_json
from llm.providers._reading import text_of
from llm.types import JSON

# OpenAI's masked "sk-proj-***abcd" too; the client, which knows the key, takes out every other spelling of it. To the
# end of the word: of a key with "/" or "+" in it the client would no longer know the rest.
_LOOKS_LIKE_A_KEY = re.compile(r"(?i)\bbearer\s+\S+|\b(?:sk|pk|hf|gsk|xai)[-_][^\s\"'`<>,;]{8,}")
_LONGEST_QUOTE = 160
# "Please retry after 22 seconds." (Azure), "Please try again in 6m0s.", "in 1.5s", "in 120ms" (OpenAI).
_WAIT = re.compile(
    r"\b(?:retry|try again) (?:after|in) (?:(?P<minutes>\d{1,4})m)?(?P<number>\d{1,6}(?:\.\d{1,6})?) ?(?P<unit>m?s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A server's complaint: its prose and every code, type or number that came with it, in lower case."""

    message: str = ""
    codes: tuple[str, ...] = ()

    def quote(self) -> str:
        """The server's own sentence, short, on one line, and without anything that looks like a key."""
        line = " ".join(self.message.split())
        line = _LOOKS_LIKE_A_KEY.sub("***", "".join(c for c in line if c.isprintable()))
        if len(line) <= _LONGEST_QUOTE:
            return line
        # Between words: the client takes out whole keys, and would not know the beginning of one.
        kept = line[: _LONGEST_QUOTE + 1].rpartition(" ")[0]
        return f"{kept}…" if kept else ""

    def seconds_to_wait(self) -> float | None:
        """The time that the prose names, for servers that send no header with it."""
        found = _WAIT.search(self.message)
        if found is None:
            return None
        seconds = float(found["number"]) / (1000 if found["unit"].lower() == "ms" else 1)
        return 60 * int(found["minutes"] or 0) + seconds


def fault_in_body(body: bytes) -> Fault:
    """The complaint in the body of a refused request; empty for a web page or anything else unreadable."""
    text = body.decode("utf-8", "replace").strip()
    try:
        document = decode_json(text)
    except MalformedJSONError:
        return Fault() if text.startswith("<") else Fault(text)
    match document:
        case dict() | [dict(), *_]:
            found = document if isinstance(document, dict) else document[0]
            return fault_in(found) or _fault(found)
        case str():
            return Fault(document)
        case _:
            return Fault()


_COMPLAINTS = frozenset({"error", "errors", "detail"})


def fault_in(document: Mapping[str, JSON]) -> Fault | None:
    """The complaint of a JSON object that is an error in one of the shapes seen in the wild, else None."""
    # Nearly every document of a stream is none. Without this line `match` would take a tenth of a stream's time.
    if _COMPLAINTS.isdisjoint(document) and "error" not in (document.get("type"), document.get("object")):
        return None
    match document:
        case {"error": dict(error)} | {"errors": [dict(error), *_]} if error:
            return _fault(error, outer=document)
        case {"type": "error"} | {"object": "error"}:
            return _fault(document)
        case {"error": str(message)} | {"errors": [str(message), *_]} | {"detail": str(message)} if message:
            return _fault({"message": message}, outer=document)
        case {"detail": [{"msg": str(message)}, *_]}:
            return Fault(message)
        case _:
            return None


def _fault(error: Mapping[str, JSON], *, outer: Mapping[str, JSON] | None = None) -> Fault:
    message = error.get("message")
    match message:
        case {"detail": [{"msg": str(text)}, *_]} | {"detail": str(text)}:  # Mistral's, from its framework
            message = text
    nested = _nested(message) if isinstance(message, str) else None
    if nested is not None:
        return Fault(nested.message, (*nested.codes, *_codes(error)))
    return Fault(text_of(message), (*_codes(error), *_codes(outer or {})))


def _nested(message: str) -> Fault | None:
    """Gateways, and Ollama for its runner, quote the JSON of the server behind them; it is unwrapped once."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        document = decode_json(message)
    except MalformedJSONError:
        return None
    inner = document.get("error", document)
    match inner:
        case {"message": str(text)}:
            return Fault(text, tuple(_codes(inner)))
        case str():
            return Fault(inner)
        case _:
            return None


def _codes(error: Mapping[str, JSON]) -> Iterator[str]:
    details, inner = error.get("details"), error.get("innererror")
    if isinstance(details, dict):
        yield from _codes({"code": details.get("error_code")})
    if isinstance(inner, dict):
        yield from _codes({"code": inner.get("code")})
    for name in ("code", "type", "error_type", "statusCode", "status", "http_status_code"):
        if isinstance(value := error.get(name), str | int) and value != "error":
            yield str(value).lower()

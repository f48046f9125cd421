"""Which parameter a server will not have, read from its refusal: from a field, or from its prose."""

import re
from collections.abc import Iterator, Mapping

from llm.framing import MalformedJSONError, json_object
from llm.types import JSON

_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"})
# Too large a limit is not an unknown one: it is for the caller to mend.
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_ABOUT_THE_VALUE = re.compile(r"unsupported[ _]value", re.IGNORECASE)
# Reasoning that another account signed, or too long ago: Anthropic, OpenAI.
_SIGNATURE = re.compile(
    r"invalid [`'\"]?signature[`'\"]? in|invalid_encrypted_content|encrypted content .*could not be", re.IGNORECASE
)
SIGNATURE = "signature"
# OpenAI and Azure; OpenAI before 2024; Anthropic; Gemini; Groq.
_PROSE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:unsupported|unknown|unrecognized) (?:parameter|value)[^'\"`:]*:? ['\"`](?P<name>[\w.]+)",
        r"unrecognized request argument supplied: (?P<name>[\w.]+)",
        r"^(?P<name>[\w.]+): extra inputs are not permitted",
        r"unknown name \\?[\"'](?P<name>[\w.]+)",
        r"property ['\"`](?P<name>[\w.]+)['\"`] is unsupported",
    )
)


def refused_parameter(body: bytes) -> str:
    """The top-level field of the request that is refused as such, `SIGNATURE` where it is signed reasoning, and ""
    where the refusal is about something else."""
    try:
        document = json_object(body.decode("utf-8", "replace"))
    except MalformedJSONError:
        return ""
    if any(map(_SIGNATURE.search, _texts(document))):
        return SIGNATURE
    named = next((name.partition(".")[0] for name in _named(document) if name), "")
    about_the_value = any(map(_ABOUT_THE_VALUE.search, _texts(document)))
    return "" if named in _LIMITS and about_the_value else named


def _named(document: Mapping[str, JSON]) -> Iterator[str]:
    match document:
        case {"detail": [{"type": "extra_forbidden", "loc": [*_, str(name)]}, *_]}:
            yield name
        case {"error": {"code": str(code), "param": str(name)}} if code in _CODES:
            yield name
    for message in _messages(document):
        for pattern in _PROSE:
            if found := pattern.search(message):
                yield found["name"]


def _messages(document: Mapping[str, JSON]) -> Iterator[str]:
    error = document.get("error")
    for holder in (error, document):
        if isinstance(holder, dict) and isinstance(message := holder.get("message"), str):
            yield message
    if isinstance(error, str):
        yield error


def _texts(document: Mapping[str, JSON]) -> Iterator[str]:
    yield from _messages(document)
    match document:
        case {"error": {"code": str(code)}}:
            yield code

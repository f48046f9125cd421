"""From bytes to lines, events and JSON, and back. Nothing here knows a provider, or trusts what arrives."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, NoReturn

from llm.errors import NotAnAPI, ProviderError, Truncated
from llm.types import JSON, JSONObject

MAX_LINE = 1024 * 1024
MAX_MALFORMED = 20
# 128,000 tokens, which is the longest answer of any model, are 0.6 MB of English and 1.6 MB of escaped Chinese.
MAX_DOCUMENT = 2 * 1024 * 1024

# Only these three end a line: str.splitlines also breaks at U+2028 and U+0085, which JSON strings hold unescaped.
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
# Of JSON, of the fields of an event ("data", "event", "id", "retry") and of a comment: a page has others.
_BEGINNINGS = b"{[deir:"
_JSON_BLANK = " \t\r\n"


class ServerSentEvent(NamedTuple):
    event: str
    data: str


class MalformedJSONError(ValueError):
    """Text that is not JSON, or JSON that nobody means to send. What is wrong with it is said, and not quoted."""


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, however the bytes were cut. Each byte is looked at once."""
    return chain.from_iterable(_lines_of_each(chain.from_iterable(map(_pieces, chunks))))


def _pieces(chunk: bytes) -> Iterable[bytes]:
    """So short that no line which begins and ends in one of them can be too long."""
    if len(chunk) <= MAX_LINE:
        return (chunk,) if chunk else ()
    return (chunk[start : start + MAX_LINE] for start in range(0, len(chunk), MAX_LINE))


def _lines_of_each(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines that end in each piece: handed on together they cost a third of what they cost one by one."""
    tail = bytearray()
    after_cr = False
    for piece in pieces:
        rest = piece.removeprefix(b"\n") if after_cr else piece
        after_cr = piece.endswith(b"\r")
        # A regular expression takes four times as long, and most servers send no carriage return.
        lines = _LINE_END.split(rest) if b"\r" in rest else rest.split(b"\n")
        begun = lines.pop()
        if lines:
            if tail:
                lines[0] = bytes(tail + lines[0])
                tail.clear()
                if len(lines[0]) > MAX_LINE:
                    raise _too_long()
            yield lines
        if begun:
            tail += begun
            if len(tail) > MAX_LINE:
                raise _too_long()
    if tail:
        yield [bytes(tail)]


def _too_long() -> ProviderError:
    return ProviderError("The provider sent one line of more than 1 MiB, so the answer was dropped. Try again.")


def server_sent_events(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """Events of an event stream (WHATWG HTML, section 9.2), with two liberties: an event without data is skipped, since
    keep-alives look like that, and what stands unterminated at the end of the stream is still an event."""
    event, length = "", 0
    data: list[bytes] = []
    for line in chain(_without_bom(split_lines(chunks)), [b""]):
        if not line:
            if text := b"\n".join(data).decode("utf-8", "replace"):
                yield ServerSentEvent(event, text)
            event, data, length = "", [], 0
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
            length += len(line)
            if length > MAX_LINE:
                raise _too_long()
        elif name == b"event":
            event = value.removeprefix(b" ").decode("utf-8", "replace")


def _without_bom(lines: Iterator[bytes]) -> Iterator[bytes]:
    return chain([next(lines, b"").removeprefix(_BOM)], lines)


def json_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of newline-delimited JSON that hold anything."""
    for line in _without_bom(split_lines(chunks)):
        if line.strip():
            yield line.decode("utf-8", "replace")


def decode_json(text: str) -> JSON:
    """JSON from a stranger. NaN, numbers of thousands of digits and nesting without end are malformed."""
    text = text.strip(_JSON_BLANK)
    try:
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
    except (ValueError, RecursionError) as error:
        raise MalformedJSONError(_wrong_with(error)) from None
    return value


def encode_json(value: JSON) -> bytes:
    """The body of a request. Half a surrogate pair, which no UTF-8 holds, becomes a question mark."""
    return _ENCODER.encode(value).encode("utf-8", "replace")


def _wrong_with(error: Exception) -> str:
    match error:
        case json.JSONDecodeError() | MalformedJSONError():
            return str(error)
        case RecursionError():
            return "nested too deeply"
        case _:  # Python reads no number of more than 4,300 digits
            return "a number has too many digits"


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJSONError(f"{name} is no number of JSON")


# Made once: `json.loads` makes a decoder for each call that names a hook, which costs half as much as the decoding, and
# `json.dumps` an encoder for each that names a separator.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_objects(texts: Iterable[str]) -> Iterator[JSONObject]:
    """The JSON objects among `texts`. A few malformed ones are stray keep-alives; more than that is not an answer."""
    malformed = 0
    for text in texts:
        try:
            yield json_object(text)
        except MalformedJSONError:
            malformed += 1
            if malformed > MAX_MALFORMED:
                raise ProviderError(
                    "The provider's answer is not valid JSON. Check the base URL or try again."
                ) from None


def json_object(text: str) -> JSONObject:
    """One object; a list of one object counts as that object: errors come wrapped so, too."""
    value = decode_json(text)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise MalformedJSONError("not an object")
    return value


def whole_object(chunks: Iterable[bytes]) -> JSONObject:
    """The JSON object that is the whole body of an answer which was not streamed."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_DOCUMENT:
            raise ProviderError("The provider's answer is longer than 2 MiB, so it was dropped. Turn streaming on.")
    try:
        return json_object(body.removeprefix(_BOM).decode("utf-8", "replace"))
    except MalformedJSONError:
        raise ProviderError("The provider's answer is not valid JSON. Check the base URL or try again.") from None


def beginning_of_answer(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first byte that is neither blank nor a byte order mark, and everything from there on.

    A page is no answer of an API, whatever its status and its type say.
    """
    rest = iter(chunks)
    head = b""
    for chunk in rest:
        head = (head + chunk).removeprefix(_BOM).lstrip(_BLANK)
        if head and not _BOM.startswith(head):
            if head[0] not in _BEGINNINGS:
                raise NotAnAPI
            return head[:1], chain([head], rest)
    raise Truncated

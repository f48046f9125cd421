"""JSON from a stranger: bounded in size and depth, and storable in every database."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from llm.framing import MalformedJSONError, decode_json
from llm.storable import storable
from registry.api.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEEPEST = 32


class StrictJSONParser(BaseParser):
    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping | None = None) -> Any:
        # DRF reads the stream itself, so Django's own limit is never asked.
        largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(largest + 1)
        if len(body) > largest:
            raise TooLarge(f"The body is larger than {largest:,} bytes.")
        return refuse_unstorable(decoded(body))


def decoded(body: bytes) -> Any:
    try:
        return decode_json(body.decode())
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except MalformedJSONError as error:
        raise ParseError(f"The body is not JSON: {error}.") from None


def refuse_unstorable(document: Any) -> Any:
    level = [document]
    for _ in range(DEEPEST):
        for text in filter(lambda value: isinstance(value, str), level):
            if storable(text) != text:
                raise ParseError("A text holds a NUL character or half of a surrogate pair. Remove it.")
        level = [inner for value in level for inner in inside(value)]
        if not level:
            return document
    raise ParseError(f"The document is nested more than {DEEPEST} levels deep.")


def inside(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return [*value, *value.values()]
        case list():
            return value
    return ()

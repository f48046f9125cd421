"""JSON from a stranger: bounded in size and depth, and storable in every database."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from llm.framing import MalformedJSONError, decode_json
from registry.api.errors import LengthRequired, TooLarge
from registry.documents import document_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class Negotiation(DefaultContentNegotiation):
    """DRF takes a body that does not say how long it is for none, and would answer as if nothing had been sent."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if "Transfer-Encoding" in request.headers:
            raise LengthRequired
        return super().select_renderer(request, renderers, format_suffix)


class StrictJSONParser(BaseParser):
    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping | None = None) -> Any:
        # DRF reads the stream itself, so Django's own limit is never asked.
        largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(largest + 1)
        if len(body) > largest:
            raise TooLarge(f"The body is larger than {largest:,} bytes.")
        document = decoded(body)
        if problem := document_problem(document):
            raise ParseError(problem)
        if not isinstance(document, dict):
            raise ParseError('The body is no JSON object. Write it like {"name": "value"}.')
        return document


def decoded(body: bytes) -> Any:
    try:
        return decode_json(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8. Send plain JSON, not compressed.") from None
    except MalformedJSONError as error:
        raise ParseError(f"The body is not JSON: {error}.") from None

"""What the chat refuses, in the shape and with the status that the API has for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

from chat.produce import INTERRUPTED_CODE
from chat.wire import Refused
from registry.api.errors import STATUS_OF, error_document

if TYPE_CHECKING:
    from rest_framework.response import Response

    from chat.live import Final

STATUS = {**STATUS_OF, INTERRUPTED_CODE: 503, "internal_error": 500}
BAD_GATEWAY = 502


class Refusing(APIView):
    """A view of what `Refused` and failed turns may come out of."""

    def handle_exception(self, error: Exception) -> Response:
        return super().handle_exception(as_api_exception(error) if isinstance(error, Refused) else error)


def as_api_exception(refused: Refused) -> APIException:
    exception = APIException(refused.message, refused.code)
    exception.status_code = status_of(refused)
    return exception


def status_of(refused: Refused) -> int:
    """What starts a turn passes on why no model can answer, with a status of its own."""
    return STATUS.get(refused.code, refused.status)


def refused_response(refused: Refused) -> JsonResponse:
    return JsonResponse(error_document(refused.code, refused.message), status=status_of(refused))


def failure_response(end: Final, details: dict[str, Any]) -> JsonResponse:
    """A turn that failed before its viewer got a word."""
    seconds = None if end.retry_after is None else math.ceil(end.retry_after)
    known = {name: value for name, value in {"retry_after": seconds, **details}.items() if value is not None}
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    body = error_document(end.error_code, end.error_message, known)
    return JsonResponse(body, status=STATUS.get(end.error_code, BAD_GATEWAY), headers=headers)

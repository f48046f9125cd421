"""Every failure of the API in one shape: `{"error": {"code", "message", "details"?}}`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from llm.errors import (
    BadRequest,
    Blocked,
    ContentFiltered,
    ContextTooLong,
    LLMError,
    Overloaded,
    RateLimited,
    TimedOut,
    UnknownProvider,
)
from registry.errors import CredentialUnreadable, ModelUnavailable, NoModel, UnusableSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rest_framework.views import APIView

STATUS_OF = {
    ModelUnavailable.code: status.HTTP_404_NOT_FOUND,
    CredentialUnreadable.code: status.HTTP_409_CONFLICT,
    UnusableSettings.code: status.HTTP_409_CONFLICT,
    NoModel.code: status.HTTP_409_CONFLICT,
    Blocked.code: status.HTTP_409_CONFLICT,
    UnknownProvider.code: status.HTTP_409_CONFLICT,
    BadRequest.code: status.HTTP_400_BAD_REQUEST,
    ContextTooLong.code: status.HTTP_400_BAD_REQUEST,
    ContentFiltered.code: status.HTTP_400_BAD_REQUEST,
    RateLimited.code: status.HTTP_429_TOO_MANY_REQUESTS,
    Overloaded.code: status.HTTP_503_SERVICE_UNAVAILABLE,
    TimedOut.code: status.HTTP_504_GATEWAY_TIMEOUT,
}
"""Any other failure of a provider is a 502: the caller's own key was good, whatever became of the provider's."""
WHAT_TO_DO: dict[type[exceptions.APIException], str] = {
    exceptions.NotAuthenticated: "Sign in, or send the header `Authorization: Token …`.",
    exceptions.NotFound: "There is nothing here, or it is not yours. Check the address and the id.",
    exceptions.UnsupportedMediaType: "Send JSON with the header `Content-Type: application/json`.",
    exceptions.NotAcceptable: "The answer is JSON. Send the header `Accept: application/json`.",
}
# The registry's own, which say more than "invalid".
OWN_CODES = frozenset(
    {"key_required", "key_in_address", "masked_key", "bad_key", "bad_header", "credential_unreadable", Blocked.code}
)
EVERYTHING = "non_field_errors"


class Conflict(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = "Something that this request names has changed meanwhile. Read it again and repeat the request."


class LengthRequired(exceptions.APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "Send the body in one piece, with the header `Content-Length`, not chunked."


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "The body is too large."


def error_response(exception: Exception, context: dict[str, Any]) -> Response | None:
    """None for what nobody foresaw: that is a fault of the server, and its log tells it."""
    refusal = refusal_of(exception)
    if refusal is None:
        return None
    if isinstance(refusal, exceptions.MethodNotAllowed):
        refusal.detail = exceptions.ErrorDetail(what_it_takes(context["view"]), refusal.default_code)
    body, headers = error_body(refusal), {}
    if header := getattr(refusal, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(refusal, exceptions.Throttled):
        headers["Retry-After"] = str(body["error"]["details"]["retry_after"])
    return Response(body, status=refusal.status_code, headers=headers)


def what_it_takes(view: APIView) -> str:
    return f"This address takes {', '.join(sorted({*view.allowed_methods} - {'OPTIONS', 'HEAD'}))}."


def refusal_of(exception: Exception) -> exceptions.APIException | None:
    match exception:
        case exceptions.APIException():
            refusal = exception
        case Http404():
            refusal = exceptions.NotFound()
        case PermissionDenied():
            refusal = exceptions.PermissionDenied()
        case ModelValidationError() if is_conflict(exception):
            refusal = Conflict(exception.messages[0])
        case ModelValidationError():
            refusal = exceptions.ValidationError(details_of(exception))
        case LLMError():
            refusal = exceptions.APIException(exception.message, exception.code)
            refusal.status_code = STATUS_OF.get(exception.code, status.HTTP_502_BAD_GATEWAY)
        case IntegrityError():
            refusal = Conflict()
        case _:
            refusal = None
    return refusal


def is_conflict(error: ModelValidationError) -> bool:
    return {each.code for errors in details_of(error).values() for each in errors} == {Conflict.default_code}


def details_of(error: ModelValidationError) -> dict[str, Any]:
    """A model's complaint as a serializer makes it, with the codes."""
    fields = error.error_dict if hasattr(error, "error_dict") else {EVERYTHING: error.error_list}
    return {
        EVERYTHING if name == "__all__" else name: [
            exceptions.ErrorDetail(sentence, each.code or "invalid") for each in errors for sentence in each.messages
        ]
        for name, errors in fields.items()
    }


def error_body(refusal: exceptions.APIException) -> dict[str, Any]:
    match refusal:
        case exceptions.ValidationError():
            return validation_body(dict(flat(refusal.detail)))
        case exceptions.Throttled():
            seconds = math.ceil(refusal.wait or 1)
            return error_document("throttled", f"Too many requests. Wait {seconds} seconds.", {"retry_after": seconds})
    detail = refusal.detail
    is_told = isinstance(refusal, exceptions.NotFound) and detail != refusal.default_detail
    return error_document(detail.code, str(detail) if is_told else WHAT_TO_DO.get(type(refusal), str(detail)))


def validation_body(details: dict[str, list[exceptions.ErrorDetail]]) -> dict[str, Any]:
    own = {error.code for errors in details.values() for error in errors} & OWN_CODES
    code = own.pop() if len(own) == 1 and len(details) == 1 else "invalid"
    sentences = [f"{name}: {errors[0]}" if name != EVERYTHING else str(errors[0]) for name, errors in details.items()]
    return error_document(code, " ".join(sentences), {name: list(map(str, errors)) for name, errors in details.items()})


def flat(detail: Any, path: str = "") -> Iterator[tuple[str, list[exceptions.ErrorDetail]]]:
    """The errors by the path to their field, such as `capabilities.tools`."""
    match detail:
        case dict():
            for name, errors in detail.items():
                yield from flat(errors, f"{path}.{name}" if path else str(name))
        case str():
            yield path or EVERYTHING, [detail]
        case [str(), *_]:
            yield path or EVERYTHING, detail
        case list():
            for number, errors in enumerate(detail):
                yield from flat(errors, f"{path}.{number}" if path else str(number))


def error_document(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    return {"error": error | ({"details": details} if details else {})}

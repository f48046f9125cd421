"""The OpenAPI document: what the code says, in the paths and errors that people use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.utils import OpenApiExample

TEXT = {"type": "string", "minLength": 1}
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": TEXT | {"description": "Stable: decide by this."},
                "message": TEXT | {"description": "A sentence for people that says what to do."},
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "By field, if fields are at fault.",
                },
            },
        }
    },
}
REFUSED = {
    "description": "Refused, with the reason.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


BY_TOKEN, BY_SESSION, BY_NOBODY = {"token": []}, {"session": []}, {}
ANYBODY = [BY_TOKEN, BY_SESSION, BY_NOBODY]
RENAMED = OpenApiExample("Another name", {"name": "Other name"}, request_only=True)


class StrictRequests(OpenApiSerializerExtension):
    """No other name is taken, except those of a document that was read and comes back (`ignored`)."""

    target_class = "registry.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        if direction == "request":
            schema["additionalProperties"] = False
        return schema


class Documents(OpenApiSerializerFieldExtension):
    """Options and parameters are objects; other JSON is refused."""

    target_class = "rest_framework.fields.JSONField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "registry.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The word `Token`, a space and a token, as in `Token dmr_…`. `POST /api/tokens` makes one.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of the site's own pages: whoever is signed in there needs nothing here. "
            "Whatever is not a GET also needs the CSRF token, in the header `X-CSRFToken`.",
        }


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    result["components"]["schemas"]["Error"] = ERROR
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = REFUSED
    return result


def without_trailing_slashes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Both spellings work; one is documented."""
    result["paths"] = {path.rstrip("/"): operations for path, operations in result["paths"].items()}
    return result

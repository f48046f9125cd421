"""The OpenAPI document: what the code says, in the paths and errors that people use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "Stable: decide by this."},
                "message": {"type": "string", "description": "A sentence for people that says what to do."},
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "By field, where there are.",
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
            "description": "The session of the site's own pages: who is signed in there needs nothing here. Whatever "
            "is not a GET also needs the CSRF token, in the header `X-CSRFToken`.",
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

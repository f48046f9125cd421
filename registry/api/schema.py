"""The OpenAPI document: what the code says, in the paths and errors that people use."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension

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


class StrictRequests(OpenApiSerializerExtension):
    """No other name is taken, except those of a document that was read and comes back (`ignored`)."""

    target_class = "registry.api.fields.Strict"
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


class TokenScheme(KnoxTokenScheme):
    target_class = "registry.api.authentication.TokenAuthentication"
    name = "token"


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

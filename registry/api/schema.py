"""The OpenAPI document: what the code says, in the paths and errors that people use."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme

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

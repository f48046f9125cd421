"""Who is let in, and how the two kinds of host that speak chat completions and Responses word what they refuse."""

import re
from collections.abc import Iterator
from typing import Protocol

from llm.testing.formats.base import BAD_KEY, Asked, Refusal
from llm.types import JSON

_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
# The first version that knows each field.
_SINCE = {
    "max_completion_tokens": "2024-09-01",
    "stream_options": "2024-09-01",
    "reasoning_effort": "2024-12-01",
    "input": "2025-03-01",
}
_SAFE = {"filtered": False, "severity": "safe"}
FILTER_RESULTS: JSON = {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}


class Door(Protocol):
    def admission(self, asked: Asked) -> Iterator[Refusal]: ...
    def missing(self, model: str) -> Refusal: ...
    def refusal(self, refusal: Refusal) -> JSON: ...


class PlainDoor:
    """A host that takes a bearer's key, and lets in whoever shows none, as local servers do."""

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        if BAD_KEY in asked.keys:
            yield Refusal(status=401, message="Incorrect API key provided: bad-***.")

    def missing(self, model: str) -> Refusal:
        message = f"The model `{model}` does not exist or you do not have access to it."
        return Refusal(status=404, message=message, param="model")

    def refusal(self, refusal: Refusal) -> JSON:
        kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
        code = refusal.code or _CODES.get(refusal.status)
        return {"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": code}}


class ResourceDoor(PlainDoor):
    """A resource with deployments and its version in the path: a key in `api-key` or a bearer's, but one."""

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        if not self._shows_a_key(asked):
            message = "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired."
            yield Refusal(status=401, message=message, body={"statusCode": 401, "message": message})
        if BAD_KEY in asked.keys:
            message = "Access denied due to invalid subscription key or wrong API endpoint."
            yield Refusal(status=401, message=message, code="401")

    def missing(self, model: str) -> Refusal:
        message = "The API deployment for this resource does not exist."
        return Refusal(status=404, message=message, code="DeploymentNotFound")

    def refusal(self, refusal: Refusal) -> JSON:
        """Codes are strings, also those that are numbers; only what the model itself refuses has a type."""
        if refusal.code == "content_filter":
            return _filtered()
        if refusal.status in {401, 404, 429}:
            return {"error": {"code": refusal.code or str(refusal.status), "message": refusal.message}}
        return super().refusal(refusal)

    def _shows_a_key(self, asked: Asked) -> bool:
        return bool(asked.headers.get("api-key") or asked.bearer)


class DatedDoor(ResourceDoor):
    """The older style: every request names a version, and a bearer shows a token of the directory."""

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        version = asked.query.get("api-version", "")
        if not _VERSION.fullmatch(version):
            yield Refusal(status=404, message="Resource not found", code="404")
        yield from super().admission(asked)
        for name in asked.body if isinstance(asked.body, dict) else ():
            if version < _SINCE.get(name, ""):
                yield Refusal(message=f"Unrecognized request argument supplied: {name}")

    def _shows_a_key(self, asked: Asked) -> bool:
        """A token is three parts with dots between them; a key of the resource is none."""
        return bool(asked.headers.get("api-key")) or asked.bearer.count(".") == 2


def _filtered() -> JSON:
    """Singular `content_filter_result`, unlike everywhere else."""
    results = FILTER_RESULTS | {"violence": {"filtered": True, "severity": "medium"}}
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results}
    message = "The response was filtered due to the prompt triggering the content management policy."
    error = {"message": message, "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    return {"error": error | {"innererror": inner}}


PLAIN = PlainDoor()
RESOURCE = ResourceDoor()
DATED = DatedDoor()

"""What the NDJSON chat refuses in a body. Fields that it does not know it ignores without a word."""

import binascii
from base64 import b64decode
from collections.abc import Iterator

from llm.testing.formats.base import Refusal
from llm.types import JSON

_NUMBERS = ("temperature", "top_p", "top_k", "num_ctx", "num_predict", "seed")
_LEVELS = (None, True, False, "high", "medium", "low", "max")


def complaints(body: JSON) -> Iterator[Refusal]:
    for message in body.get("messages") or ():
        yield from _message(message)
    options = body.get("options") or {}
    for name in _NUMBERS:
        if not isinstance(options.get(name, 0), int | float):
            yield Refusal(message=f'option "{name}" must be of type float32')
    if not isinstance(options.get("stop", []), list):
        yield Refusal(message='option "stop" must be of type array')
    if body.get("think") not in _LEVELS:
        yield Refusal(message=f'invalid think value: "{body["think"]}"')
    if not isinstance(body.get("format"), dict) and body.get("format") not in (None, "", "json"):
        yield Refusal(message=f'invalid format: "{body["format"]}"; expected "json" or a valid JSON Schema object')
    for tool in body.get("tools") or ():
        if not tool.get("function", {}).get("name"):
            yield Refusal(message="tool.function: expected an object with a name")


def _message(message: JSON) -> Iterator[Refusal]:
    if not isinstance(message.get("content"), str | None):
        yield _cannot("array", "content of type string")
    if not message.get("role"):
        yield Refusal(message="invalid role: expected one of system, user, assistant or tool")
    for image in message.get("images") or ():
        yield from _image(image)
    for call in message.get("tool_calls") or ():
        if not isinstance(call.get("function", {}).get("arguments"), dict):
            yield _cannot("string", "tool_calls.function.arguments of type api.ToolCallFunctionArguments")


def _image(image: JSON) -> Iterator[Refusal]:
    try:
        b64decode(image, validate=True)
    except (binascii.Error, TypeError, ValueError):
        yield Refusal(message="illegal base64 data at input byte 4")


def _cannot(found: str, wanted: str) -> Refusal:
    return Refusal(message=f"json: cannot unmarshal {found} into Go struct field ChatRequest.messages.{wanted}")

"""What chat completions refuse in a body, in the words of the vendor who made the format."""

import re
from collections.abc import Iterator

from llm.testing.formats.base import Refusal, first_without_answer, parts_of
from llm.types import JSON

_ROLES = ("developer", "system", "user", "assistant", "tool")
CHOICES = ("none", "auto", "required")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NEEDS = {"stream_options": "stream", "tool_choice": "tools", "parallel_tool_calls": "tools"}


def complaints(body: JSON) -> Iterator[Refusal]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield Refusal(message="Invalid 'messages': expected an array with minimum length 1.", param="messages")
    for number, message in enumerate(messages):
        yield from _message(f"messages[{number}]", message)
    yield from _unanswered(messages)
    yield from _parameters(body)
    yield from _tools(body.get("tools"))


def _message(where: str, message: JSON) -> Iterator[Refusal]:
    if message.get("role") not in _ROLES:
        yield _invalid(f"{where}.role", f"expected one of {', '.join(_ROLES)}")
    content = message.get("content")
    if content is None and not message.get("tool_calls"):
        yield _invalid(f"{where}.content", "expected a string, got null")
    if not isinstance(content, str | list | None):
        yield _invalid(f"{where}.content", "expected a string or an array")
    for number, part in enumerate(parts_of(content)):
        yield from _part(f"{where}.content[{number}]", part)
    yield from _calls(where, message)


def _part(where: str, part: JSON) -> Iterator[Refusal]:
    if part.get("type") == "text" and not isinstance(part.get("text"), str):
        yield _invalid(f"{where}.text", "expected a string")
    if part.get("type") == "image_url" and not isinstance(part.get("image_url"), dict):
        yield _invalid(f"{where}.image_url", "expected an object, but got a string instead")


def _calls(where: str, message: JSON) -> Iterator[Refusal]:
    if message.get("tool_calls") == []:
        yield _invalid(f"{where}.tool_calls", "expected an array with minimum length 1")
    for number, call in enumerate(message.get("tool_calls") or ()):
        place = f"{where}.tool_calls[{number}]"
        if not call.get("id") or call.get("type") != "function":
            yield _invalid(place, "expected an id and the type 'function'")
        if not isinstance(call.get("function", {}).get("arguments"), str):
            yield _invalid(f"{place}.function.arguments", "expected a string, but got an object instead")


def _unanswered(messages: list[JSON]) -> Iterator[Refusal]:
    """Every call is answered directly behind the message that made it, and nothing else is."""
    pending: list[str] = []
    for message in [*messages, {"role": ""}]:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in pending:
                yield Refusal(message="messages with role 'tool' must be a response to a message with 'tool_calls'.")
            pending.remove(message["tool_call_id"])
            continue
        if missing := first_without_answer(pending, ()):
            yield Refusal(
                message=f"An assistant message with 'tool_calls' must be followed by tool messages: {missing}"
            )
        pending = [call["id"] for call in message.get("tool_calls") or ()]


def _parameters(body: JSON) -> Iterator[Refusal]:
    for name, needed in _NEEDS.items():
        if name in body and not body.get(needed):
            yield Refusal(message=f"The '{name}' parameter is only allowed with '{needed}'.", param=name)
    if isinstance(choice := body.get("tool_choice"), str) and choice not in CHOICES:
        yield _invalid("tool_choice", f"expected one of {', '.join(CHOICES)} or an object")
    if isinstance(stop := body.get("stop"), list) and len(stop) > 4:
        yield _invalid("stop", "expected an array with maximum length 4")
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema" and "name" not in wanted.get("json_schema", {}):
        name = "response_format.json_schema.name"
        yield Refusal(message=f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def _tools(tools: JSON) -> Iterator[Refusal]:
    if tools == []:
        yield _invalid("tools", "expected an array with minimum length 1")
    for number, tool in enumerate(tools or ()):
        if tool.get("type") != "function" or not _NAME.fullmatch(tool.get("function", {}).get("name", "")):
            yield _invalid(f"tools[{number}].function.name", f"expected a string that matches '{_NAME.pattern}'")


def _invalid(where: str, expected: str) -> Refusal:
    return Refusal(message=f"Invalid value for '{where}': {expected}.", code="invalid_value", param=where)

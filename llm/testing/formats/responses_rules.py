"""What Responses refuse in a body, in the vendor's words."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from llm.testing.formats.base import Refusal, first_without_answer, signature_of
from llm.testing.formats.chat_rules import CHOICES
from llm.types import JSON

# fmt: off
KNOWN = {
    "background", "conversation", "include", "input", "instructions", "max_output_tokens", "max_tool_calls",
    "metadata", "model", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier",
    "store", "stream", "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs",
    "top_p", "truncation", "user",
}
# fmt: on
# Names from chat completions, for which the vendor says where they went.
MOVED = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
}
_PARTS = {"user": ("input_text", "input_image", "input_file"), "assistant": ("output_text", "refusal")}


def complaints(body: JSON) -> Iterator[Refusal]:
    yield from _fields(body)
    limit = body.get("max_output_tokens")
    if limit is not None and limit < 16:
        message = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {limit}."
        yield Refusal(message=message, code="integer_below_min_value", param="max_output_tokens")
    if not isinstance(body.get("input"), str | list):
        yield _missing("input")
    items = body["input"] if isinstance(body["input"], list) else []
    for number, item in enumerate(items):
        yield from _item(f"input[{number}]", item)
    yield from _calls(items)
    yield from _thoughts(items, kept=body.get("store", True))
    yield from _tools(body)


def _fields(body: JSON) -> Iterator[Refusal]:
    for name in body:
        if name in MOVED:
            message = f"Unsupported parameter: '{name}'. In the Responses API, this has moved to '{MOVED[name]}'."
            yield Refusal(message=message, code="unsupported_parameter", param=name)
        if name not in KNOWN:
            yield _unknown(name)
    for name in body.get("stream_options") or ():
        if name != "include_obfuscation":
            yield _unknown(f"stream_options.{name}")


def _item(where: str, item: JSON) -> Iterator[Refusal]:
    kind = item.get("type", "message")
    if kind == "message":
        yield from _message(where, item)
    elif kind in ("function_call", "function_call_output"):
        required = ("call_id", "name", "arguments") if kind == "function_call" else ("call_id", "output")
        for name in required:
            if not isinstance(item.get(name), str):
                yield _missing(f"{where}.{name}")
    elif kind != "reasoning":
        yield _invalid(f"{where}.type", kind, ("message", "function_call", "function_call_output", "reasoning"))


def _message(where: str, item: JSON) -> Iterator[Refusal]:
    role = item.get("role")
    if role not in ("user", "assistant", "system", "developer"):
        yield _invalid(f"{where}.role", role, ("assistant", "system", "developer", "user"))
    if isinstance(item.get("content"), str):
        return
    known = _PARTS.get(role, _PARTS["user"])
    for number, part in enumerate(item.get("content") or ()):
        place = f"{where}.content[{number}]"
        if part.get("type") not in known:
            yield _invalid(f"{place}.type", part.get("type"), known)
        if part["type"] == "input_image" and not isinstance(part.get("image_url"), str):
            yield _invalid(f"{place}.image_url", "an object", ("a string",))


def _calls(items: list[JSON]) -> Iterator[Refusal]:
    asked = _ids(items, "function_call")
    answered = _ids(items, "function_call_output")
    if missing := first_without_answer(asked, answered):
        yield Refusal(message=f"No tool output found for function call {missing}.", param="input")
    if unasked := first_without_answer(answered, asked):
        message = f"No tool call found for function call output with call_id {unasked}."
        yield Refusal(message=message, param="input")


def _ids(items: Iterable[JSON], kind: str) -> list[str]:
    return [item["call_id"] for item in items if item.get("type") == kind]


def _thoughts(items: list[JSON], *, kept: bool) -> Iterator[Refusal]:
    """Thoughts come back sealed where the vendor kept none, and what they led to comes with them."""
    for item, following in pairwise([*items, {"role": "user"}]):
        if item.get("type") != "reasoning":
            continue
        if not item.get("encrypted_content") and not kept:
            message = (
                f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to false."
            )
            yield Refusal(status=404, message=message, param="input")
        if item.get("encrypted_content") not in (None, sealed(item)):
            message = "The encrypted content could not be verified."
            yield Refusal(message=message, code="invalid_encrypted_content")
        if following.get("role", "assistant") != "assistant":
            message = f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item."
            yield Refusal(message=message, param="input")


def sealed(item: JSON) -> str:
    return signature_of("".join(part["text"] for part in item["summary"]))


def _tools(body: JSON) -> Iterator[Refusal]:
    for number, tool in enumerate(body.get("tools") or ()):
        if tool.get("type") == "function" and not tool.get("name"):
            yield _missing(f"tools[{number}].name")
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in CHOICES:
        yield _invalid("tool_choice", choice, CHOICES)
    if isinstance(choice, dict) and choice.get("type") == "function" and not choice.get("name"):
        yield _missing("tool_choice.name")
    wanted = (body.get("text") or {}).get("format") or {}
    if wanted.get("type") == "json_schema" and not {"name", "schema"} <= set(wanted):
        yield _missing("text.format.name")


def _missing(name: str) -> Refusal:
    return Refusal(message=f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)


def _unknown(name: str) -> Refusal:
    return Refusal(message=f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)


def _invalid(where: str, found: JSON, known: tuple[str, ...]) -> Refusal:
    message = f"Invalid value: '{found}'. Supported values are: {', '.join(known)}."
    return Refusal(message=message, code="invalid_value", param=where)

"""What Messages refuse, in the vendor's words."""

import re
from collections.abc import Iterator

from llm.testing.formats.base import Asked, Refusal, first_without_answer, parts_of, signature_of
from llm.testing.formats.paths import MESSAGES_VERSION
from llm.types import JSON

VERSIONS = ("2023-06-01", "2026-10-21")
_SAMPLING = {"temperature", "top_p", "top_k"}
# fmt: off
KNOWN = {
    "cache_control", "container", "diagnostics", "inference_geo", "max_tokens", "messages", "metadata",
    "model", "output_config", "service_tier", "speed", "stop_sequences", "stream", "system", "temperature",
    "thinking", "tool_choice", "tools", "top_k", "top_p",
}
# fmt: on
_MEDIA = ("image/jpeg", "image/png", "image/gif", "image/webp")
_CHOICES = ("auto", "any", "none", "tool")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def version_complaints(asked: Asked) -> Iterator[Refusal]:
    version = asked.headers.get(MESSAGES_VERSION)
    if version is None:
        yield Refusal(message=f"{MESSAGES_VERSION}: header is required")
    if version not in VERSIONS:
        yield Refusal(message=f'{MESSAGES_VERSION}: "{version}" is not a valid version')


def complaints(asked: Asked) -> Iterator[Refusal]:
    body, newest = asked.body, asked.headers[MESSAGES_VERSION] == VERSIONS[-1]
    for name in body:
        if name not in KNOWN or (newest and name in _SAMPLING):
            yield Refusal(message=f"{name}: Extra inputs are not permitted")
    if not isinstance(body.get("max_tokens"), int):
        yield Refusal(message="max_tokens: Field required")
    if not body.get("messages"):
        yield Refusal(message="messages: at least one message is required")
    for part in parts_of(body.get("system") or "-"):
        yield from _text("system", part)
    for number, message in enumerate(body["messages"]):
        yield from _message(f"messages.{number}", message)
    yield from _results(body["messages"])
    yield from _parameters(body)
    yield from _tools(body)


def _message(where: str, message: JSON) -> Iterator[Refusal]:
    if message.get("role") not in ("user", "assistant"):
        yield Refusal(message=f'messages: Unexpected role "{message.get("role")}". There is a `system` parameter.')
    if not message.get("content"):
        yield Refusal(message=f"{where}: all messages must have non-empty content")
    for number, block in enumerate(parts_of(message["content"])):
        yield from _block(f"{where}.content.{number}", block)


def _block(where: str, block: JSON) -> Iterator[Refusal]:
    match block.get("type"):
        case "text":
            yield from _text("messages", block)
        case "image":
            yield from _image(where, block.get("source") or {})
        case "tool_use" if not isinstance(block.get("input"), dict):
            yield Refusal(message=f"{where}.tool_use.input: Input should be a valid dictionary")
        case "thinking" if block.get("signature") != signature_of(block.get("thinking", "")):
            yield Refusal(message=f"{where}: Invalid `signature` in `thinking` block")
        case "tool_use" | "tool_result" | "thinking" | "redacted_thinking" | "document":
            return
        case kind:
            yield Refusal(message=f"{where}: Input tag '{kind}' found using 'type' does not match any expected tag")


def _text(where: str, block: JSON) -> Iterator[Refusal]:
    if not block.get("text"):
        yield Refusal(message=f"{where}: text content blocks must be non-empty")
    if not block["text"].strip():
        yield Refusal(message=f"{where}: text content blocks must contain non-whitespace text")


def _image(where: str, source: JSON) -> Iterator[Refusal]:
    if source.get("type") == "base64" and source.get("media_type") not in _MEDIA:
        yield Refusal(message=f"{where}.image.source.base64.media_type: Input should be one of {', '.join(_MEDIA)}")
    if source.get("type") == "base64" and str(source.get("data", "")).startswith(("data:", "http")):
        yield Refusal(message=f"{where}.image.source.base64.data: The image was not valid base64")
    if source.get("type") not in ("base64", "url", "file"):
        yield Refusal(message=f"{where}.image.source: Field required")


def _results(messages: list[JSON]) -> Iterator[Refusal]:
    """The results lead the message behind the one that asked for them."""
    asked: list[str] = []
    for number, message in enumerate([*messages, {"role": "user", "content": []}]):
        blocks = parts_of(message["content"])
        answered = [block["tool_use_id"] for block in _leading_results(blocks)]
        if unasked := first_without_answer(answered, asked):
            yield Refusal(
                message=f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {unasked}"
            )
        if missing := first_without_answer(asked, answered):
            found = "`tool_use` ids were found without `tool_result` blocks immediately after"
            yield Refusal(message=f"messages.{number - 1}: {found}: {missing}.")
        asked = [block["id"] for block in blocks if block.get("type") == "tool_use"]


def _leading_results(blocks: list[dict[str, JSON]]) -> Iterator[JSON]:
    for block in blocks:
        if block.get("type") != "tool_result":
            return
        yield block


def _parameters(body: JSON) -> Iterator[Refusal]:
    if any(not str(sequence).strip() for sequence in body.get("stop_sequences") or ()):
        yield Refusal(message="stop_sequences: each stop sequence must contain non-whitespace")
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        yield from _budget(body, thinking.get("budget_tokens", 0))
    if thinking.get("type") in ("enabled", "adaptive") and _choice(body) in ("any", "tool"):
        yield Refusal(message="Thinking may not be enabled when tool_choice forces tool use.")


def _budget(body: JSON, budget: int) -> Iterator[Refusal]:
    if budget < 1024:
        yield Refusal(message="thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= body["max_tokens"]:
        yield Refusal(message="`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature", 1) != 1:
        yield Refusal(message="`temperature` may only be set to 1 when thinking is enabled.")


def _tools(body: JSON) -> Iterator[Refusal]:
    for number, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool.get("input_schema"), dict) or tool["input_schema"].get("type") != "object":
            yield Refusal(message=f"tools.{number}.custom.input_schema: Field required")
        if not _TOOL_NAME.fullmatch(tool.get("name", "")):
            message = f"tools.{number}.custom.name: String should match pattern '^{_TOOL_NAME.pattern}$'"
            yield Refusal(message=message)
        if extra := set(tool) & {"function", "parameters"}:
            yield Refusal(message=f"tools.{number}.custom.{min(extra)}: Extra inputs are not permitted")
    if "tool_choice" in body and not isinstance(body["tool_choice"], dict):
        yield Refusal(message="tool_choice: Input should be a valid dictionary or object to extract fields from")
    if "tool_choice" in body and _choice(body) not in _CHOICES:
        yield Refusal(message=f"tool_choice: Input tag '{_choice(body)}' does not match any of the expected tags")
    if _choice(body) == "tool" and not body["tool_choice"].get("name"):
        yield Refusal(message="tool_choice.tool.name: Field required")
    if "tool_choice" in body and not body.get("tools"):
        yield Refusal(message="tool_choice: may only be specified while providing tools")


def _choice(body: JSON) -> str:
    choice = body.get("tool_choice")
    return str(choice.get("type")) if isinstance(choice, dict) else ""

"""Messages and tools as Anthropic's Messages API wants them."""

from base64 import b64encode
from collections.abc import Iterable

from llm.providers._tool_calls import as_object
from llm.types import Image, JSONObject, Message, Part, Reasoning, Text, ToolCall, ToolResult, ToolSpec

# A thought that the vendor withholds: its `data` travels as the opaque part, marked so that it finds its way back.
REDACTED = "redacted_thinking:"


def wire_messages(messages: Iterable[Message]) -> list[JSONObject]:
    """Turns of alternating roles. Tool results are the user's, and lead the user's turn."""
    turns: list[JSONObject] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        # An empty block or turn is a 400.
        blocks = [block for part in message.parts if (block := _block(part, role))]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return turns


def wire_tool(tool: ToolSpec) -> JSONObject:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _block(part: Part, role: str) -> JSONObject | None:
    match part:
        case Text(text):
            return {"type": "text", "text": text} if text.strip() else None
        case Image() if role == "user":
            return {"type": "image", "source": _source(part)}
        case Reasoning(_, opaque) if opaque and role == "assistant":
            return _thinking(part)
        case ToolCall(call_id, name, arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": as_object(arguments)}
        case ToolResult():
            return _tool_result(part)
        case _:
            return None


def _thinking(part: Reasoning) -> JSONObject:
    """Thoughts go back unchanged, or the vendor refuses them."""
    if part.opaque.startswith(REDACTED):
        return {"type": "redacted_thinking", "data": part.opaque.removeprefix(REDACTED)}
    return {"type": "thinking", "thinking": part.text, "signature": part.opaque}


def _source(image: Image) -> JSONObject:
    if image.url:
        return {"type": "url", "url": image.url}
    return {"type": "base64", "media_type": image.media_type, "data": b64encode(image.data).decode()}


def _tool_result(part: ToolResult) -> JSONObject:
    result: JSONObject = {"type": "tool_result", "tool_use_id": part.call_id, "content": part.content}
    return result | {"is_error": True} if part.is_error else result

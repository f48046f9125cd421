"""Messages and tools as chat completions wants them."""

from collections.abc import Mapping

from llm.providers._portable_messages import image_url, names_a_tool
from llm.types import JSON, Image, JSONObject, Message, Reasoning, Text, ToolCall, ToolResult, ToolSpec


def wire_messages(
    message: Message,
    *,
    system_role: str,
    empty_content: str | None,
    reasoning_field: str,
    call_extra: Mapping[str, JSON],
) -> list[JSONObject]:
    """One message, except that each tool result is one of its own."""
    match message.role:
        case "system":
            return [{"role": system_role, "content": message.text}]
        case "user":
            return [{"role": "user", "content": _user_content(message)}]
        case "assistant":
            return [_assistant(message, empty_content, call_extra) | _reasoning(message, reasoning_field)]
        case "tool":
            return [_tool_result(part) for part in message.parts if isinstance(part, ToolResult)]


def wire_tool(tool: ToolSpec) -> JSONObject:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def wire_tool_choice(choice: JSON) -> JSON:
    """A word of the format as it is; any other is the name of a tool."""
    return {"type": "function", "function": {"name": choice}} if names_a_tool(choice) else choice


def _user_content(message: Message) -> JSON:
    """Plain text stays a string: many servers know nothing else."""
    parts = [_user_part(part) for part in message.parts if isinstance(part, Text | Image)]
    return parts if any(isinstance(part, Image) for part in message.parts) else message.text


def _user_part(part: Text | Image) -> JSONObject:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": image_url(part)}}


def _assistant(message: Message, empty_content: str | None, call_extra: Mapping[str, JSON]) -> JSONObject:
    """Without its reasoning: servers that did not ask for it refuse it."""
    calls = [_call(part) | dict(call_extra) for part in message.parts if isinstance(part, ToolCall)]
    if not calls:
        return {"role": "assistant", "content": message.text}
    return {"role": "assistant", "content": message.text or empty_content, "tool_calls": calls}


def _reasoning(message: Message, field: str) -> JSONObject:
    """What was thought, for servers that refuse a conversation without it: they want the field beside every call."""
    thought = "".join(part.text for part in message.parts if isinstance(part, Reasoning))
    has_calls = any(isinstance(part, ToolCall) for part in message.parts)
    return {field: thought} if field and (thought or has_calls) else {}


def _call(part: ToolCall) -> JSONObject:
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}


def _tool_result(part: ToolResult) -> JSONObject:
    return {"role": "tool", "tool_call_id": part.call_id, "content": part.content}

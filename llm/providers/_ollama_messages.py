"""Messages as Ollama's native API wants them: text beside images, arguments as objects."""

from base64 import b64encode

from llm.providers._portable_messages import refuse_image_addresses
from llm.providers._tool_calls import as_object
from llm.types import Image, JSONObject, Message, Reasoning, ToolCall, ToolResult


def wire_messages(message: Message) -> list[JSONObject]:
    """One message, except that each tool result is one of its own."""
    match message.role:
        case "tool":
            return [_tool_result(part) for part in message.parts if isinstance(part, ToolResult)]
        case "assistant":
            return [_assistant(message)]
        case role:
            refuse_image_addresses(message)  # the API fetches none
            images = [b64encode(part.data).decode() for part in message.parts if isinstance(part, Image)]
            return [{"role": role, "content": message.text} | ({"images": images} if images else {})]


def _assistant(message: Message) -> JSONObject:
    """A thought goes back beside the calls to which it led, where models that think between calls look for it."""
    wire: JSONObject = {"role": "assistant", "content": message.text}
    calls = [_call(part) for part in message.parts if isinstance(part, ToolCall)]
    thought = "".join(part.text for part in message.parts if isinstance(part, Reasoning))
    if calls and thought:
        wire["thinking"] = thought
    return wire | {"tool_calls": calls} if calls else wire


def _call(part: ToolCall) -> JSONObject:
    return {"id": part.id, "function": {"name": part.name, "arguments": as_object(part.arguments)}}


def _tool_result(part: ToolResult) -> JSONObject:
    """By name for servers up to late 2025, by id since then."""
    return {"role": "tool", "tool_name": part.name, "tool_call_id": part.call_id, "content": part.content}

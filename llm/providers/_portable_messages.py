"""What more than one wire format, or more than one strict server, wants of a conversation before it is written down."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

from llm.errors import BadRequest
from llm.types import JSON, Image, Message, Part, ToolCall, ToolResult

# Words that every format knows; any other choice is the name of a tool.
_TOOL_CHOICES = ("auto", "none", "required")
# An empty message would be refused as well.
_SPOKEN: Mapping[str, JSON] = {"role": "assistant", "content": "…"}
_SHORT = re.compile(r"[a-zA-Z0-9]{9}")


def system_text(messages: Iterable[Message]) -> str:
    """For formats in which system messages stand beside the conversation, not in it."""
    return "\n\n".join(message.text for message in messages if message.role == "system" and message.text)


def names_a_tool(choice: JSON) -> bool:
    return isinstance(choice, str) and choice not in _TOOL_CHOICES


def image_url(image: Image) -> str:
    return image.url or f"data:{image.media_type};base64,{b64encode(image.data).decode()}"


def refuse_image_addresses(message: Message) -> None:
    """Said before anything is sent: some of these servers would answer as if there were no image.

    An image that was handed in as a `data:` URL is bytes by now: `llm.history` saw to that.
    """
    for part in message.parts:
        if isinstance(part, Image) and part.url:
            raise BadRequest("This server takes the image itself, not its address. Upload the image.")


def with_short_call_ids(message: Message) -> Message:
    """The message with ids of exactly nine letters and digits, the same for a call and for its result."""
    return replace(message, parts=tuple(_with_short_id(part) for part in message.parts))


def _with_short_id(part: Part) -> Part:
    match part:
        case ToolCall(call_id):
            return replace(part, id=short_id(call_id))
        case ToolResult(call_id):
            return replace(part, call_id=short_id(call_id))
        case _:
            return part


def short_id(call_id: str) -> str:
    """An id that fits already is kept; others of one conversation collide with a chance of about one in 2³⁶."""
    if _SHORT.fullmatch(call_id):
        return call_id
    return sha256(call_id.encode("utf-8", "replace")).hexdigest()[:9]


def with_answers_after_tools(body: Mapping[str, JSON]) -> dict[str, JSON]:
    """The request with a word of the assistant where a user goes on right after a tool, as after an answer that was
    stopped: "Unexpected role 'user' after role 'tool'"."""
    messages = body["messages"]
    spoken = messages[:1]
    for earlier, message in pairwise(messages):
        if (earlier["role"], message["role"]) == ("tool", "user"):
            spoken.append(dict(_SPOKEN))
        spoken.append(message)
    return {**body, "messages": spoken}

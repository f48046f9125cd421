"""Messages as servers want them that are stricter than the format they speak."""

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

from llm.errors import BadRequest
from llm.types import JSON, Image, Message, Part, ToolCall, ToolResult

# An empty message would be refused as well.
_SPOKEN: Mapping[str, JSON] = {"role": "assistant", "content": "…"}
_SHORT = re.compile(r"[a-zA-Z0-9]{9}")


def refuse_image_addresses(message: Message) -> None:
    """Said before anything is sent: some of these servers would answer as if there were no image."""
    for part in message.parts:
        if isinstance(part, Image) and part.url and not part.url.startswith("data:"):
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

"""The frames of the websocket, JSON objects with a `type`: what a viewer may say, and what it is told."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from llm import ToolCall, ToolResult
from llm.storable import storable

if TYPE_CHECKING:
    from chat.live import Final, Snapshot

Frame = dict[str, Any]

MAX_TEXT = 100_000  # characters in one message
# What a caller may set for one turn. Everything else about the request belongs to the registry's row.
PARAMS: dict[str, tuple[type, ...]] = {
    "temperature": (int, float),
    "top_p": (int, float),
    "max_tokens": (int,),
    "seed": (int,),
    "stop": (str, list),
    "reasoning_effort": (str,),
}


class Refused(Exception):
    """A request that starts no turn. `message` says what to do; `status` is its HTTP equivalent."""

    def __init__(self, code: str, message: str, *, status: int = 400, client_id: UUID | None = None) -> None:
        self.code, self.message, self.status, self.client_id = code, message, status, client_id
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    client_id: UUID
    text: str
    conversation: UUID | None = None
    parent: UUID | None = None
    model: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    tools: tuple[str, ...] | None = None
    """From now on those of the conversation; None leaves it as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regenerate:
    client_id: UUID
    message: UUID
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    turn: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    turn: UUID
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    turn: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Ping:
    pass


Request = Send | Regenerate | Stop | Attach | Ack | Ping


def parse_request(text: str) -> Request:
    """A viewer's frame; `Refused` names what is wrong with it."""
    reader = FrameReader(load_object(text))
    match reader.frame.get("type"):
        case "send":
            return Send(
                client_id=reader.uuid("client_id"),
                text=reader.text(),
                conversation=reader.optional_uuid("conversation"),
                parent=reader.optional_uuid("parent"),
                model=reader.optional_string("model"),
                params=reader.params(),
            )
        case "regenerate":
            return Regenerate(
                client_id=reader.uuid("client_id"),
                message=reader.uuid("message"),
                model=reader.optional_string("model"),
            )
        case "stop":
            return Stop(turn=reader.uuid("turn"))
        case "attach":
            return Attach(turn=reader.uuid("turn"), after=reader.count("after"))
        case "ack":
            return Ack(turn=reader.uuid("turn"), seq=reader.count("seq"))
        case "ping":
            return Ping()
        case _:
            raise reader.refuse("'type' must be send, regenerate, stop, attach, ack or ping.")


def load_object(text: str) -> Frame:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        frame = None
    if not isinstance(frame, dict):
        raise Refused("malformed_frame", "A frame must be one JSON object. Reload the page if this persists.")
    return frame


@dataclass(frozen=True, slots=True)
class FrameReader:
    """Takes typed fields out of an untrusted frame."""

    frame: Frame

    def refuse(self, message: str, code: str = "malformed_frame") -> Refused:
        return Refused(code, message, client_id=as_uuid(self.frame.get("client_id")))

    def uuid(self, name: str) -> UUID:
        value = as_uuid(self.frame.get(name))
        if value is None:
            raise self.refuse(f"'{name}' must be a UUID.")
        return value

    def optional_uuid(self, name: str) -> UUID | None:
        return None if self.frame.get(name) is None else self.uuid(name)

    def optional_string(self, name: str) -> str | None:
        value = self.frame.get(name)
        if value is not None and not isinstance(value, str):
            raise self.refuse(f"'{name}' must be a string.")
        return value or None

    def count(self, name: str) -> int:
        value = self.frame.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.refuse(f"'{name}' must be a whole number, 0 or more.")
        return value

    def text(self) -> str:
        value = self.frame.get("text")
        if not isinstance(value, str) or not value.strip():
            raise self.refuse("Write a message first.", "empty_message")
        if len(value) > MAX_TEXT:
            raise self.refuse(
                f"The message is too long: {len(value):,} of {MAX_TEXT:,} characters.", "message_too_long"
            )
        return storable(value)

    def params(self) -> dict[str, Any]:
        value = self.frame.get("params") or {}
        if not isinstance(value, dict):
            raise self.refuse("'params' must be an object.", "bad_params")
        for name, setting in value.items():
            allowed = PARAMS.get(name)
            if allowed is None:
                known = ", ".join(PARAMS)
                raise self.refuse(f"Unknown parameter '{storable(name[:64])}'. Known: {known}.", "bad_params")
            if not isinstance(setting, allowed) or isinstance(setting, bool) or not is_plain(setting):
                raise self.refuse(f"'{name}' has a value of the wrong kind.", "bad_params")
        return value


def as_uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def is_plain(setting: object) -> bool:
    """Short, and neither NaN nor infinite, which JSON has no word for."""
    return len(str(setting)) <= 400 and not (isinstance(setting, float) and not math.isfinite(setting))


def accepted(*, client_id: UUID, conversation: UUID, message: UUID, turn: UUID) -> Frame:
    return {
        "type": "accepted",
        "client_id": str(client_id),
        "conversation": str(conversation),
        "message": str(message),
        "turn": str(turn),
    }


def title(conversation: UUID, text: str) -> Frame:
    return {"type": "title", "conversation": str(conversation), "text": text}


def snapshot(turn: UUID, state: Snapshot) -> Frame:
    frame: Frame = {
        "type": "snapshot",
        "turn": str(turn),
        "seq": state.seq,
        "status": state.status,
        "text": state.text,
        "reasoning": state.reasoning,
        "tools": list(state.tools),
    }
    return frame | ({"finish": state.finish} if state.finish else {})


def delta(turn: UUID, seq: int, text: str) -> Frame:
    return {"type": "delta", "turn": str(turn), "seq": seq, "text": text}


def reasoning(turn: UUID, seq: int, text: str) -> Frame:
    return {"type": "reasoning", "turn": str(turn), "seq": seq, "text": text}


def tool(turn: UUID, seq: int, part: Frame) -> Frame:
    return {"type": "tool", "turn": str(turn), "seq": seq, **part}


def tool_part(event: ToolCall | ToolResult) -> Frame:
    """A tool call or its result, as stored in a message's parts and as shown in a frame."""
    if isinstance(event, ToolCall):
        return {"id": event.id, "name": event.name, "phase": "call", "args": event.arguments}
    phase = "error" if event.is_error else "result"
    return {"id": event.call_id, "name": event.name, "phase": phase, "result": event.content}


def final(turn: UUID, seq: int, end: Final) -> Frame:
    """The one frame that ends a turn: `done` when it completed or was stopped, `failed` otherwise."""
    frame: Frame = {
        "turn": str(turn),
        "seq": seq,
        "status": end.status,
        "usage": end.usage,
        "html": end.html,
        "model_label": end.model_label,
    }
    if not end.error_code:
        return {"type": "done", **frame, "finish": end.finish}
    failure: Frame = {"code": end.error_code, "message": end.error_message, "retryable": end.retryable}
    if end.retry_after is not None:
        failure["retry_after"] = end.retry_after
    return {"type": "failed", **frame, **failure}


def error(refused: Refused) -> Frame:
    frame: Frame = {"type": "error", "code": refused.code, "message": refused.message}
    return frame | ({"client_id": str(refused.client_id)} if refused.client_id else {})


def pong() -> Frame:
    return {"type": "pong"}

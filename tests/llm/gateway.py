"""A chat-completions server on a real socket whose every kind of answer a test may replace, for connection tests."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.llm.wire import CHUNKED, LAST_CHUNK, Peer, answer, chunk

MODEL = "model-a"


def in_json(document: Any, status: bytes = b"200 OK", **options: Any) -> bytes:
    return answer(json.dumps(document).encode(), status=status, **options)


def refusal(status: bytes, message: str = "No.", **fields: Any) -> bytes:
    return in_json({"error": {"message": message, "type": "invalid_request_error", "code": None} | fields}, status)


def models(*names: str) -> bytes:
    return in_json({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def whole(text: str | None = "OK", *, finish: str = "stop", calls: tuple[tuple[str, str], ...] = ()) -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
            for name, arguments in calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": finish}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    return in_json({"object": "chat.completion", "choices": [choice], "usage": usage})


def streamed(text: str = "OK", *, usage: bool = True, ended: bool = True) -> bytes:
    events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": None}]}]
    if ended:
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage:
        events.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}})
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events] + [b"data: [DONE]\n\n"] * ended
    return CHUNKED + b"".join(map(chunk, lines)) + LAST_CHUNK


Answers = bytes | Callable[[Any], bytes]


@dataclass(slots=True)
class Gateway:
    """By default everything goes well. An answer is bytes, or a function of the request's body."""

    listing: Answers = field(default_factory=lambda: models(MODEL, "model-b"))
    chat: Answers = field(default_factory=whole)
    stream: Answers = field(default_factory=streamed)
    tools: Answers = field(
        default_factory=lambda: whole(None, finish="tool_calls", calls=(("get_weather", '{"city": "Oslo"}'),))
    )
    vision: Answers = field(default_factory=lambda: whole("Red."))
    bodies: list[Any] = field(default_factory=list)

    def script(self, peer: Peer) -> None:
        while peer.read_request():
            peer.send(self.answer_to(peer.server.requests[-1]))

    def answer_to(self, request: bytes) -> bytes:
        body = json.loads(request.partition(b"\r\n\r\n")[2] or b"null")
        self.bodies.append(body)
        found = self._answer_for(body)
        return found(body) if callable(found) else found

    @property
    def asked(self) -> list[Any]:
        """Bodies of the questions to the model."""
        return [body for body in self.bodies if body is not None]

    def _answer_for(self, body: Any) -> Answers:
        if body is None:
            return self.listing
        if "tools" in body:
            return self.tools
        if "image_url" in json.dumps(body["messages"]):
            return self.vision
        return self.stream if body["stream"] else self.chat

"""Messages: blocks that are opened, filled and closed, in events that name themselves twice."""

import json
from collections.abc import Iterator

from llm.testing.formats import messages_models, messages_rules
from llm.testing.formats.base import (
    BAD_KEY,
    MISSING_MODEL,
    Asked,
    Frame,
    Refusal,
    Wish,
    count,
    event,
    parts_of,
    signature_of,
    text_of,
    words,
)
from llm.testing.script import Script
from llm.types import JSON

_KINDS = {401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error"}
_KINDS |= {413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error"}


class Messages:
    content_type = "text/event-stream; charset=utf-8"
    broken_frame = b'event: content_block_delta\ndata: {"type": "content_bl\n\n'

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        """Keys are taken in either header: the vendor's own client sends a bearer's. Local servers want none."""
        if BAD_KEY in asked.keys:
            yield Refusal(status=401, message="invalid x-api-key")
        yield from messages_rules.version_complaints(asked)

    def complaints(self, asked: Asked) -> Iterator[Refusal]:
        model = asked.body.get("model")
        if not isinstance(model, str) or not model:
            yield Refusal(message="model: Field required")
        if model == MISSING_MODEL:
            yield self.missing(model)
        yield from messages_rules.complaints(asked)
        yield from messages_models.complaints(model, asked.body)

    def missing(self, model: str) -> Refusal:
        return Refusal(status=404, message=f"model: {model}")

    def prompt(self, body: JSON) -> str:
        asked = [text_of(message["content"]) for message in body["messages"] if message["role"] == "user"]
        return next((text for text in reversed(asked) if text), "")

    def tool_results(self, body: JSON) -> list[str]:
        content = body["messages"][-1]["content"] if body["messages"] else ""
        blocks = content if isinstance(content, list) else []
        return [text_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"]

    def images(self, body: JSON) -> int:
        return sum(count(parts_of(message["content"]), "image") for message in body["messages"])

    def wish(self, body: JSON) -> Wish:
        wanted = (body.get("output_config") or {}).get("format") or {}
        return Wish(streamed=bool(body.get("stream")), limit=body["max_tokens"], schema=wanted.get("schema"))

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        usage = {} if script.has("no_usage") else {"usage": {"input_tokens": _asked(body), "output_tokens": 1}}
        message = _message(body, [], None) | usage
        yield _event({"type": "message_start", "message": message})
        # The vendor's own; servers that copy the format send none.
        yield _event({"type": "ping"})
        for index, (block, contents) in enumerate(_blocks(script, tokens)):
            yield _event({"type": "content_block_start", "index": index, "content_block": block})
            for content in contents:
                data = {"type": "content_block_delta", "index": index, "delta": content}
                yield _event(data, token=content["type"] == "text_delta")
            yield _event({"type": "content_block_stop", "index": index})
        delta = {"stop_reason": _stop_reason(script, cut=cut), "stop_sequence": None}
        yield _event({"type": "message_delta", "delta": delta, "usage": _usage(script, body, tokens)})
        yield _event({"type": "message_stop"})

    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON:
        content: list[JSON] = []
        if script.thoughts:
            content.append({"type": "thinking", "thinking": "".join(script.thoughts), "signature": _signature(script)})
        if tokens:
            content.append({"type": "text", "text": "".join(tokens)})
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
            for call in script.calls
        ]
        message = _message(body, content, _stop_reason(script, cut=cut))
        return message | {"usage": _usage(script, body, tokens)}

    def refusal(self, refusal: Refusal) -> JSON:
        fallback = "api_error" if refusal.status >= 500 else "invalid_request_error"
        kind = refusal.code or _KINDS.get(refusal.status, fallback)
        return {"type": "error", "error": {"type": kind, "message": refusal.message}, "request_id": "req_1"}

    def error_frame(self, number: int = 0) -> bytes:
        return event(self.refusal(Refusal(status=529, message="Overloaded")), "error")


def _blocks(script: Script, tokens: list[str]) -> Iterator[tuple[JSON, list[dict[str, str]]]]:
    if script.thoughts:
        deltas = [{"type": "thinking_delta", "thinking": thought} for thought in script.thoughts]
        signature = {"type": "signature_delta", "signature": _signature(script)}
        yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signature]
    if tokens:
        yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": token} for token in tokens]
    for call in script.calls:
        fragments = ["", *call.fragments]
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        yield block, [{"type": "input_json_delta", "partial_json": fragment} for fragment in fragments]


def _event(data: dict[str, JSON], *, token: bool = False) -> Frame:
    return Frame(event(data, data["type"]), token)


def _message(body: JSON, content: list[JSON], stop_reason: str | None) -> dict[str, JSON]:
    fixed = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"]}
    return fixed | {"content": content, "stop_reason": stop_reason, "stop_sequence": None}


def _signature(script: Script) -> str:
    return signature_of("".join(script.thoughts))


def _stop_reason(script: Script, *, cut: bool) -> str:
    return "tool_use" if script.calls else "max_tokens" if cut else "end_turn"


def _asked(body: JSON) -> int:
    return words(body.get("system", ""), body["messages"])


def _usage(script: Script, body: JSON, tokens: list[str]) -> dict[str, JSON]:
    """The last event of a stream repeats the count of the input, as the vLLM 0.32 of the recorded answers does."""
    counts = {"input_tokens": _asked(body), "output_tokens": len(tokens) + len(script.thoughts)}
    return {} if script.has("no_usage") else counts

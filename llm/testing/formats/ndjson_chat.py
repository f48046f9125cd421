"""A chat in lines of JSON: streamed unless the request says no, tool calls whole, errors as plain strings."""

import json
from collections.abc import Iterator

from llm.testing.formats import ndjson_rules
from llm.testing.formats.base import BAD_KEY, MISSING_MODEL, Asked, Frame, Refusal, Wish, words
from llm.testing.script import Call, Script
from llm.types import JSON

_CREATED = "2026-11-23T09:00:00.123456Z"
_DURATIONS = {
    "total_duration": 4883583458,
    "load_duration": 1334875,
    "prompt_eval_duration": 342546000,
    "eval_duration": 4535599000,
}


class NdjsonChat:
    content_type = "application/x-ndjson"
    broken_frame = b'{"message": {"con\n'

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        """Only the vendor's cloud knows keys."""
        if BAD_KEY in asked.keys:
            yield Refusal(status=401, message="unauthorized")

    def complaints(self, asked: Asked) -> Iterator[Refusal]:
        if not asked.body.get("model"):
            yield Refusal(message="model is required")
        if asked.body["model"] == MISSING_MODEL:
            yield self.missing(MISSING_MODEL)
        yield from ndjson_rules.complaints(asked.body)

    def missing(self, model: str) -> Refusal:
        return Refusal(status=404, message=f"model '{model}' not found")

    def refusal(self, refusal: Refusal) -> JSON:
        """There are no codes: a script's code is all that is left of it in the text."""
        return {"error": f"{refusal.code}: {refusal.message}" if refusal.code else refusal.message}

    def prompt(self, body: JSON) -> str:
        asked = [message for message in _messages(body) if message["role"] == "user"]
        return str(asked[-1].get("content", "")) if asked else ""

    def tool_results(self, body: JSON) -> list[str]:
        """Those that came after the last question."""
        results: list[str] = []
        for message in _messages(body):
            if message["role"] == "tool":
                results.append(message.get("content", ""))
            elif message["role"] == "user":
                results.clear()
        return results

    def images(self, body: JSON) -> int:
        return sum(len(message.get("images") or ()) for message in _messages(body))

    def wish(self, body: JSON) -> Wish:
        """No messages only load the model. A negative limit is none."""
        limit = (body.get("options") or {}).get("num_predict", -1) if _messages(body) else 0
        schema = {} if body.get("format") == "json" else body.get("format") or None
        return Wish(streamed=body.get("stream", True), limit=limit if limit >= 0 else None, schema=schema)

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        for thought in script.thoughts:
            yield _line(body, {"content": "", "thinking": thought})
        for token in tokens:
            yield _line(body, {"content": token}, token=True)
        for number, call in enumerate(script.calls):
            yield _line(body, {"content": "", "tool_calls": [_call(number, call)]})
        data = _envelope(body, {"content": ""}) | _end(script, body, tokens, cut=cut)
        yield Frame(_json_line(data))

    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON:
        message: dict[str, JSON] = {"content": "".join(tokens)}
        if script.thoughts:
            message["thinking"] = "".join(script.thoughts)
        if script.calls:
            message["tool_calls"] = [_call(number, call) for number, call in enumerate(script.calls)]
        return _envelope(body, message) | _end(script, body, tokens, cut=cut)

    def error_frame(self, number: int = 0) -> bytes:
        return _json_line({"error": "an error was encountered while running the model"})


def _messages(body: JSON) -> list[dict[str, JSON]]:
    return body.get("messages") or []


def _json_line(data: JSON) -> bytes:
    return f"{json.dumps(data, ensure_ascii=False)}\n".encode()


def _envelope(body: JSON, message: dict[str, JSON]) -> dict[str, JSON]:
    return {"model": body["model"], "created_at": _CREATED, "message": {"role": "assistant"} | message, "done": False}


def _line(body: JSON, message: dict[str, JSON], *, token: bool = False) -> Frame:
    return Frame(_json_line(_envelope(body, message)), token)


def _call(number: int, call: Call) -> JSON:
    """Whole, with an object for its arguments."""
    function = {"index": number, "name": call.name, "arguments": json.loads(call.arguments)}
    return {"id": call.id, "function": function}


def _end(script: Script, body: JSON, tokens: list[str], *, cut: bool) -> dict[str, JSON]:
    """The reason stays "stop" where tools are called; counts that are zero are left out."""
    reason = ("length" if cut else "stop") if _messages(body) else "load"
    counts = {"prompt_eval_count": words(_messages(body)), "eval_count": len(tokens) + len(script.thoughts)}
    known = {} if script.has("no_usage") else {name: number for name, number in counts.items() if number}
    return {"done": True, "done_reason": reason} | _DURATIONS | known

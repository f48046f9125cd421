"""The two wire formats that the scripted provider writes. Made by hand from the vendors' documents, and not with the
code that reads them, so that a misreading cannot agree with itself."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from llm.testing.script import Script
from llm.types import JSON

_KINDS = {401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error"}
_KINDS |= {413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error"}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes of a stream; `token` if they count as one."""

    data: bytes
    token: bool = False


class Format(Protocol):
    def prompt(self, body: JSON) -> str: ...
    def tool_results(self, body: JSON) -> list[str]: ...
    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]: ...
    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON: ...
    def refusal(self, status: int, message: str, code: str) -> JSON: ...
    def error_frame(self) -> bytes: ...


def event(data: JSON, name: str = "") -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def text_of(content: JSON) -> str:
    """The text of a message's content, a string or a list of parts."""
    parts = content if isinstance(content, list) else [{"text": content or ""}]
    return "".join(part.get("text", "") for part in parts)


def words(body: Mapping[str, JSON]) -> int:
    return len(f"{body.get('system', '')} {body['messages']}".split())


class ChatCompletions:
    def prompt(self, body: JSON) -> str:
        asked = [message for message in body["messages"] if message["role"] == "user"]
        return text_of(asked[-1]["content"]) if asked else ""

    def tool_results(self, body: JSON) -> list[str]:
        """Those that came after the last question."""
        results: list[str] = []
        for message in body["messages"]:
            if message["role"] == "tool":
                results.append(text_of(message["content"]))
            elif message["role"] == "user":
                results.clear()
        return results

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        yield self._chunk(body, {"role": "assistant", "content": "", "refusal": None})
        for thought in script.thoughts:
            yield self._chunk(body, {"reasoning_content": thought})
        for token in tokens:
            yield self._chunk(body, {"content": token}, token=True)
        for index, call in enumerate(script.calls):
            function = {"name": call.name, "arguments": ""}
            opening = {"index": index, "id": call.id, "type": "function", "function": function}
            yield self._chunk(body, {"content": None, "tool_calls": [opening]})
            for fragment in call.fragments:
                yield self._chunk(body, {"tool_calls": [{"index": index, "function": {"arguments": fragment}}]})
        yield self._chunk(body, {}, finish=self._finish(script, cut=cut))
        if (body.get("stream_options") or {}).get("include_usage") and not script.has("no_usage"):
            yield Frame(event(self._envelope(body) | {"choices": [], "usage": self._usage(script, body, tokens)}))
        yield Frame(b"data: [DONE]\n\n")

    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON:
        message: dict[str, JSON] = {"role": "assistant", "content": "".join(tokens) or None, "refusal": None}
        if script.thoughts:
            message["reasoning_content"] = "".join(script.thoughts)
        if script.calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in script.calls
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._finish(script, cut=cut)}
        usage = {} if script.has("no_usage") else {"usage": self._usage(script, body, tokens)}
        return self._envelope(body) | {"object": "chat.completion", "choices": [choice]} | usage

    def refusal(self, status: int, message: str, code: str) -> JSON:
        kind = "server_error" if status >= 500 else "invalid_request_error"
        code = code or _CODES.get(status, "")
        return {"error": {"message": message, "type": kind, "param": None, "code": code or None}}

    def error_frame(self) -> bytes:
        return event(self.refusal(500, "The server had an error while processing the request.", ""))

    def _chunk(self, body: JSON, delta: JSON, *, finish: str | None = None, token: bool = False) -> Frame:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return Frame(event(self._envelope(body) | {"choices": [choice], "usage": None}), token)

    def _envelope(self, body: JSON) -> dict[str, JSON]:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795400000, "model": body["model"]}

    def _finish(self, script: Script, *, cut: bool) -> str:
        return "tool_calls" if script.calls else "length" if cut else "stop"

    def _usage(self, script: Script, body: JSON, tokens: list[str]) -> JSON:
        thoughts, asked = len(script.thoughts), words(body)
        return {
            "prompt_tokens": asked,
            "completion_tokens": len(tokens) + thoughts,
            "total_tokens": asked + len(tokens) + thoughts,
            "completion_tokens_details": {"reasoning_tokens": thoughts},
        }


class Messages:
    def prompt(self, body: JSON) -> str:
        asked = [text_of(message["content"]) for message in body["messages"] if message["role"] == "user"]
        return next((text for text in reversed(asked) if text), "")

    def tool_results(self, body: JSON) -> list[str]:
        content = body["messages"][-1]["content"] if body["messages"] else ""
        blocks = content if isinstance(content, list) else []
        return [text_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"]

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        usage = {} if script.has("no_usage") else {"usage": {"input_tokens": words(body), "output_tokens": 1}}
        message = self._message(body, [], None) | usage
        yield self._event({"type": "message_start", "message": message})
        yield self._event({"type": "ping"})
        for index, (block, contents) in enumerate(self._blocks(script, tokens)):
            yield self._event({"type": "content_block_start", "index": index, "content_block": block})
            for content in contents:
                data = {"type": "content_block_delta", "index": index, "delta": content}
                yield self._event(data, token=content["type"] == "text_delta")
            yield self._event({"type": "content_block_stop", "index": index})
        delta = {"stop_reason": self._stop_reason(script, cut=cut), "stop_sequence": None}
        yield self._event({"type": "message_delta", "delta": delta, "usage": self._output(script, tokens)})
        yield self._event({"type": "message_stop"})

    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON:
        content: list[JSON] = []
        if script.thoughts:
            content.append({"type": "thinking", "thinking": "".join(script.thoughts), "signature": "c2lnbmVk"})
        if tokens:
            content.append({"type": "text", "text": "".join(tokens)})
        content += [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
            for call in script.calls
        ]
        usage = {"input_tokens": words(body)} | self._output(script, tokens)
        return self._message(body, content, self._stop_reason(script, cut=cut)) | {"usage": usage}

    def refusal(self, status: int, message: str, code: str) -> JSON:
        fallback = "api_error" if status >= 500 else "invalid_request_error"
        kind = code or _KINDS.get(status, fallback)
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}

    def error_frame(self) -> bytes:
        return event(self.refusal(529, "Overloaded", ""), "error")

    def _blocks(self, script: Script, tokens: list[str]) -> Iterator[tuple[JSON, list[dict[str, str]]]]:
        if script.thoughts:
            deltas = [{"type": "thinking_delta", "thinking": thought} for thought in script.thoughts]
            signature = {"type": "signature_delta", "signature": "c2lnbmVk"}
            yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signature]
        if tokens:
            yield {"type": "text", "text": ""}, [{"type": "text_delta", "text": token} for token in tokens]
        for call in script.calls:
            fragments = ["", *call.fragments]
            block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            yield block, [{"type": "input_json_delta", "partial_json": fragment} for fragment in fragments]

    def _event(self, data: dict[str, JSON], *, token: bool = False) -> Frame:
        return Frame(event(data, data["type"]), token)

    def _message(self, body: JSON, content: list[JSON], stop_reason: str | None) -> dict[str, JSON]:
        message: dict[str, JSON] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
        }
        return message | {"stop_reason": stop_reason, "stop_sequence": None}

    def _stop_reason(self, script: Script, *, cut: bool) -> str:
        return "tool_use" if script.calls else "max_tokens" if cut else "end_turn"

    def _output(self, script: Script, tokens: list[str]) -> dict[str, JSON]:
        return {} if script.has("no_usage") else {"output_tokens": len(tokens) + len(script.thoughts)}


CHAT_COMPLETIONS = ChatCompletions()
MESSAGES = Messages()
FORMATS: dict[str, Format] = {"/v1/chat/completions": CHAT_COMPLETIONS, "/v1/messages": MESSAGES}

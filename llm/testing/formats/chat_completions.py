"""Chat completions, and the same behind a content filter that comments on every prompt and choice."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llm.testing.formats import chat_rules
from llm.testing.formats.base import (
    MISSING_MODEL,
    Asked,
    Frame,
    Refusal,
    Wish,
    count,
    event,
    parts_of,
    text_of,
    words,
)
from llm.testing.formats.doors import FILTER_RESULTS, PLAIN, Door
from llm.testing.formats.paths import DATED_CHAT_COMPLETIONS
from llm.testing.formats.reasoning_models import chat_complaints
from llm.testing.script import Script
from llm.types import JSON

_CREATED = 1795400000
# What stands behind every deployment: its name says nothing about its model.
DEPLOYED_MODEL = "scripted-model-2026-11-20"


@dataclass(frozen=True, slots=True)
class ChatCompletions:
    door: Door = PLAIN
    content_type: str = "text/event-stream; charset=utf-8"
    broken_frame: bytes = b'data: {"choices": [{"del\n\n'

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        yield from self.door.admission(asked)

    def complaints(self, asked: Asked) -> Iterator[Refusal]:
        model = asked.body.get("model")
        if not isinstance(model, str) or not model:
            yield Refusal(message="you must provide a model parameter")
        if model == MISSING_MODEL:
            yield self.missing(model)
        yield from chat_rules.complaints(asked.body)
        yield from chat_complaints(model, asked.body)

    def missing(self, model: str) -> Refusal:
        return self.door.missing(model)

    def refusal(self, refusal: Refusal) -> JSON:
        return self.door.refusal(refusal)

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

    def images(self, body: JSON) -> int:
        return sum(count(parts_of(message.get("content")), "image_url") for message in body["messages"])

    def wish(self, body: JSON) -> Wish:
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return Wish(streamed=bool(body.get("stream")), limit=limit, schema=_schema(body.get("response_format") or {}))

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        yield self._chunk(body, {"role": "assistant", "content": "", "refusal": None})
        for thought in script.thoughts:
            yield self._chunk(body, {"reasoning_content": thought})
        for token in tokens:
            yield self._chunk(body, {"content": token}, token=True)
        for delta in _call_deltas(script):
            yield self._chunk(body, delta)
        yield self._chunk(body, {}, finish=_finish(script, cut=cut))
        if (body.get("stream_options") or {}).get("include_usage") and not script.has("no_usage"):
            yield Frame(event(self._envelope(body) | {"choices": [], "usage": _usage(script, body, tokens)}))
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
        choice = self._choice({"message": message}, _finish(script, cut=cut))
        usage = {} if script.has("no_usage") else {"usage": _usage(script, body, tokens)}
        return self._envelope(body) | {"object": "chat.completion", "choices": [choice]} | usage

    def error_frame(self, number: int = 0) -> bytes:
        message = "The server had an error while processing the request."
        return event(PLAIN.refusal(Refusal(status=500, message=message)))

    def _chunk(self, body: JSON, delta: JSON, *, finish: str | None = None, token: bool = False) -> Frame:
        choice = self._choice({"delta": delta}, finish)
        return Frame(event(self._envelope(body) | {"choices": [choice], "usage": None}), token)

    def _choice(self, said: dict[str, JSON], finish: str | None) -> dict[str, JSON]:
        return {"index": 0, "logprobs": None, "finish_reason": finish} | said

    def _envelope(self, body: JSON) -> dict[str, JSON]:
        return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": _CREATED, "model": body["model"]}


class FilteredChatCompletions(ChatCompletions):
    """As deployments speak it: the model's rules do not apply, because the deployment's name hides the model."""

    __slots__ = ()

    def complaints(self, asked: Asked) -> Iterator[Refusal]:
        """A dated path names the deployment, and the `model` in the body is ignored."""
        dated = re.fullmatch(DATED_CHAT_COMPLETIONS, asked.path)
        model = dated["model"] if dated else asked.body.get("model")
        if not model or model == MISSING_MODEL:
            yield self.missing(str(model))
        yield from chat_rules.complaints(asked.body)

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        """The first chunk speaks of the prompt alone: no choice, no id, no model."""
        nothing = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        yield Frame(event(nothing | _prompt_results()))
        yield from super().frames(script, body, tokens, cut=cut)

    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON:
        return super().whole(script, body, tokens, cut=cut) | _prompt_results()

    def _choice(self, said: dict[str, JSON], finish: str | None) -> dict[str, JSON]:
        results = FILTER_RESULTS if said.get("message") or said.get("delta", {}).get("content") else {}
        return super()._choice(said, finish) | {"content_filter_results": results}

    def _envelope(self, body: JSON) -> dict[str, JSON]:
        return super()._envelope({"model": DEPLOYED_MODEL})


def _prompt_results() -> dict[str, JSON]:
    return {"prompt_filter_results": [{"prompt_index": 0, "content_filter_results": FILTER_RESULTS}]}


def _schema(wanted: JSON) -> JSON:
    if wanted.get("type") == "json_schema":
        return wanted["json_schema"].get("schema", {})
    return {} if wanted.get("type") == "json_object" else None


def _call_deltas(script: Script) -> Iterator[dict[str, JSON]]:
    for index, call in enumerate(script.calls):
        function = {"name": call.name, "arguments": ""}
        opening = {"index": index, "id": call.id, "type": "function", "function": function}
        yield {"content": None, "tool_calls": [opening]}
        for fragment in call.fragments:
            yield {"tool_calls": [{"index": index, "function": {"arguments": fragment}}]}


def _finish(script: Script, *, cut: bool) -> str:
    return "tool_calls" if script.calls else "length" if cut else "stop"


def _usage(script: Script, body: JSON, tokens: list[str]) -> JSON:
    thoughts, asked = len(script.thoughts), words(body["messages"])
    return {
        "prompt_tokens": asked,
        "completion_tokens": len(tokens) + thoughts,
        "total_tokens": asked + len(tokens) + thoughts,
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }

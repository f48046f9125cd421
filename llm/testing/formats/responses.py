"""Responses: items that are opened, filled and closed, in events that are numbered and name themselves twice."""

from collections.abc import Iterator
from dataclasses import dataclass

from llm.testing.formats import responses_rules
from llm.testing.formats.base import MISSING_MODEL, Asked, Frame, Refusal, Wish, count, event, parts_of, text_of, words
from llm.testing.formats.doors import PLAIN, Door
from llm.testing.formats.reasoning_models import responses_complaints
from llm.testing.script import Call, Script
from llm.types import JSON

_CREATED = 1795400000
_ECHOED = ("instructions", "max_output_tokens", "metadata", "reasoning", "text")
_DEFAULTS = {"parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "top_p": 1.0, "store": True}


@dataclass(frozen=True, slots=True)
class Step:
    """One event before it has its number."""

    data: dict[str, JSON]
    token: bool = False


@dataclass(frozen=True, slots=True)
class Responses:
    door: Door = PLAIN
    content_type: str = "text/event-stream; charset=utf-8"
    broken_frame: bytes = b'event: response.output_text.delta\ndata: {"type": "response.outp\n\n'

    def admission(self, asked: Asked) -> Iterator[Refusal]:
        yield from self.door.admission(asked)

    def complaints(self, asked: Asked) -> Iterator[Refusal]:
        model = asked.body.get("model")
        if not isinstance(model, str) or not model:
            yield Refusal(message="Missing required parameter: 'model'.", code="missing_required_parameter")
        if model == MISSING_MODEL:
            yield self.missing(model)
        yield from responses_rules.complaints(asked.body)
        if self.door is PLAIN:
            yield from responses_complaints(model, asked.body)

    def missing(self, model: str) -> Refusal:
        return self.door.missing(model)

    def refusal(self, refusal: Refusal) -> JSON:
        return self.door.refusal(refusal)

    def prompt(self, body: JSON) -> str:
        asked = [item for item in _items(body) if item.get("role") == "user"]
        return text_of(asked[-1]["content"]) if asked else ""

    def tool_results(self, body: JSON) -> list[str]:
        """Those that came after the last question."""
        results: list[str] = []
        for item in _items(body):
            if item.get("type") == "function_call_output":
                results.append(item["output"])
            elif item.get("role") == "user":
                results.clear()
        return results

    def images(self, body: JSON) -> int:
        return sum(count(parts_of(item.get("content")), "input_image") for item in _items(body))

    def wish(self, body: JSON) -> Wish:
        wanted = (body.get("text") or {}).get("format") or {}
        schema = {} if wanted.get("type") == "json_object" else wanted.get("schema")
        return Wish(streamed=bool(body.get("stream")), limit=body.get("max_output_tokens"), schema=schema)

    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]:
        for number, step in enumerate(self._steps(script, body, tokens, cut=cut)):
            yield Frame(event(step.data | {"sequence_number": number}, step.data["type"]), step.token)

    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON:
        ended = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}} if cut else {}
        usage = None if script.has("no_usage") else _usage(script, body, tokens)
        output = _output(script, tokens, cut=cut)
        return _response(body) | {"status": "completed", "output": output, "usage": usage} | ended

    def error_frame(self, number: int = 0) -> bytes:
        """Flat, and not under `error` as everywhere else."""
        message = "The server had an error while processing the request."
        error = {"type": "error", "code": "server_error", "message": message, "param": None}
        return event(error | {"sequence_number": number}, "error")

    def _steps(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Step]:
        yield Step({"type": "response.created", "response": _response(body)})
        yield Step({"type": "response.in_progress", "response": _response(body)})
        for index, item in enumerate(_output(script, tokens, cut=cut)):
            yield from _item_steps(index, item, script, tokens)
        whole = self.whole(script, body, tokens, cut=cut)
        yield Step({"type": f"response.{whole['status']}", "response": whole})


def _items(body: JSON) -> list[dict[str, JSON]]:
    asked = body.get("input", "")
    return asked if isinstance(asked, list) else [{"role": "user", "content": asked}]


def _response(body: JSON) -> dict[str, JSON]:
    """The keys that say nothing are there too, as in what vLLM 0.32 was recorded to answer."""
    tools = [{"strict": True, "description": None} | tool for tool in body.get("tools") or ()]
    echoed = {name: body.get(name) for name in _ECHOED} | {name: body.get(name, _DEFAULTS[name]) for name in _DEFAULTS}
    fixed = {"object": "response", "created_at": _CREATED, "model": body["model"], "tools": tools}
    fixed |= {"output": [], "usage": None}
    return {"id": "resp_1", "status": "in_progress", "error": None, "incomplete_details": None} | fixed | echoed


def _output(script: Script, tokens: list[str], *, cut: bool) -> list[dict[str, JSON]]:
    items: list[dict[str, JSON]] = []
    if script.thoughts:
        thoughts: dict[str, JSON] = {"summary": [{"type": "summary_text", "text": "".join(script.thoughts)}]}
        sealed = {"encrypted_content": responses_rules.sealed(thoughts)}
        items.append({"id": "rs_1", "type": "reasoning"} | thoughts | sealed)
    if tokens:
        status = "incomplete" if cut else "completed"
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": status}
        items.append(message | {"content": [_text_part("".join(tokens))]})
    return items + [_call_item(call) for call in script.calls]


def _text_part(text: str) -> dict[str, JSON]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _call_item(call: Call) -> dict[str, JSON]:
    """Its own id is not the one that a result names."""
    named = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
    return {"id": f"fc_{call.id}", "type": "function_call", "status": "completed"} | named


def _item_steps(index: int, item: dict[str, JSON], script: Script, tokens: list[str]) -> Iterator[Step]:
    opened: dict[str, JSON] = {"reasoning": {"summary": [], "encrypted_content": ""}, "message": {"content": []}}
    empty = opened.get(item["type"], {"arguments": ""})
    running = {"status": "in_progress"} if "status" in item else {}
    yield Step({"type": "response.output_item.added", "output_index": index, "item": item | empty | running})
    place = {"item_id": item["id"], "output_index": index}
    for step in _filling(item, script, tokens):
        yield Step(step.data | place, step.token)
    yield Step({"type": "response.output_item.done", "output_index": index, "item": item})


def _filling(item: dict[str, JSON], script: Script, tokens: list[str]) -> Iterator[Step]:
    match item["type"]:
        case "reasoning":
            yield from _summary_steps(script.thoughts)
        case "message":
            yield from _text_steps(tokens)
        case _:
            yield from _argument_steps(next(call for call in script.calls if call.id == item["call_id"]))


def _summary_steps(thoughts: list[str]) -> Iterator[Step]:
    place, text = {"summary_index": 0}, "".join(thoughts)
    empty, full = ({"part": {"type": "summary_text", "text": said}} for said in ("", text))
    yield Step({"type": "response.reasoning_summary_part.added"} | place | empty)
    for thought in thoughts:
        yield Step({"type": "response.reasoning_summary_text.delta", "delta": thought} | place)
    yield Step({"type": "response.reasoning_summary_text.done", "text": text} | place)
    yield Step({"type": "response.reasoning_summary_part.done"} | place | full)


def _text_steps(tokens: list[str]) -> Iterator[Step]:
    place, text = {"content_index": 0}, "".join(tokens)
    yield Step({"type": "response.content_part.added", "part": _text_part("")} | place)
    for token in tokens:
        yield Step({"type": "response.output_text.delta", "delta": token, "logprobs": []} | place, token=True)
    yield Step({"type": "response.output_text.done", "text": text, "logprobs": []} | place)
    yield Step({"type": "response.content_part.done", "part": _text_part(text)} | place)


def _argument_steps(call: Call) -> Iterator[Step]:
    for fragment in call.fragments:
        yield Step({"type": "response.function_call_arguments.delta", "delta": fragment})
    yield Step({"type": "response.function_call_arguments.done", "name": call.name, "arguments": call.arguments})


def _usage(script: Script, body: JSON, tokens: list[str]) -> JSON:
    asked, thoughts = words(body.get("instructions", ""), body.get("input", "")), len(script.thoughts)
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": len(tokens) + thoughts,
        "output_tokens_details": {"reasoning_tokens": thoughts},
        "total_tokens": asked + len(tokens) + thoughts,
    }

"""OpenAI's two wire formats behind one door: which of them a request takes, and in which an answer is written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from llm.providers._chat_format import ChatFormat
from llm.providers._chat_stream import events_of as chat_events
from llm.providers._documents import Documents
from llm.providers._errors import error_in_stream
from llm.providers._openai_families import Family, family_of, needs_responses
from llm.providers._responses_request import responses_body
from llm.providers._responses_stream import events_of as response_events
from llm.providers._responses_stream import is_response
from llm.types import JSON, ChatRequest, Event, JSONObject, ModelConfig, ToolCall, ToolResult

_CHAT_COMPLETIONS, _RESPONSES = "chat/completions", "responses"
# What a connection's option `wire_format` may say, for relays that know one of the two.
_WIRE_FORMATS: dict[JSON, str] = {"chat_completions": _CHAT_COMPLETIONS, "responses": _RESPONSES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What a server knows of the formats. Azure's dated versions learned these one after the other."""

    token_limit_of_reasoners: bool = True
    """`max_completion_tokens`, and `stream_options` with it."""
    reasoning: bool = True
    """`reasoning_effort` and the role `developer`."""
    responses: bool = True


EVERYTHING = Knowledge()


@dataclass(frozen=True, slots=True)
class Asked:
    """The end of a request's path, and its body."""

    operation: str
    body: JSONObject


def asked(config: ModelConfig, request: ChatRequest, *, model: str, server: Knowledge = EVERYTHING) -> Asked:
    """`model` is the one whose rules hold; `config.model` may be a name that somebody gave it."""
    operation = _operation(config, request, model, server)
    if operation == _RESPONSES:
        return Asked(operation, responses_body(config, request, family_of(model)))
    spoken = _chat_format(family_of(model), server).with_options(config.options)
    return Asked(operation, spoken.body(config, request))


def parse(chunks: Iterable[bytes]) -> Iterator[Event]:
    documents = Documents(chunks)
    return response_events(documents) if is_response(documents.peek(_tells_format)) else chat_events(documents)


def _tells_format(document: Mapping[str, JSON]) -> bool:
    """Keep-alives that come as documents do not. An error does, because nothing may follow it."""
    return is_response(document) or "choices" in document or error_in_stream(document) is not None


def _operation(config: ModelConfig, request: ChatRequest, model: str, server: Knowledge) -> str:
    wanted = config.options.get("wire_format")
    if isinstance(wanted, str) and wanted in _WIRE_FORMATS:
        return _WIRE_FORMATS[wanted]
    params = request.params
    if server.responses and needs_responses(model, params, has_tools=_has_tools(request)):
        return _RESPONSES
    return _CHAT_COMPLETIONS


def _has_tools(request: ChatRequest) -> bool:
    """Calls of earlier turns count: their thoughts go back on Responses only."""
    parts = (part for message in request.messages for part in message.parts)
    return bool(request.tools) or any(isinstance(part, ToolCall | ToolResult) for part in parts)


def _chat_format(family: Family | None, server: Knowledge) -> ChatFormat:
    """Reasoning models have a `developer` where others have a `system`."""
    has_developer = server.reasoning and family is not None and family.is_reasoner
    return ChatFormat(
        max_tokens_field="max_completion_tokens" if server.token_limit_of_reasoners else "max_tokens",
        stream_usage=server.token_limit_of_reasoners,
        system_role="developer" if has_developer else "system",
        empty_content=None,
        fit=lambda body: _fitted(body, family, server),
    )


def _fitted(body: JSONObject, family: Family | None, server: Knowledge) -> JSONObject:
    """The request without what its model answers with a 400."""
    if family is None:
        return body
    if not server.reasoning:
        body = _without(body, {"reasoning_effort"})
    elif "tools" in body and family.tools_or_reasoning and family.reasons(body) and "none" in family.efforts:
        # A relay or an old version leaves no other format, and tools matter more than thoughts.
        body = body | {"reasoning_effort": "none"}
    return _without(body, family.refused(body))


def _without(body: JSONObject, names: set[str]) -> JSONObject:
    return {name: value for name, value in body.items() if name not in names}

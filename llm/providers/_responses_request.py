"""Requests of OpenAI's Responses API. The whole conversation is sent each time; nothing is stored at the provider."""

import json
from collections.abc import Iterable, Iterator, Mapping

from llm.framing import MalformedJSONError, json_object
from llm.providers._openai_families import Family
from llm.providers._portable_messages import image_url, names_a_tool, system_text
from llm.types import (
    JSON,
    ChatRequest,
    Image,
    JSONObject,
    Message,
    ModelConfig,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)

# A smaller limit is a 400.
_LEAST_OUTPUT_TOKENS = 16
# What is sent as it is; a field that the format does not know is a 400.
_PASSED = (
    *("temperature", "top_p", "top_logprobs", "truncation", "metadata"),
    *("prompt_cache_key", "prompt_cache_options", "safety_identifier", "service_tier"),
)
# Of a reasoning item, what the provider wants to see again; its `status` is for readers only.
_KEPT = ("type", "id", "summary", "content", "encrypted_content")


def responses_body(config: ModelConfig, request: ChatRequest, family: Family | None) -> JSONObject:
    params = {name: value for name, value in request.params.items() if value is not None}
    refused = family.refused(params) if family else set()
    params = {name: value for name, value in params.items() if name not in refused}
    settings = {name: params[name] for name in _PASSED if name in params}
    return (
        settings | _limit(params) | _reasoning(params, family) | _text(params) | _conversation(config, request, params)
    )


def opaque_of(item: Mapping[str, JSON]) -> str:
    """What must go back of a reasoning item, as text. "" where it is stored nowhere and thus cannot go back."""
    if not isinstance(item.get("encrypted_content"), str):
        return ""
    kept = {name: item[name] for name in _KEPT if item.get(name) is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _conversation(config: ModelConfig, request: ChatRequest, params: Mapping[str, JSON]) -> JSONObject:
    items = [item for message in request.messages for item in _items(message)]
    body: JSONObject = {"model": config.model, "input": items, "stream": request.stream, "store": False}
    if instructions := system_text(request.messages):
        body["instructions"] = instructions
    return body | _tools(request, params) if request.tools else body


def _tools(request: ChatRequest, params: Mapping[str, JSON]) -> JSONObject:
    """Without `strict` the format rewrites every schema until all parameters are required."""
    tools: JSONObject = {
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
                "strict": False,
            }
            for tool in request.tools
        ]
    }
    if (choice := params.get("tool_choice")) is not None:
        tools["tool_choice"] = {"type": "function", "name": choice} if names_a_tool(choice) else choice
    if (parallel := params.get("parallel_tool_calls")) is not None:
        tools["parallel_tool_calls"] = parallel
    return tools


def _items(message: Message) -> Iterator[JSONObject]:
    match message.role:
        case "user":
            yield {"role": "user", "content": [_content(p) for p in message.parts if isinstance(p, Text | Image)]}
        case "assistant":
            yield from _said(message.parts)
        case "tool":
            for part in message.parts:
                if isinstance(part, ToolResult):
                    yield {"type": "function_call_output", "call_id": part.call_id, "output": part.content}


def _content(part: Text | Image) -> JSONObject:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    return {"type": "input_image", "image_url": image_url(part), "detail": "auto"}


def _said(parts: Iterable[Part]) -> Iterator[JSONObject]:
    """The model's own items in their order. A thought after which nothing came is refused, so it stays behind."""
    thoughts: list[JSONObject] = []
    for part in parts:
        if isinstance(part, Reasoning):
            thoughts += _thought(part)
        elif item := _spoken(part):
            yield from thoughts
            yield item
            thoughts.clear()


def _thought(part: Reasoning) -> list[JSONObject]:
    """The item that `opaque_of` kept; nothing for a thought that another format signed."""
    try:
        item = json_object(part.opaque)
    except MalformedJSONError:
        return []
    return [item] if item.get("type") == "reasoning" else []


def _spoken(part: Part) -> JSONObject | None:
    match part:
        case Text(text) if text:
            return {"type": "message", "role": "assistant", "content": text}
        case ToolCall(call_id, name, arguments):
            return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
        case _:
            return None


def _limit(params: Mapping[str, JSON]) -> JSONObject:
    """Chat completions has two names for it, and a model's parameters may use either."""
    limit = params.get("max_tokens", params.get("max_completion_tokens"))
    if limit is None:
        return {}
    return {"max_output_tokens": max(_LEAST_OUTPUT_TOKENS, limit) if isinstance(limit, int) else limit}


def _reasoning(params: Mapping[str, JSON], family: Family | None) -> JSONObject:
    """Who asks for an effort sees a summary of the thoughts. Models that cannot reason refuse all of this."""
    effort = params.get("reasoning_effort")
    if not effort and (family is None or not family.is_reasoner):
        return {}
    body: JSONObject = {"include": ["reasoning.encrypted_content"]}
    if effort:
        body["reasoning"] = {"effort": effort} if effort == "none" else {"effort": effort, "summary": "auto"}
    return body


def _text(params: Mapping[str, JSON]) -> JSONObject:
    text = {name: params[name] for name in ("verbosity",) if name in params}
    match params.get("response_format"):
        case {"type": "json_schema", "json_schema": dict(schema)}:
            text["format"] = {"type": "json_schema"} | schema
        case None:
            pass
        case other:
            text["format"] = other
    return {"text": text} if text else {}

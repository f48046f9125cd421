"""Ollama's native API. Its compatible one loses the context window, `keep_alive` and errors in the middle of an answer.

A request sets `truncate` and `shift` to false: with the server's default a conversation that is too long loses its
beginning, the system prompt first, and the answer shows nothing of it. A connection whose options set them to true
gets that default back. The other options of a connection are those of the server, such as `num_ctx` and `keep_alive`;
a change of `num_ctx` loads the model again, so it belongs to the connection rather than to a request.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from llm.errors import LLMError, ModelNotFound, ProviderError
from llm.framing import encode_json
from llm.providers._address import headers
from llm.providers._base import NO_OPTIONS, ModelList
from llm.providers._chat_messages import wire_tool
from llm.providers._errors import error_of
from llm.providers._faults import fault_in_body
from llm.providers._ollama_address import endpoint
from llm.providers._ollama_messages import wire_messages
from llm.providers._ollama_stream import parse
from llm.providers._reading import rows_in
from llm.types import JSON, ChatRequest, Event, HttpRequest, JSONObject, ModelConfig, ToolSpec

# The fields of `api.Options`; the server drops others without a word.
_LOADING = ("main_gpu", "num_batch", "num_ctx", "num_gpu", "num_thread", "use_mmap")
_SAMPLING = ("min_p", "num_keep", "num_predict", "seed", "temperature", "top_k", "top_p", "typical_p")
_PENALTIES = ("frequency_penalty", "presence_penalty", "repeat_last_n", "repeat_penalty")
_KNOWN = frozenset((*_LOADING, *_SAMPLING, *_PENALTIES))
# gpt-oss thinks as much as a level says; other models think or do not.
_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_THINKS_IN_LEVELS = re.compile(r"gpt-?oss", re.IGNORECASE)
_HINTS: dict[type[LLMError], str] = {
    ModelNotFound: "The server has no model of this name. Load it with `ollama pull`, or check the spelling.",
}
_NO_MEMORY = re.compile(r"requires more system memory|out of memory|unable to allocate", re.IGNORECASE)


class Ollama:
    label = "Ollama"
    icon = "p-ollama"
    base_url = "http://127.0.0.1:11434"
    url_env = "OLLAMA_BASE_URL"
    options_env = NO_OPTIONS
    key_env = "OLLAMA_API_KEY"
    needs_key = False

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        settings = {**config.options, **request.params}
        body = _conversation(config, request, settings.get("tool_choice")) | _settings(config.model, settings)
        return HttpRequest(
            method="POST",
            url=endpoint(config.base_url or self.base_url, "chat"),
            headers=_headers(config),
            body=encode_json(body),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks)

    def models(self, config: ModelConfig) -> ModelList:
        """What is installed; a local server asks nobody for a key, and the vendor's own shows its list to everybody."""
        url = endpoint(config.base_url or self.base_url, "tags")
        request = HttpRequest(method="GET", url=url, headers=_headers(config))
        return ModelList(request=request, names=_names_in, proves_key=False)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        quote = fault_in_body(body).quote()
        if status == 500 and _NO_MEMORY.search(quote):
            # A 500 like those that pass, but the same memory will be missing the next time.
            small = "The server has too little memory for this model. Pick a smaller one, or lower num_ctx."
            return ProviderError(f"{small} It said: {quote}", status=status)
        return error_of(status, headers, body, hints=_HINTS)


def _names_in(document: JSON) -> list[str]:
    """Installed models in both spellings: a name without a tag means the tag `latest`."""
    installed = rows_in(document, "models")
    named = [name for row in installed for key in ("name", "model") if isinstance(name := row.get(key), str)]
    tagged = [name if ":" in name.rpartition("/")[2] else f"{name}:latest" for name in named]
    return list(dict.fromkeys([*named, *tagged, *(name.removesuffix(":latest") for name in named)]))


def _headers(config: ModelConfig) -> dict[str, str]:
    return headers(config, key_header="authorization", scheme="Bearer ")


def _conversation(config: ModelConfig, request: ChatRequest, choice: JSON) -> JSONObject:
    messages = [wire for message in request.messages for wire in wire_messages(message)]
    body: JSONObject = {"model": config.model, "messages": messages, "stream": request.stream}
    if tools := _chosen(request.tools, choice):
        body["tools"] = [wire_tool(tool) for tool in tools]
    return body


def _chosen(tools: tuple[ToolSpec, ...], choice: JSON) -> tuple[ToolSpec, ...]:
    """The API knows no `tool_choice`: a model cannot be made to call, but it calls nothing that it does not know."""
    if choice == "none":
        return ()
    return tuple(tool for tool in tools if tool.name == choice) or tools


def _settings(model: str, settings: Mapping[str, JSON]) -> JSONObject:
    """Only what is known here, each where the server looks for it: elsewhere it would be ignored without a word."""
    found: JSONObject = {"truncate": settings.get("truncate") is True, "shift": settings.get("shift") is True}
    found |= {
        "think": _think(model, settings.get("reasoning_effort")),
        "format": _format(settings.get("response_format")),
        "keep_alive": settings.get("keep_alive"),
        "options": _options(settings) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _think(model: str, effort: JSON) -> bool | str | None:
    if effort == "none":
        return False
    if not isinstance(effort, str) or effort not in _LEVELS:
        return None
    return _LEVELS[effort] if _THINKS_IN_LEVELS.search(model) else True


def _format(response_format: JSON) -> JSON:
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object" | "json_schema"}:
            return "json"
        case _:
            return None


def _options(settings: Mapping[str, JSON]) -> JSONObject:
    limit, stop = settings.get("max_tokens"), settings.get("stop")
    named = {name: value for name, value in settings.items() if name in _KNOWN}
    named |= {"num_predict": limit} if limit is not None else {}
    named |= {"stop": [stop] if isinstance(stop, str) else stop}
    return {name: value for name, value in named.items() if value is not None}


provider = Ollama()

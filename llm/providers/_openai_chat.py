"""Chat completions, the wire format that OpenAI made and most servers speak. Vendors are rows of this class."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from llm.errors import LLMError
from llm.framing import encode_json
from llm.providers._address import endpoint, headers, split_url
from llm.providers._base import ModelList
from llm.providers._chat_messages import wire_messages, wire_tool, wire_tool_choice
from llm.providers._chat_stream import parse
from llm.providers._errors import error_of
from llm.providers._hosts import no_differences
from llm.providers._inline_thinking import InlineThinking
from llm.providers._portable_messages import refuse_image_addresses, with_short_call_ids
from llm.providers._reading import ids_in
from llm.types import JSON, ChatRequest, Event, HttpRequest, JSONObject, Message, ModelConfig

# Differences between servers that cannot be known beforehand: a connection's `options` may settle them.
OPTIONS: dict[str, tuple[JSON, ...]] = {
    "max_tokens_field": ("max_tokens", "max_completion_tokens"),
    "system_role": ("system", "developer", "user"),
    "empty_content": ("", None),
    "stream_usage": (True, False),
    "images_by_url": (True, False),
    "short_call_ids": (True, False),
    "reasoning_field": ("", "reasoning", "reasoning_content"),
}
# A 400 in a request without tools.
_ONLY_WITH_TOOLS = ("tool_choice", "parallel_tool_calls")


def _as_it_is(body: JSONObject) -> JSONObject:
    return body


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFormat:
    """What servers of chat completions differ in. `fit` drops from a request what the model's family rejects."""

    max_tokens_field: str = "max_tokens"
    system_role: str = "system"
    empty_content: str | None = ""
    stream_usage: bool = True
    images_by_url: bool = True
    short_call_ids: bool = False
    reasoning_field: str = ""
    """Where the server wants its reasoning back; "" where it wants none."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    call_extra: Mapping[str, JSON] = field(default_factory=dict)
    """What each call needs besides, for the vendor to accept it."""
    fit: Callable[[JSONObject], JSONObject] = _as_it_is

    def body(self, config: ModelConfig, request: ChatRequest) -> JSONObject:
        """Parameters under names that nobody here knows go through; they cannot replace what is said here."""
        return self._with_options(config.options)._body(config, request)  # noqa: SLF001  another of its own

    def _with_options(self, options: Mapping[str, JSON]) -> Self:
        known = {name: value for name, value in options.items() if value in OPTIONS.get(name, ())}
        return replace(self, **known)

    def _body(self, config: ModelConfig, request: ChatRequest) -> JSONObject:
        return self.fit(self._params(request) | self._conversation(config, request))

    def _params(self, request: ChatRequest) -> JSONObject:
        renamed = {"max_tokens": self.max_tokens_field, **self.renamed}
        body = {
            renamed.get(name, name): value
            for name, value in request.params.items()
            if value is not None and (request.tools or name not in _ONLY_WITH_TOOLS)
        }
        return body | {"tool_choice": wire_tool_choice(body["tool_choice"])} if "tool_choice" in body else body

    def _conversation(self, config: ModelConfig, request: ChatRequest) -> JSONObject:
        body: JSONObject = {"model": config.model, "messages": self._messages(request), "stream": request.stream}
        if request.stream and self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        if request.tools:
            body["tools"] = [wire_tool(tool) for tool in request.tools]
        return body

    def _messages(self, request: ChatRequest) -> list[JSON]:
        wire = (
            wire_messages(
                self._portable(message),
                system_role=self.system_role,
                empty_content=self.empty_content,
                reasoning_field=self.reasoning_field,
                call_extra=self.call_extra,
            )
            for message in request.messages
        )
        return [message for messages in wire for message in messages]

    def _portable(self, message: Message) -> Message:
        if not self.images_by_url:
            refuse_image_addresses(message)
        return with_short_call_ids(message) if self.short_call_ids else message


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIChat(ChatFormat):
    """A vendor, and how its servers speak the format. `at_host` names the fields in which a server known by its host
    differs; a connection's `options` beat it."""

    label: str
    icon: str
    base_url: str = ""
    key_env: str = ""
    url_env: str = ""
    needs_key: bool = False
    inline_thinking: bool = False
    at_host: Callable[[str], Mapping[str, JSON]] = no_differences

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        spoken = replace(self, **self.at_host(self.host(config)))
        return HttpRequest(
            method="POST",
            url=endpoint(config.base_url or self.base_url, "chat/completions"),
            headers=headers(config, key_header="authorization", scheme="Bearer "),
            body=encode_json(spoken.body(config, request)),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks, thinking=InlineThinking() if self.inline_thinking else None)

    def models(self, config: ModelConfig) -> ModelList:
        request = HttpRequest(
            method="GET",
            url=endpoint(config.base_url or self.base_url, "models"),
            headers=headers(config, key_header="authorization", scheme="Bearer "),
        )
        return ModelList(request=request, names=ids_in)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        return error_of(status, headers, body)

    def host(self, config: ModelConfig) -> str:
        return split_url((config.base_url or self.base_url).strip()).hostname or ""

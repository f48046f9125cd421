"""Requests of chat completions, the wire format that OpenAI made and most servers speak, each a little differently."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from llm.providers._chat_messages import wire_messages, wire_tool, wire_tool_choice
from llm.providers._portable_messages import refuse_image_addresses, with_short_call_ids
from llm.types import JSON, ChatRequest, JSONObject, Message, ModelConfig

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
        return self.fit(self._params(request) | self._conversation(config, request))

    def with_options(self, options: Mapping[str, JSON]) -> Self:
        """As a connection's `options` want it; what they say under other names or of other kinds is not for here."""
        known = {name: value for name, value in options.items() if value in OPTIONS.get(name, ())}
        return replace(self, **known)

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


# What every server takes that is not known to be different.
PLAIN = ChatFormat()

"""The values that pass between caller, client and provider. Nothing here knows a wire format, a user or a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from llm.secret import Secret

# Decoded JSON of a stranger. It keeps no schema, so a reader asks for the type of every value that it uses; with a
# recursive alias instead of Any each step of such a look would need a cast, and the looks would be no safer.
JSON: TypeAlias = Any
JSONObject: TypeAlias = dict[str, JSON]
Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Everything that is needed to reach one model. `base_url` "" means the provider's own address."""

    provider: str
    model: str
    base_url: str = ""
    api_key: Secret = field(default_factory=lambda: Secret(""))
    headers: Mapping[str, Secret] = field(default_factory=dict)
    options: Mapping[str, JSON] = field(default_factory=dict)
    params: Mapping[str, JSON] = field(default_factory=dict)
    streaming: bool = True
    tools: bool = True
    vision: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image by `url`, or by `data` (raw bytes) with its `media_type`."""

    url: str = ""
    data: bytes = b""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What a model thought. `opaque` is the signed part that its provider, `origin`, wants back unchanged."""

    text: str
    opaque: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete call: `arguments` is the text that the model wrote, JSON or not; "" is normalised to "{}"."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    name: str
    content: str
    is_error: bool = False


Part: TypeAlias = Text | Image | Reasoning | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def system(text: str) -> Message:
    return Message("system", (Text(text),))


def user(text: str) -> Message:
    return Message("user", (Text(text),))


def assistant(text: str) -> Message:
    return Message("assistant", (Text(text),))


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that the model may call; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """`params` are those of the call over those of the model."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    params: Mapping[str, JSON] = field(default_factory=dict)
    stream: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one provider call. Input includes cached, output includes reasoning tokens, whatever the wire says."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        """Both calls together; estimated if either is."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            estimated=self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str
    opaque: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class RoundEnd:
    """A provider call ended with tool calls, and another follows with their results. `number` counts from 1."""

    number: int
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """Always the last event of a stream that did not raise. `usage` sums all rounds.

    None, or estimated with a count at 0, only between a provider's parser and the client, which fills it in.
    """

    reason: FinishReason
    usage: Usage | None = None


Event: TypeAlias = TextDelta | ReasoningDelta | ToolCall | ToolResult | RoundEnd | Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What a provider wants sent. Header values may hold keys, so they stay out of the repr."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

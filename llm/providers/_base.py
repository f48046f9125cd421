"""What a provider is: a wire format with its defaults, sans-IO. Bytes in, events out; no provider opens a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from llm.errors import LLMError
from llm.types import JSON, ChatRequest, Event, HttpRequest, ModelConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelList:
    """How to ask a provider for its models, and what its answer proves."""

    request: HttpRequest
    names: Callable[[JSON], list[str]]
    """Model ids in the answer's JSON document, in every spelling under which they may be asked for."""
    proves_key: bool = True
    """False where the list is public: an answer says nothing about the key."""
    is_complete: bool = True
    """False where a model that is not in the list may exist all the same."""


# For a provider whose options have no place in the environment.
NO_OPTIONS: Mapping[str, str] = {}


class Provider(Protocol):
    """A file in this folder ends with `provider = ...` of this shape; its name is the key stored in the database."""

    label: str
    """Name shown to people."""
    icon: str
    """Name of the symbol in the icon sprite."""
    base_url: str
    """Default address, without a trailing slash; "" where there is none and the connection must name one."""
    key_env: str
    """Environment variable with the key for global connections; "" where there is none."""
    url_env: str
    """Environment variable with the address of the operator's own server; "" where there is none."""
    options_env: Mapping[str, str]
    """Option of a connection to the environment variable that fills it; empty where there is none."""
    needs_key: bool
    """False for servers that commonly run without a key."""

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        """The request on the wire. Sends only what the caller set and what the format demands."""

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Events of an answer with a status of 2xx, streamed or not. Ends with `Finish`, or raises an `LLMError`."""

    def models(self, config: ModelConfig) -> ModelList:
        """The list of models, for connection tests; it costs nothing."""

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        """What an answer with another status means; the error keeps the status.

        `headers` has lower-case names; `body` is capped at 64 KiB.
        """

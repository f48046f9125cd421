"""What a provider is: a wire format with its defaults, sans-IO. Bytes in, events out; no provider opens a socket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from llm.errors import LLMError
from llm.types import ChatRequest, Event, HttpRequest, ModelConfig


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
    needs_key: bool
    """False for servers that commonly run without a key."""

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        """The request on the wire. Sends only what the caller set and what the format demands."""

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        """Events of an answer with status 200, streamed or not. Ends with `Finish`, or raises an `LLMError`."""

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        """What an answer with another status means. `headers` has lower-case names; `body` is capped at 64 KiB."""

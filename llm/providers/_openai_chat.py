"""A vendor of chat completions: where it is and which form of the format it takes. Data, for most of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from llm.errors import LLMError
from llm.framing import encode_json
from llm.providers._address import endpoint, headers, split_url
from llm.providers._base import ModelList
from llm.providers._chat_format import PLAIN, ChatFormat
from llm.providers._chat_stream import parse
from llm.providers._errors import error_of
from llm.providers._inline_thinking import InlineThinking
from llm.providers._reading import ids_in
from llm.types import ChatRequest, Event, HttpRequest, ModelConfig


def listed_at(base_url: str, config: ModelConfig) -> ModelList:
    sent = headers(config, key_header="authorization", scheme="Bearer ")
    return ModelList(request=HttpRequest(method="GET", url=endpoint(base_url, "models"), headers=sent), names=ids_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIChat:
    """`format` is what its servers speak, except those in `hosts`; a connection's `options` beat both."""

    label: str
    icon: str
    base_url: str = ""
    key_env: str = ""
    url_env: str = ""
    options_env: Mapping[str, str] = field(default_factory=dict)
    needs_key: bool = False
    inline_thinking: bool = False
    format: ChatFormat = PLAIN
    hosts: Mapping[str, ChatFormat] = field(default_factory=dict)

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        spoken = self.hosts.get(self.host(config), self.format).with_options(config.options)
        return HttpRequest(
            method="POST",
            url=endpoint(config.base_url or self.base_url, "chat/completions"),
            headers=headers(config, key_header="authorization", scheme="Bearer "),
            body=encode_json(spoken.body(config, request)),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks, thinking=InlineThinking() if self.inline_thinking else None)

    def models(self, config: ModelConfig) -> ModelList:
        return listed_at(config.base_url or self.base_url, config)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        return error_of(status, headers, body)

    def host(self, config: ModelConfig) -> str:
        return split_url((config.base_url or self.base_url).strip()).hostname or ""

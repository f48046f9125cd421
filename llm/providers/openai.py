"""OpenAI. Which of its two wire formats a request takes is settled by the model and by what is asked of it."""

from collections.abc import Iterable, Iterator, Mapping

from llm.errors import LLMError
from llm.framing import encode_json
from llm.providers._address import endpoint, headers
from llm.providers._base import NO_OPTIONS, ModelList
from llm.providers._errors import error_of
from llm.providers._openai_chat import listed_at
from llm.providers._openai_formats import asked, parse
from llm.types import ChatRequest, Event, HttpRequest, ModelConfig


class OpenAI:
    label = "OpenAI"
    icon = "p-openai"
    base_url = "https://api.openai.com/v1"
    url_env = ""
    options_env = NO_OPTIONS
    key_env = "OPENAI_API_KEY"
    needs_key = True

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        wire = asked(config, request, model=config.model)
        return HttpRequest(
            method="POST",
            url=endpoint(config.base_url or self.base_url, wire.operation),
            headers=headers(config, key_header="authorization", scheme="Bearer "),
            body=encode_json(wire.body),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks)

    def models(self, config: ModelConfig) -> ModelList:
        return listed_at(config.base_url or self.base_url, config)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        return error_of(status, headers, body)


provider = OpenAI()

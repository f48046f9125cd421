"""Anthropic's Messages API, in both of its versions."""

from collections.abc import Iterable, Iterator, Mapping

from llm.errors import LLMError, QuotaExceeded, RateLimited
from llm.framing import encode_json
from llm.providers._address import endpoint, headers
from llm.providers._anthropic_families import family_of
from llm.providers._anthropic_messages import wire_messages, wire_tool
from llm.providers._anthropic_params import tool_choice, wire_params
from llm.providers._anthropic_stream import parse
from llm.providers._base import NO_OPTIONS, ModelList
from llm.providers._errors import error_of
from llm.providers._portable_messages import system_text
from llm.providers._reading import ids_in
from llm.types import ChatRequest, Event, HttpRequest, JSONObject, ModelConfig

# The new version refuses sampling parameters for every model, so models that take them are asked under the old one.
_OLD_API, _NEW_API = "2023-06-01", "2026-10-21"
# An answer that may take longer than ten minutes has to be streamed (3600 s * max_tokens / 128000 > 600 s, as the
# vendor's own client reckons); one that was asked for whole is streamed all the same, and put together here.
_LARGEST_WHOLE_ANSWER = 21_333


def _api_version(config: ModelConfig) -> str:
    """The connection's option `api_version` where it names one: some gateways know only the old."""
    chosen = config.options.get("api_version")
    if chosen in (_OLD_API, _NEW_API):
        return str(chosen)
    return _OLD_API if family_of(config.model).sampling else _NEW_API


class Anthropic:
    label = "Anthropic"
    icon = "p-anthropic"
    base_url = "https://api.anthropic.com"
    url_env = ""
    options_env = NO_OPTIONS
    key_env = "ANTHROPIC_API_KEY"
    needs_key = True

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        return HttpRequest(
            method="POST",
            url=endpoint(config.base_url or self.base_url, "messages"),
            headers=_headers(config),
            body=encode_json(_body(config, request)),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks)

    def models(self, config: ModelConfig) -> ModelList:
        """The list names dated models; their aliases work too."""
        url = f"{endpoint(config.base_url or self.base_url, 'models')}?limit=1000"
        request = HttpRequest(method="GET", url=url, headers=_headers(config))
        return ModelList(request=request, names=ids_in, is_complete=False)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        error = error_of(status, headers, body)
        # Without a time to wait it is the monthly limit of the account's tier.
        if isinstance(error, RateLimited) and error.retry_after is None:
            return QuotaExceeded(status=status)
        return error


def _headers(config: ModelConfig) -> dict[str, str]:
    return {"anthropic-version": _api_version(config)} | headers(config, key_header="x-api-key")


def _body(config: ModelConfig, request: ChatRequest) -> JSONObject:
    family, params = family_of(config.model), request.params
    body = {"model": config.model, "messages": wire_messages(request.messages), "stream": request.stream}
    body |= wire_params(family, params, sampling=_api_version(config) == _OLD_API)
    if not request.stream and isinstance(body["max_tokens"], int) and body["max_tokens"] > _LARGEST_WHOLE_ANSWER:
        body["stream"] = True
    if system := system_text(request.messages):
        body["system"] = system
    if request.tools:
        body |= {"tools": [wire_tool(tool) for tool in request.tools]} | tool_choice(family, params)
    return body


provider = Anthropic()

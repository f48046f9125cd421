"""Hugging Face: the router over many hosts of models, and servers of one's own, dedicated endpoints and TGI.

The router's host tells them apart; behind any other one there is a container, mostly TGI, which is stricter. Servers
that run without a key, as TGI does at home, take any text for one. `bill_to` among a connection's options names the
organisation that pays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from llm.errors import LLMError, Overloaded
from llm.providers._base import ModelList
from llm.providers._chat_format import PLAIN, ChatFormat
from llm.providers._errors import error_of
from llm.providers._openai_chat import OpenAIChat
from llm.providers._reading import dicts_in, ids_in, rows_in, text_of
from llm.types import JSON, ChatRequest, HttpRequest, JSONObject, ModelConfig

_ROUTER = "router.huggingface.co"
_DEDICATED = ".endpoints.huggingface.cloud"
# So many seconds the proxy of a sleeping endpoint holds a request while a replica starts. The client waits a little
# longer for a first byte, so that a start which takes more ends in a 503 that says so, and not in silence.
_SCALE_UP_SECONDS = 110
_POLICIES = ("fastest", "cheapest", "preferred")
# TGI wants a temperature above 0. At this one the likeliest token wins, and half precision does not overflow.
_COLDEST = 0.01
_STARTING = "The model is not ready: it is loading, or its endpoint is starting or paused. Try again in a few minutes."


def _fit_container(body: JSONObject) -> JSONObject:
    """The request as TGI takes it, in a form that vLLM and llama.cpp in the same place understand as well."""
    changed: JSONObject = {}
    if isinstance(stop := body.get("stop"), str):
        changed["stop"] = [stop]
    if body.get("temperature") == 0:
        changed["temperature"] = _COLDEST
    if isinstance(wanted := body.get("response_format"), dict):
        changed["response_format"] = wanted | _grammar(wanted)
    return body | changed


def _grammar(wanted: Mapping[str, JSON]) -> JSONObject:
    """TGI reads `value` where OpenAI's format has other names; each side ignores the names of the other."""
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema), **rest}}:
            return {"value": {"name": rest.get("name", "answer"), "schema": schema}}
        case {"type": "json_object"}:
            return {"value": {"type": "object"}}
        case _:
            return {}


class HuggingFace(OpenAIChat):
    __slots__ = ()

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        return self._addressed(super().build(config, request), config)

    def models(self, config: ModelConfig) -> ModelList:
        """The router's list is public. A container serves one model and, if it is TGI, under any name."""
        listed = super().models(config)
        request = self._addressed(listed.request, config)
        if self.host(config) == _ROUTER:
            return ModelList(request=request, names=_routed_names, proves_key=False)
        return replace(listed, request=request, is_complete=False)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        return error_of(status, headers, body, hints={Overloaded: _STARTING} if status == 503 else None)

    def _addressed(self, request: HttpRequest, config: ModelConfig) -> HttpRequest:
        return replace(request, headers=dict(_extra_headers(self.host(config), config)) | dict(request.headers))


def _extra_headers(host: str, config: ModelConfig) -> Iterator[tuple[str, str]]:
    if host == _ROUTER and (bill_to := text_of(config.options.get("bill_to")).strip()):
        yield "x-hf-bill-to", bill_to
    if host.endswith(_DEDICATED):
        yield "x-scale-up-timeout", str(_SCALE_UP_SECONDS)


def _routed_names(document: JSON) -> list[str]:
    """Each model by itself, with each way to choose a host for it, and with each host that serves it now."""
    names = ids_in(document)
    suffixed = [f"{name}:{suffix}" for name in names for suffix in _POLICIES]
    return [*names, *suffixed, *_hosted(document)]


def _hosted(document: JSON) -> Iterator[str]:
    for row in rows_in(document, "data"):
        for host in dicts_in(row.get("providers")):
            match host:
                case {"provider": str(provider), "status": "live"}:
                    yield f"{row.get('id')}:{provider}"


provider = HuggingFace(
    label="Hugging Face",
    icon="p-huggingface",
    base_url=f"https://{_ROUTER}/v1",
    key_env="HF_TOKEN",
    needs_key=True,
    inline_thinking=True,
    format=ChatFormat(fit=_fit_container),
    hosts={_ROUTER: PLAIN},
)

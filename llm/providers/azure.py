"""Azure OpenAI: OpenAI's formats under addresses of its own. A model is asked for by the name of its deployment."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from llm.errors import BadCredentials, BadRequest, LLMError, ModelNotFound, NotAnAPI
from llm.framing import encode_json
from llm.providers._address import headers
from llm.providers._azure_address import AzureAddress
from llm.providers._base import ModelList
from llm.providers._errors import error_of
from llm.providers._faults import fault_in_body
from llm.providers._openai_formats import EVERYTHING, Knowledge, asked, parse
from llm.providers._reading import ids_in
from llm.types import ChatRequest, Event, HttpRequest, ModelConfig

# A token of Entra ID is a JWT; a key of a resource is plain letters and digits.
_ENTRA_TOKEN = re.compile(r"\s*eyJ[\w-]+\.[\w-]+\.[\w-]+\s*", re.ASCII)
# "gpt-35-turbo", and "gpt-41" of people who did the same: a deployment's name could not hold a dot.
_WITHOUT_DOT = re.compile(r"^gpt-([3-9])(\d)(?![\d.])")
_OPTIONS_ENV: Mapping[str, str] = {"api_version": "AZURE_OPENAI_API_VERSION"}
_NO_DEPLOYMENT = (
    "This Azure resource has no deployment of that name. Check the spelling; a new one needs up to five minutes."
)
_REJECTED_KEY = (
    "Azure rejected the key. Check that the key and the endpoint belong to the same resource; a token of Entra ID is "
    "valid for an hour."
)
_NO_SUCH_PATH = (
    "Azure answered, but not at this address. Check the endpoint, and the API version where the address needs one."
)
# A family that takes tools only on Responses, under a name that does not tell.
_UNKNOWN_FAMILY = (
    "The name of this deployment does not say which model it is, and its model takes tools in another format. Set the "
    "connection's option underlying_model to the model's own name, like gpt-5.6-terra."
)


def _underlying_model(config: ModelConfig) -> str:
    """Whose rules hold. The name of a deployment is the best guess unless the connection knows better."""
    named = config.options.get("underlying_model")
    model = named if isinstance(named, str) and named.strip() else config.model
    return _WITHOUT_DOT.sub(r"gpt-\1.\2", model.strip().lower())


def _knowledge_of(version: str) -> Knowledge:
    """What a dated version knows; the style without dates knows everything."""
    if not version:
        return EVERYTHING
    return Knowledge(
        token_limit_of_reasoners=version >= "2024-09-01",
        reasoning=version >= "2024-12-01",
        responses=version >= "2025-03-01",
    )


class Azure:
    label = "Azure OpenAI"
    icon = "p-azure"
    base_url = ""
    url_env = "AZURE_OPENAI_ENDPOINT"
    options_env = _OPTIONS_ENV
    key_env = "AZURE_OPENAI_API_KEY"
    needs_key = True

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        address = AzureAddress.of(config.base_url, config.options)
        deployed = replace(config, model=address.deployment or config.model)
        wire = asked(deployed, request, model=_underlying_model(config), server=_knowledge_of(address.version))
        return HttpRequest(
            method="POST",
            url=address.url(wire.operation, deployment=deployed.model),
            headers=_headers(config),
            body=encode_json(wire.body),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks)

    def models(self, config: ModelConfig) -> ModelList:
        """What the resource may deploy, which says nothing about what is deployed and under which name."""
        url = AzureAddress.of(config.base_url, config.options).url("models")
        return ModelList(
            request=HttpRequest(method="GET", url=url, headers=_headers(config)), names=ids_in, is_complete=False
        )

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        error = error_of(status, headers, body)
        match error:
            case BadCredentials() if status == 401:
                return BadCredentials(_REJECTED_KEY, status=status)
            case NotAnAPI() if status == 404:
                return NotAnAPI(_NO_SUCH_PATH, status=status)
            case BadRequest() if "/v1/responses" in fault_in_body(body).message:
                return BadRequest(_UNKNOWN_FAMILY, status=status)
            case ModelNotFound():
                return ModelNotFound(_NO_DEPLOYMENT, status=status)
            case _:
                return error


def _headers(config: ModelConfig) -> dict[str, str]:
    if _ENTRA_TOKEN.fullmatch(config.api_key.reveal()):
        return headers(config, key_header="authorization", scheme="Bearer ")
    return headers(config, key_header="api-key")


provider = Azure()

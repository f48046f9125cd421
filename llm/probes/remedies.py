"""What to do about a failure, where a connection test knows more than the error."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from llm.errors import (
    BadCredentials,
    LLMError,
    NotAnAPI,
    QuotaExceeded,
    RateLimited,
    TimedOut,
    Unreachable,
)
from llm.probes.steps import StepName, Unfit
from llm.providers._base import Provider
from llm.secret import Secret
from llm.types import ModelConfig

KEY_WANTED = "The server wants a key, and none is stored. Enter one for this connection."
STILL_LOADING = "A server that loads its model first may take longer than a test waits. Test again in a minute."
EMPTY = "Check the model's default parameters and, on a server of your own, its chat template."
TURN_OFF: dict[StepName, str] = {
    "stream": "Turn off streaming for this model, or find what cuts streams between here and the provider.",
    "tools": "Turn off tools for this model, or start its server with tool calls enabled.",
    "vision": "Turn off vision for this model, or pick one that sees pictures.",
}
# They say nothing about what the model can do.
_OF_THE_MOMENT = (BadCredentials, QuotaExceeded, RateLimited, Unreachable)


def of_key(config: ModelConfig) -> str:
    return "" if config.api_key else KEY_WANTED


def of_chat(error: LLMError, config: ModelConfig, provider: Provider) -> str:
    match error:
        case NotAnAPI(status=None | 200 | 404 | 405):
            page = "This is a web page, not an API." if error.status == 200 else "No API answers at this path."
            return f"{page} {_base_to_try(config, provider)}"
        case TimedOut():
            return STILL_LOADING
        case Unfit():
            return EMPTY
        case _:
            return ""


def of_capability(name: StepName, error: LLMError) -> str:
    return "" if isinstance(error, _OF_THE_MOMENT) else TURN_OFF[name]


def list_url(config: ModelConfig, provider: Provider) -> str:
    """Where the models are listed; asked without the key, which may be what cannot be sent."""
    return provider.models(replace(config, api_key=Secret(""), headers={})).request.url


def _base_to_try(config: ModelConfig, provider: Provider) -> str:
    """The place on this server where the provider's API usually is, unless that is what was tried."""
    tried = list_url(config, provider)
    usual = urlsplit(tried)._replace(path=urlsplit(provider.base_url).path, query="").geturl()
    listed = list_url(replace(config, base_url=usual), provider)
    if listed == tried:
        return "Look up the API's base URL in the documentation of the server."
    # With the version that a provider adds by itself, because that is how people know it.
    spelt_out = listed.partition("?")[0].rpartition("/")[0]
    same = list_url(replace(config, base_url=spelt_out), provider) == listed
    return f"Try the base URL {spelt_out if same else usual}."

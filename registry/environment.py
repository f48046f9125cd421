"""What the environment says about providers: keys and addresses."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.conf import settings

from llm.addresses import Origin
from llm.secret import Secret
from registry.providers import provider_names, provider_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm.providers._base import Provider

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared, not bound


def named_provider() -> str:
    """`LLM_PROVIDER`: whose model the legacy configuration is about; "" where there is none."""
    return settings.LLM_PROVIDER.strip().lower()


def named_model() -> str:
    return settings.LLM_MODEL.strip()


def environment_url(provider_name: str) -> str:
    """The address that the environment names for a provider, or ""."""
    if provider_name == named_provider() and (url := settings.LLM_BASE_URL.strip()):
        return url
    provider = provider_of(provider_name)
    return _variable(provider.url_env) if provider else ""


def environment_options(provider_name: str) -> dict[str, str]:
    """What the provider's format needs besides, as far as the environment says it."""
    provider = provider_of(provider_name)
    named = provider.options_env if provider else {}
    return {option: value for option, name in named.items() if (value := _variable(name))}


def named_urls() -> list[str]:
    """Every address in the environment, as it is written."""
    return [url for url in map(environment_url, provider_names()) if url]


def environment_urls() -> list[str]:
    """The servers to which the environment opens the way, private ones too."""
    return [url for url in (*named_urls(), _server_on_this_machine()) if url and not server_problem(url)]


def environment_unusable_reason() -> str:
    """Why the model of the legacy configuration cannot answer, with what to do about it; "" where nothing is wrong."""
    name = named_provider()
    provider = provider_of(name)
    if provider is None:
        return f"LLM_PROVIDER names {name!r}, which is not installed. Set it to one of: {', '.join(provider_names())}."
    if not named_model():
        return "LLM_MODEL is not set. Set it to the model that is to answer."
    url = environment_url(name) or provider.base_url
    if not url:
        return f"{_url_variable(provider)} is not set and this provider has no address of its own. Set it."
    if problem := server_problem(url):
        return f"The address in {_url_variable(provider)} cannot be used: {problem}. Write it like http://host:port."
    if provider.needs_key and not _key(name):
        return f"{provider.key_env} is not set. Set it to the provider's key."
    return ""


def environment_refusal() -> str:
    """What to tell whoever relies on that model; "" where it can answer, or where there is none."""
    problem = environment_unusable_reason() if named_provider() else ""
    return f"The model of this server's environment cannot answer. {problem}" if problem else ""


def address_problem(url: str) -> str:
    """What is wrong with an address, "" where nothing is."""
    try:
        Origin.parse(url)
    except ValueError as reason:
        return str(reason)
    return ""


def server_problem(url: str) -> str:
    """What is wrong with the address of a server that is to be called."""
    problem = address_problem(url)
    if not problem and Origin.parse(url).host in EVERYWHERE:
        return "an address to listen on, not one to call; write 127.0.0.1 or the host's name"
    return problem


def environment_key(provider_name: str, url: str) -> Secret:
    """The provider's key from the environment, if it is meant for the place where `url` points; otherwise empty."""
    is_meant_for_it = _origins([url]) & environment_origins(provider_name)
    return Secret(_key(provider_name) if is_meant_for_it else "")


def environment_origins(provider_name: str) -> set[Origin]:
    """Where the key from the environment may go; empty where there is no such key."""
    provider = provider_of(provider_name)
    if provider is None or not _key(provider_name):
        return set()
    return _origins([provider.base_url, environment_url(provider_name)])


def _origins(urls: Iterable[str]) -> set[Origin]:
    """Of those that can be read: no key goes to any other."""
    return {Origin.parse(url) for url in urls if not address_problem(url)}


def _key(provider_name: str) -> str:
    provider = provider_of(provider_name)
    return _variable(provider.key_env) if provider else ""


def _server_on_this_machine() -> str:
    """Where a server of one's own listens by itself, if `LLM_PROVIDER` names such a provider and nothing an address."""
    provider = provider_of(named_provider())
    return provider.base_url if provider and provider.url_env and not environment_url(named_provider()) else ""


def _url_variable(provider: Provider) -> str:
    """Where the address of the environment's model stands, or belongs."""
    return "LLM_BASE_URL" if settings.LLM_BASE_URL.strip() or not provider.url_env else provider.url_env


def _variable(name: str) -> str:
    """A variable's value, "" where it has none or no name. Pasting leaves blanks and line ends around it."""
    return os.environ.get(name, "").strip() if name else ""

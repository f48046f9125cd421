"""What the environment says about providers: keys and addresses."""

from __future__ import annotations

import os

from django.conf import settings

from llm.addresses import Origin
from llm.secret import Secret
from registry.providers import provider_names, provider_of

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared, not bound


def environment_url(provider_name: str) -> str:
    """The address that the environment names for a provider, or ""."""
    if settings.LLM_BASE_URL and provider_name == settings.LLM_PROVIDER:
        return settings.LLM_BASE_URL
    provider = provider_of(provider_name)
    return os.environ.get(provider.url_env, "") if provider and provider.url_env else ""


def environment_options(provider_name: str) -> dict[str, str]:
    """What the provider's format needs besides, as far as the environment says it."""
    provider = provider_of(provider_name)
    named = provider.options_env if provider else {}
    return {option: value for option, name in named.items() if (value := os.environ.get(name, ""))}


def environment_urls() -> list[str]:
    return [url for url in map(environment_url, provider_names()) if url]


def environment_unusable_reason() -> str:
    """Why the model of the legacy configuration cannot answer, with what to do about it; "" where nothing is wrong."""
    name = settings.LLM_PROVIDER
    provider = provider_of(name)
    if provider is None:
        return f"LLM_PROVIDER names {name!r}, which is not installed. Set it to one of: {', '.join(provider_names())}."
    if not settings.LLM_MODEL:
        return "LLM_MODEL is not set. Set it to the model that is to answer."
    url = environment_url(name) or provider.base_url
    if not url:
        return "LLM_BASE_URL is not set and this provider has no address of its own. Set it."
    if server_problem(url):
        return "The address that is set for this provider cannot be read. Write it like http://host:port."
    if provider.needs_key and not environment_key(name, url).reveal():
        return f"{provider.key_env} is not set. Set it to the provider's key."
    return ""


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
    is_meant_for_it = not address_problem(url) and Origin.parse(url) in environment_origins(provider_name)
    return Secret(_key(provider_name) if is_meant_for_it else "")


def environment_origins(provider_name: str) -> set[Origin]:
    """Where the key from the environment may go; empty where there is no such key."""
    provider = provider_of(provider_name)
    if provider is None or not _key(provider_name):
        return set()
    return {Origin.parse(url) for url in (provider.base_url, environment_url(provider_name)) if url}


def _key(provider_name: str) -> str:
    provider = provider_of(provider_name)
    return os.environ.get(provider.key_env, "") if provider and provider.key_env else ""

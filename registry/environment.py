"""What the environment says about providers: keys and addresses."""

from __future__ import annotations

import os

from django.conf import settings

from llm.addresses import Origin
from llm.types import Secret
from registry.providers import provider_names, provider_of


def environment_url(provider_name: str) -> str:
    """The address that the environment names for a provider, or ""."""
    if settings.LLM_BASE_URL and provider_name == settings.LLM_PROVIDER:
        return settings.LLM_BASE_URL
    provider = provider_of(provider_name)
    return os.environ.get(provider.url_env, "") if provider and provider.url_env else ""


def environment_urls() -> list[str]:
    return [url for url in map(environment_url, provider_names()) if url]


def environment_key(provider_name: str, url: str) -> Secret:
    """The provider's key from the environment, if it is meant for the place where `url` points; otherwise empty."""
    is_meant_for_it = Origin.parse(url) in environment_origins(provider_name)
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

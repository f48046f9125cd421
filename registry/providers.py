"""The installed providers as the registry needs them. A row may name one that is no longer installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm.providers import PROVIDERS

if TYPE_CHECKING:
    from llm.providers._base import Provider


def provider_of(name: str) -> Provider | None:
    return PROVIDERS.get(name)


def provider_choices() -> list[tuple[str, str]]:
    """A callable in the model, so that a new provider needs no migration."""
    return sorted(((name, provider.label) for name, provider in PROVIDERS.items()), key=lambda choice: choice[1])


def provider_names() -> list[str]:
    return list(PROVIDERS)


def providers_with_keys() -> list[str]:
    return [name for name, provider in PROVIDERS.items() if provider.needs_key]


def provider_label(name: str) -> str:
    provider = provider_of(name)
    return provider.label if provider else name


def provider_icon(name: str) -> str:
    provider = provider_of(name)
    return provider.icon if provider else ""

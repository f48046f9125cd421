"""The models among which a reader chooses, as the chat page lists them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.urls import reverse

from registry.environment import environment_unusable_reason
from registry.models import DefaultModel, LLMModel
from registry.providers import provider_icon, provider_label
from registry.querysets import may_edit
from registry.selection import ENVIRONMENT, environment_selection, usable_environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from registry.querysets import Reader

MINE = "My models"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """`id` is what a request sends to get this model. `dataclasses.asdict` of a group is JSON."""

    id: str
    name: str
    description: str
    capabilities: list[str]
    usable: bool
    unusable_reason: str
    is_default: bool
    key_page: str = ""
    """Where its reader can enter the key that is missing."""


@dataclass(frozen=True, slots=True)
class ModelGroup:
    label: str
    icon: str
    choices: list[ModelChoice]


def model_choices(user: Reader) -> list[ModelGroup]:
    """The reader's own models, the environment's, then the global ones by provider."""
    default = _default_id(user)
    models = LLMModel.objects.visible_to(user).select_related("connection").order_by("name", "id")
    own = [model for model in models if not model.connection.is_global]
    shared = [model for model in models if model.connection.is_global]
    mine = [ModelGroup(MINE, "user", [_choice(model, user, default) for model in own])] if own else []
    return mine + _environment_group(user, default) + _provider_groups(shared, user, default)


def _provider_groups(models: Iterable[LLMModel], user: Reader, default: str) -> list[ModelGroup]:
    by_provider = sorted(models, key=_provider)
    return [
        ModelGroup(provider_label(name), provider_icon(name), [_choice(model, user, default) for model in group])
        for (_, name), group in groupby(by_provider, key=_provider)
    ]


def _provider(model: LLMModel) -> tuple[str, str]:
    name = model.connection.provider
    return provider_label(name).casefold(), name


def _environment_group(user: Reader, default: str) -> list[ModelGroup]:
    selection = environment_selection(user)
    if selection is None:
        return []
    reason = environment_unusable_reason()
    choice = ModelChoice(
        id=ENVIRONMENT,
        name=selection.label,
        description="from this server's environment",
        capabilities=[],
        usable=not reason,
        unusable_reason=reason,
        is_default=default == ENVIRONMENT,
    )
    return [ModelGroup("This server", selection.icon, [choice])]


def _choice(model: LLMModel, user: Reader, default: str) -> ModelChoice:
    reason = model.unusable_reason(user)
    return ModelChoice(
        id=str(model.pk),
        name=model.name,
        description=describe(model),
        capabilities=[name for name, has_it in model.capabilities.items() if has_it],
        usable=not reason,
        unusable_reason=reason,
        is_default=str(model.pk) == default,
        key_page=_key_page(model, user) if reason else "",
    )


def _key_page(model: LLMModel, user: Reader) -> str:
    connection = model.connection
    if not (user.is_staff and connection.is_missing_key and may_edit(user, connection.owner_id)):
        return ""
    return reverse("admin:registry_connection_change", args=[connection.pk])


def _default_id(user: Reader) -> str:
    """What answers in a new chat, in the order of `select_model`."""
    if usable_environment(user):
        return ENVIRONMENT
    defaults = dict(DefaultModel.objects.usable_by(user).values_list("user", "model"))
    return str(defaults.get(user.pk) or defaults.get(None) or "")


def describe(model: LLMModel) -> str:
    """Such as "128k context · $0.15 / $0.60 per 1M"."""
    context = f"{short_count(model.context_window)} context" if model.context_window else ""
    return " · ".join(part for part in (context, _shown_prices(model)) if part)


def _shown_prices(model: LLMModel) -> str:
    if model.input_price is None or model.output_price is None:
        return "no price set"
    if not model.input_price and not model.output_price:
        return "free"
    return f"{dollars(model.input_price)} / {dollars(model.output_price)} per 1M"


def dollars(price: Decimal) -> str:
    """At least two decimals, and as many as it takes."""
    whole, _, decimals = f"{price:f}".partition(".")
    return f"${whole}.{decimals.rstrip('0').ljust(2, '0')}"


def short_count(number: int) -> str:
    """128000 and 131072 are both "128k" to whoever compares models; 1,000,000 is "1M"."""
    if number >= 1_000_000:
        return f"{number / 1_000_000:.2f}".rstrip("0").rstrip(".") + "M"
    is_binary = number % 1024 == 0 and number % 1000 != 0
    return f"{number // (1024 if is_binary else 1000)}k" if number >= 1000 else str(number)

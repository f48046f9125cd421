"""A template: what is known of a model before anybody has set it up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import dateformat

from registry.models import CAPABILITIES, Connection, LLMModel
from registry.models.llm_model import PRICES
from registry.providers import provider_label, provider_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# What a template and a model made from it have alike.
_FIGURES = (*CAPABILITIES, "context_window", "max_output_tokens", *PRICES)


class Lifecycle(StrEnum):
    CURRENT = "current"
    LEGACY = "legacy"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    id: str
    provider: str
    vendor: str
    """Who serves the model: the provider's label, or the host that speaks its format."""
    name: str
    model_id: str
    """"" where only whoever runs the server knows it."""
    description: str
    streaming: bool
    tools: bool
    vision: bool
    reasoning: bool
    json: bool
    context_window: int | None = None
    max_output_tokens: int | None = None
    input_price: Decimal | None = None
    """US dollars per million tokens; None where nobody knows, which is not the same as free."""
    output_price: Decimal | None = None
    cached_input_price: Decimal | None = None
    default_params: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = ""
    """"" where the provider has an address of its own, or where only whoever runs the server knows it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    lifecycle: Lifecycle
    """When the catalogue was checked; `lifecycle_on` knows what became of it since."""
    ends: date | None = None
    """The first day on which calls fail."""
    successor: Template | None = None
    """What to use instead: a current one of the same provider."""
    seed: bool = False
    source: str
    """Where the figures are from."""

    def __post_init__(self) -> None:
        if problem := next(self._problems(), ""):
            raise ValueError(problem)

    @property
    def capabilities(self) -> dict[str, bool]:
        return {name: getattr(self, name) for name in CAPABILITIES}

    @property
    def needs_key(self) -> bool:
        provider = provider_of(self.provider)
        return bool(provider and provider.needs_key)

    def lifecycle_on(self, today: date) -> Lifecycle:
        is_over = self.ends is not None and self.ends <= today
        return Lifecycle.RETIRED if is_over else self.lifecycle

    def notice(self, today: date) -> str:
        """What to know before choosing it, with what to do; "" where nothing is wrong."""
        on_day = f" on {dateformat.format(self.ends, 'j F Y')}" if self.ends else ""
        instead = f"Use {self.successor.name}." if self.successor else "Pick another model."
        match self.lifecycle_on(today):
            case Lifecycle.RETIRED:
                return f"{self.vendor} shut this model down{on_day}. {instead}"
            case Lifecycle.DEPRECATED:
                return f"{self.vendor} will shut this model down{on_day}. {instead}"
        return ""

    def new_connection(self, owner: User | None) -> Connection:
        """Not saved, and without a key. `owner` None makes it everybody's."""
        return Connection(
            owner=owner,
            name=self.vendor,
            provider=self.provider,
            base_url=self.base_url,
            options=deepcopy(dict(self.options)),
        )

    def new_model(self, connection: Connection) -> LLMModel:
        """Not saved. `ValidationError` for a connection of another provider."""
        if connection.provider != self.provider:
            label = provider_label(self.provider)
            raise ValidationError({"connection": f"This template is for {label}. Pick a connection of that provider."})
        return LLMModel(
            connection=connection,
            name=self.name,
            model_id=self.model_id,
            default_params=deepcopy(dict(self.default_params)),
            **{name: getattr(self, name) for name in _FIGURES},
        )

    def _problems(self) -> Iterator[str]:
        if provider_of(self.provider) is None:
            yield f"there is no provider {self.provider!r}"
        if self.lifecycle is Lifecycle.DEPRECATED and not self.ends:
            yield "a deprecated model has a day on which it ends"
        if self.lifecycle in (Lifecycle.CURRENT, Lifecycle.LEGACY) and self.ends:
            yield f"a {self.lifecycle} model has no day on which it ends"
        if any(price is not None and price < 0 for price in (getattr(self, name) for name in PRICES)):
            yield "a price is negative"
        if self.successor:
            yield from self._problems_with(self.successor)

    def _problems_with(self, successor: Template) -> Iterator[str]:
        if self.lifecycle is Lifecycle.CURRENT:
            yield "a current model has no successor"
        if successor.provider != self.provider:
            yield f"its successor is of another provider: {successor.id}"
        if successor.lifecycle is not Lifecycle.CURRENT:
            yield f"its successor is not current: {successor.id}"

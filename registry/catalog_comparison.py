"""Prices and context windows of the catalogue beside those of the package genai-prices, as it was installed.

The package has prices by the vendor's address: none for models on one's own machine, or at whichever of many hosts.
Where a price rises with the length of the prompt, the price of short ones is compared. Nothing is fetched: the package
updates its data only for those who ask it to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TypeAlias

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, TieredPrices

from registry.providers import provider_of
from registry.template import Template

Figure: TypeAlias = Decimal | int | None

_THEIR_NAMES = {"input_price": "input_mtok", "output_price": "output_mtok", "cached_input_price": "cache_read_mtok"}
# Some vendors charge more in peak hours, which end before noon in UTC.
_OFF_PEAK = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Compared:
    template: str
    field: str
    ours: Figure
    theirs: Figure
    is_tiered: bool = False

    def __str__(self) -> str:
        return f"{self.template} {self.field}"


@dataclass(frozen=True, slots=True)
class Comparison:
    compared: tuple[Compared, ...]
    """What the package knows."""
    unknown: tuple[str, ...]
    """What only the catalogue knows: whole templates, and single figures as `template field`."""

    @property
    def differences(self) -> tuple[Compared, ...]:
        return tuple(figure for figure in self.compared if figure.ours != figure.theirs)

    @property
    def tiered(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(figure.template for figure in self.compared if figure.is_tiered))


def compare(templates: Iterable[Template], today: date) -> Comparison:
    """Prices as they are on `today`."""
    figures: list[Compared] = []
    strangers: list[str] = []
    for template in templates:
        if model := _published(template):
            figures += _figures(template, model, today)
        else:
            strangers.append(template.id)
    missing = [str(figure) for figure in figures if figure.theirs is None and figure.ours is not None]
    return Comparison(
        compared=tuple(figure for figure in figures if figure.theirs is not None), unknown=(*strangers, *missing)
    )


def _published(template: Template) -> ModelInfo | None:
    """What the package knows of the model at its vendor's address; by the provider's name where every customer has an
    address of their own."""
    if not template.model_id:
        return None
    snapshot, provider = get_snapshot(), provider_of(template.provider)
    address = template.base_url or (provider.base_url if provider else "")
    try:
        vendor = snapshot.find_provider(None, None if address else template.provider, address or None)
    except LookupError:
        return None
    return vendor.find_model(template.model_id, all_providers=snapshot.providers)


def _figures(template: Template, model: ModelInfo, today: date) -> Iterator[Compared]:
    yield Compared(template.id, "context_window", template.context_window, model.context_window)
    prices = model.get_prices(datetime.combine(today, _OFF_PEAK))
    for name, their_name in _THEIR_NAMES.items():
        theirs, ours = getattr(prices, their_name), getattr(template, name)
        if isinstance(theirs, TieredPrices):
            yield Compared(template.id, name, ours, theirs.base, is_tiered=True)
        else:
            yield Compared(template.id, name, ours, theirs)

"""What calls to providers used and what that cost. One row a call, with the prices of that day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from llm import ProviderCall, Usage
from registry.fields import LARGEST_COUNT
from registry.models import PRICES, LLMModel, UsageRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

TOKENS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
PER_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; None where nobody knows."""

    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cached_input_price: Decimal | None = None

    def cost_of(self, usage: Usage) -> Decimal | None:
        """None as soon as a price is missing for something that was used."""
        cached_price = self.input_price if self.cached_input_price is None else self.cached_input_price
        parts = (
            (usage.input_tokens - usage.cached_tokens, self.input_price),
            (usage.cached_tokens, cached_price),
            (usage.output_tokens, self.output_price),
        )
        used = [(tokens, price) for tokens, price in parts if tokens]
        if any(price is None for _, price in used):
            return None
        return sum((tokens * price for tokens, price in used), Decimal(0)) / PER_MILLION


@dataclass(frozen=True, slots=True)
class TurnUsage:
    usage: Usage
    cost: Decimal | None


def record_calls(
    calls: Iterable[ProviderCall], *, turn: UUID, user_id: int, model_id: UUID | None, model_label: str
) -> TurnUsage | None:
    """Note each call of a turn, inside the caller's transaction; what the turn used, None where no call went out.

    A call that is noted already keeps its first row.
    """
    prices = _prices_of(model_id)
    whose = {
        "user_id": _existing_user(user_id),
        "model_id": model_id if prices else None,
        "model_label": model_label,
    }
    for call in calls:
        values = whose | _measured(call) | _counted(call.usage, prices or Prices())
        UsageRecord.objects.get_or_create(turn=turn, round=call.round, attempt=call.attempt, defaults=values)
    return usage_of_turn(turn)


def usage_of_turn(turn: UUID) -> TurnUsage | None:
    """The sum over a turn's calls; None where none was noted."""
    return usage_of_turns([turn]).get(turn)


def usage_of_turns(turns: Iterable[UUID]) -> dict[UUID, TurnUsage]:
    """The same for many; those of which nothing was noted are left out."""
    rows_of = defaultdict(list)
    for row in UsageRecord.objects.filter(turn__in=turns):
        rows_of[row.turn].append(row)
    return {turn: TurnUsage(_sum_of_tokens(rows), _sum_of_costs(rows)) for turn, rows in rows_of.items()}


def _existing_user(user_id: int) -> int | None:
    """None where the user was deleted while the call ran."""
    return user_id if get_user_model().objects.filter(pk=user_id).exists() else None


def _prices_of(model_id: UUID | None) -> Prices | None:
    """None where the model is gone, or never was a row."""
    row = LLMModel.objects.filter(pk=model_id).values(*PRICES).first()
    return Prices(**row) if row else None


def _measured(call: ProviderCall) -> dict[str, object]:
    first = call.first_token_seconds
    return {
        "outcome": call.outcome,
        "first_token_ms": None if first is None else _milliseconds(first),
        "duration_ms": _milliseconds(call.seconds),
    }


def _counted(usage: Usage | None, prices: Prices) -> dict[str, object]:
    used = _storable(usage or Usage())
    return {
        **{name: getattr(used, name) for name in TOKENS},
        "source": _source_of(usage),
        **asdict(prices),
        "cost": prices.cost_of(used),
    }


def _source_of(usage: Usage | None) -> UsageRecord.Source:
    if usage is None:
        return UsageRecord.Source.NONE
    return UsageRecord.Source.ESTIMATED if usage.estimated else UsageRecord.Source.REPORTED


def _storable(usage: Usage) -> Usage:
    """Counts are what a foreign server said: none is negative, too large to store, or more cached than there was."""
    counts = {name: min(max(getattr(usage, name), 0), LARGEST_COUNT) for name in TOKENS}
    counts["cached_tokens"] = min(counts["cached_tokens"], counts["input_tokens"])
    return Usage(estimated=usage.estimated, **counts)


def _sum_of_tokens(rows: Iterable[UsageRecord]) -> Usage:
    is_estimated = any(row.source == UsageRecord.Source.ESTIMATED for row in rows)
    return Usage(estimated=is_estimated, **{name: sum(getattr(row, name) for row in rows) for name in TOKENS})


def _sum_of_costs(rows: Iterable[UsageRecord]) -> Decimal | None:
    costs = [row.cost for row in rows]
    return None if None in costs else sum(costs, Decimal(0))


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)

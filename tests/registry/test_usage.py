from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

import pytest

from llm import ProviderCall, Usage
from registry.models import UsageRecord
from registry.usage import Prices, TurnUsage, record_calls, usage_of_turn

TIMES = {"first_token_seconds": 0.25, "seconds": 1.5}


@pytest.fixture
def priced(make_model):
    return make_model(input_price="2", output_price="10", cached_input_price="0.1")


def noted(user, model, usage, *, turn=None, **numbers):
    """The row of one call."""
    turn, whose = turn or uuid4(), {"user_id": user.pk, "model_id": model and model.pk, "model_label": "Model"}
    call = ProviderCall(usage=usage, **TIMES | numbers)
    record_calls([call], turn=turn, **whose)
    return UsageRecord.objects.get(turn=turn, round=call.round, attempt=call.attempt)


@pytest.mark.parametrize(
    ("prices", "usage", "cost"),
    [
        (("2", "10", "0.1"), Usage(input_tokens=1000, cached_tokens=400, output_tokens=10), "0.00134"),
        (("2", "10", None), Usage(input_tokens=1000, cached_tokens=400, output_tokens=10), "0.0021"),
        (("0.000001", "0", "0"), Usage(input_tokens=1), "0.000000000001"),
        (("0", "0", None), Usage(input_tokens=1000, output_tokens=1000), "0"),
        ((None, "10", "0.1"), Usage(input_tokens=1000, output_tokens=10), None),
        (("2", None, "0.1"), Usage(input_tokens=1000, output_tokens=10), None),
        (("2", None, None), Usage(input_tokens=1000), "0.002"),
        ((None, None, None), Usage(input_tokens=1000), None),
    ],
)
def test_cost_is_exact_and_unknown_where_a_price_is(prices, usage, cost):
    known = Prices(*(price and Decimal(price) for price in prices))
    assert known.cost_of(usage) == (cost and Decimal(cost))


def test_a_call_is_noted_with_the_prices_of_its_day(alice, priced):
    row = noted(alice, priced, Usage(input_tokens=1000, output_tokens=100, reasoning_tokens=60))
    priced.input_price = 99
    priced.save()
    row.refresh_from_db()
    assert (row.cost, row.input_price, row.source) == (Decimal("0.003"), Decimal(2), "reported")
    assert (row.reasoning_tokens, row.first_token_ms, row.duration_ms) == (60, 250, 1500)


def test_a_call_is_noted_once(alice, priced):
    turn = uuid4()
    first = noted(alice, priced, Usage(input_tokens=1), turn=turn)
    second = noted(alice, priced, Usage(input_tokens=2), turn=turn)
    assert (first.pk, second.input_tokens) == (second.pk, 1)
    noted(alice, priced, Usage(input_tokens=2), turn=turn, round=1)
    noted(alice, priced, Usage(input_tokens=2), turn=turn, attempt=1)
    assert UsageRecord.objects.count() == 3


def test_the_usage_of_a_turn_is_the_sum_of_its_calls(alice, priced):
    turn = uuid4()
    assert usage_of_turn(turn) is None
    noted(alice, priced, Usage(input_tokens=1000, output_tokens=10), turn=turn)
    noted(alice, priced, Usage(input_tokens=500, estimated=True), turn=turn, round=1)
    total = usage_of_turn(turn)
    assert total.usage == Usage(input_tokens=1500, output_tokens=10, estimated=True)
    assert total.cost == Decimal("0.0031")


def test_one_unknown_cost_makes_the_sum_unknown(alice, priced, make_model):
    turn = uuid4()
    noted(alice, priced, Usage(input_tokens=1000), turn=turn)
    noted(alice, make_model(), Usage(input_tokens=1000), turn=turn, round=1)
    assert usage_of_turn(turn).cost is None


def test_a_call_that_used_nothing_cost_nothing_whether_its_prices_are_known_or_not(alice, priced, make_model):
    turn = uuid4()
    for attempt, model in enumerate((priced, make_model(), None)):
        row = noted(alice, model, None, turn=turn, attempt=attempt, outcome="rate_limited")
        assert (row.source, row.input_tokens, row.output_tokens, row.cost) == ("none", 0, 0, 0)
    assert usage_of_turn(turn) == TurnUsage(Usage(), Decimal(0))
    noted(alice, priced, Usage(input_tokens=1000), turn=turn, attempt=3)
    assert usage_of_turn(turn) == TurnUsage(Usage(input_tokens=1000), Decimal("0.002"))


def test_all_calls_of_a_turn_are_noted_at_once(alice, priced):
    turn, used = uuid4(), Usage(input_tokens=1000)
    calls = [
        ProviderCall(outcome="overloaded", seconds=0.1),
        ProviderCall(attempt=1, usage=used, first_token_seconds=0.2, seconds=0.5),
        ProviderCall(round=1, usage=used, seconds=0.5),
    ]
    caller = {"turn": turn, "user_id": alice.pk, "model_id": priced.pk, "model_label": "Model"}
    assert record_calls(calls, **caller) == TurnUsage(used + used, Decimal("0.004"))
    rows = UsageRecord.objects.order_by("round", "attempt")
    assert list(rows.values_list("round", "attempt", "outcome", "source", "first_token_ms", "duration_ms")) == [
        (0, 0, "overloaded", "none", None, 100),
        (0, 1, "complete", "reported", 200, 500),
        (1, 0, "complete", "reported", None, 500),
    ]
    assert {(row.user, row.model, row.model_label, row.input_price) for row in rows} == {
        (alice, priced, "Model", Decimal(2))
    }
    assert record_calls([], **caller | {"turn": uuid4()}) is None


def test_usage_outlives_its_model_and_its_user(alice, priced):
    row = noted(alice, priced, Usage(input_tokens=1000))
    priced.connection.delete()
    alice.delete()
    row.refresh_from_db()
    assert (row.model, row.user, row.model_label, row.cost) == (None, None, "Model", Decimal("0.002"))


def test_a_user_or_model_that_went_away_during_the_call(alice, priced):
    gone = SimpleNamespace(pk=alice.pk), SimpleNamespace(pk=priced.pk)
    priced.delete()
    alice.delete()
    row = noted(*gone, Usage(input_tokens=3))
    assert (row.model, row.user, row.input_tokens, row.cost) == (None, None, 3, None)


def test_the_environments_model_has_no_price(alice):
    row = noted(alice, None, Usage(input_tokens=3))
    assert (row.input_tokens, row.cost) == (3, None)


def test_absurd_counts_are_storable(alice, priced):
    row = noted(alice, priced, Usage(input_tokens=10**30, cached_tokens=-5, output_tokens=-1, reasoning_tokens=10**12))
    row.refresh_from_db()
    assert (row.input_tokens, row.cached_tokens, row.output_tokens) == (2**31 - 1, 0, 0)
    assert noted(alice, priced, Usage(input_tokens=1, cached_tokens=9)).cached_tokens == 1

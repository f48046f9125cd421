"""The comparison with genai-prices: with the data it brings along, and with data made for the case."""

import socket
import sys
from dataclasses import replace
from datetime import UTC, date, time
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from genai_prices import data_snapshot
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from registry.catalog import catalogue, template, templates
from registry.catalog_comparison import compare

TODAY = date(2026, 11, 24)
OURS = replace(
    template("groq-gpt-oss-20b"),
    context_window=1000,
    input_price=Decimal("1.00"),
    output_price=Decimal(2),
    cached_input_price=None,
)
EQUAL = {"input_mtok": Decimal(1), "output_mtok": Decimal("2.0")}


@pytest.fixture
def published():
    """Let the package know one model, at the address of `OURS`."""

    def publish(prices, context_window=1000):
        model = ModelInfo(OURS.model_id, ClauseEquals(OURS.model_id), prices=prices, context_window=context_window)
        vendor = Provider("vendor", "Vendor", api_pattern="https://api\\.groq\\.com", models=[model])
        data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot([vendor], from_auto_update=False))

    yield publish
    data_snapshot.set_custom_snapshot(None)


def differences(*compared, today=TODAY):
    return [(row.field, row.ours, row.theirs) for row in compare(compared, today).differences]


def output(*arguments):
    out = StringIO()
    call_command("compare_catalog", *arguments, stdout=out)
    return out.getvalue()


def test_the_catalogue_agrees_but_for_what_it_gives_a_reason_for():
    found = compare(templates(), catalogue().checked)
    assert [str(row) for row in found.differences] == ["gemini-3-8-flash context_window"]
    assert len(found.compared) > 100


def test_equal_figures_in_another_spelling_do_not_differ(published):
    published(ModelPrice(**EQUAL))
    assert differences(OURS) == []


def test_what_differs_is_told_exactly(published):
    published(ModelPrice(**EQUAL | {"input_mtok": Decimal("1.01")}), context_window=2000)
    assert differences(OURS) == [("context_window", 1000, 2000), ("input_price", Decimal("1.00"), Decimal("1.01"))]


def test_a_figure_that_only_they_know_differs(published):
    published(ModelPrice(**EQUAL, cache_read_mtok=Decimal("0.5")))
    assert differences(OURS) == [("cached_input_price", None, Decimal("0.5"))]


def test_a_figure_that_only_we_know_is_not_compared(published):
    published(ModelPrice(input_mtok=Decimal(1)), context_window=None)
    found = compare([OURS], TODAY)
    assert found.unknown == ("groq-gpt-oss-20b context_window", "groq-gpt-oss-20b output_price")
    assert [str(row) for row in found.compared] == ["groq-gpt-oss-20b input_price"]


def test_the_lowest_of_tiered_prices_is_compared(published):
    tiered = TieredPrices(Decimal(1), [Tier(100_000, Decimal(5))])
    published(ModelPrice(**EQUAL | {"input_mtok": tiered}))
    assert differences(OURS) == []
    assert compare([OURS], TODAY).tiered == (OURS.id,)


def test_a_price_of_peak_hours_plays_no_part(published):
    peak = TimeOfDateConstraint(time(6, tzinfo=UTC), time(10, tzinfo=UTC))
    double = ModelPrice(**{name: 2 * price for name, price in EQUAL.items()})
    published([ConditionalPrice(prices=ModelPrice(**EQUAL)), ConditionalPrice(peak, prices=double)])
    assert differences(OURS) == []


def test_a_price_that_changes_is_todays(published):
    later = ConditionalPrice(
        StartDateConstraint(date(2027, 1, 1)), prices=ModelPrice(**EQUAL | {"input_mtok": Decimal(3)})
    )
    published([ConditionalPrice(prices=ModelPrice(**EQUAL)), later])
    assert differences(OURS, today=date(2026, 12, 31)) == []
    assert differences(OURS, today=date(2027, 1, 1)) == [("input_price", Decimal("1.00"), Decimal(3))]


@pytest.mark.parametrize("name", ["vllm-custom", "ollama-llama3-1", "huggingface-llama-3-1-8b", "openai-gpt-6-luna"])
def test_whom_they_do_not_know_is_listed(published, name):
    published(ModelPrice(**EQUAL))
    assert compare([template(name)], TODAY).unknown == (name,)


def test_the_table():
    lines = output().splitlines()
    assert lines[0].startswith("Catalogue of 2026-11-24: ")
    assert ["gemini-3-8-flash", "context_window", "1048576", "1000000"] in [line.split() for line in lines]
    assert "vllm-custom" in lines[-1]


def test_a_difference_fails_only_where_that_is_asked_for(published):
    published(ModelPrice(**EQUAL))
    with pytest.raises(CommandError, match="figures differ") as failure:
        output("--fail-on-difference")
    assert failure.value.returncode == 1
    assert "groq-gpt-oss-20b" in output()


def test_without_a_difference_nothing_fails(published):
    published(ModelPrice(), context_window=None)
    assert "0 figures compared, 0 differ." in output("--fail-on-difference")


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(CommandError, match="pip install genai-prices"):
        output()


def test_no_socket_is_opened(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the comparison wants the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert "figures compared" in output()
    assert not data_snapshot.get_snapshot().from_auto_update

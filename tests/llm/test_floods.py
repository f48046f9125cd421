"""A hostile answer costs the reader a few megabytes, however long it is."""

from pathlib import Path

import pytest

from tests.llm.floods import CLOSE_DELIMITED, FLOODS, Flood, costs_of, delta

LIMIT = 5_000_000
# 64 KiB each: enough for an answer that is kept whole to be over the limit.
PIECES = 100

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the kernel does not tell the peak")


def test_no_flood_costs_more_than_five_megabytes():
    costs = dict(zip(FLOODS, costs_of(FLOODS.values(), PIECES), strict=True))
    assert {name: cost["peak"] for name, cost in costs.items() if cost["peak"] > LIMIT} == {}
    assert {name: cost["error"] for name, cost in costs.items()} == {name: each.error for name, each in FLOODS.items()}


def test_the_measure_sees_what_a_reader_keeps():
    """One event of 1 MiB full of tiny lists is the most that one line can cost: JSON in Python is not small."""
    lists = Flood(CLOSE_DELIMITED + delta(content=[[]] * 300_000))
    [cost] = costs_of([lists], PIECES)
    assert 5 * LIMIT < cost["peak"] < 10 * LIMIT

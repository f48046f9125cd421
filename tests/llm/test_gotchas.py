"""The list of what broke other clients, and the tests that are named after its rows, are one list."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = {int(number) for number in re.findall(r"^(\d+)\. ", (ROOT / "docs/gotchas.md").read_text(), re.MULTILINE)}


def named_after(name):
    """The numbers in `test_gotcha_6_7_and_8_what_it_says`."""
    numbers = re.match(r"test_gotcha_((?:\d+_(?:and_)?)+)", name)[1]
    return {int(number) for number in re.findall(r"\d+", numbers)}


def test_every_row_has_a_test_and_every_such_test_a_row():
    sources = [path.read_text() for path in (ROOT / "tests/llm").rglob("test_*.py")]
    tests = {name for source in sources for name in re.findall(r"^def (test_gotcha_\w+)\(", source, re.MULTILINE)}
    assert set.union(*map(named_after, tests)) == ROWS == set(range(1, 53))


def test_several_numbers_in_one_name():
    assert named_after("test_gotcha_6_7_and_8_keep_alives") == {6, 7, 8}
    assert named_after("test_gotcha_29_a_limit") == {29}

"""What comes out of a tool, or goes wrong in it, as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

import llm
from llm.tools import tool
from llm.tools.results import LONGEST_FAILURE, LONGEST_RESULT
from llm.types import ToolResult
from tests.llm.tools.samples import Colour, Level, Line, Point, call


def returning(value):
    def give():
        return value

    return tool(give).run(call({}, "give"))


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("as it is\n", "as it is\n"),
        (None, "null"),
        (True, "true"),
        (["ü", 1.5], '["ü", 1.5]'),
        ({"a": (1, 2)}, '{"a": [1, 2]}'),
        (Line(Point(1), Point(2)), '{"start": {"x": 1, "y": 0.5, "tags": []}, "end": {"x": 2, "y": 0.5, "tags": []}}'),
        ([Colour.RED, Level.LOW], '["red", 1]'),
        ({1}, "[1]"),
        (dt.date(2026, 11, 24), '"2026-11-24"'),
        (Decimal("1.50"), '"1.50"'),
        ("a\0b\ud800", "a\ufffdb\ufffd"),
    ],
)
def test_results_as_text(value, content):
    assert returning(value) == ToolResult("call_1", "give", content)


@pytest.mark.parametrize("value", [object(), float("nan"), {(1, 2): 3}, b"bytes", Point])
def test_a_result_that_is_not_json_is_an_error(value):
    assert returning(value).is_error


def test_a_result_that_contains_itself_is_an_error():
    loop = []
    loop.append(loop)
    assert returning(loop).is_error


@pytest.mark.parametrize("unit", ["a", "é", "😀"])
def test_a_long_result_is_cut_between_characters_and_says_so(unit):
    content = returning(unit * 100_000).content
    assert len(content.encode()) <= LONGEST_RESULT
    assert len(content.encode()) > LONGEST_RESULT - 10
    body, _, mark = content.partition("\n")
    assert set(body) == {unit}
    assert mark == f"[cut: only the beginning of a result of {len(unit.encode()) * 100_000} bytes is shown]"


def test_a_result_of_exactly_the_limit_is_whole():
    assert returning("a" * LONGEST_RESULT).content == "a" * LONGEST_RESULT


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize(
    ("error", "content"),
    [
        (ValueError("no such city"), "ValueError: no such city"),
        (KeyError("a"), "KeyError: 'a'"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("two\nlines\0"), "RuntimeError: two lines\ufffd"),
        (SystemExit(1), "SystemExit: 1"),
        (GeneratorExit(), "GeneratorExit"),
        (llm.Cancelled(), "Cancelled: The call was cancelled."),
        (Mute(), "Mute: <exception str() failed>"),
    ],
)
def test_a_failing_tool_is_an_error_result(error, content):
    @tool
    def fail() -> str:
        raise error

    assert fail.run(call({}, "fail")) == ToolResult("call_1", "fail", content, is_error=True)


def test_a_long_failure_is_cut():
    @tool
    def fail() -> str:
        raise ValueError("x" * 10_000)

    assert len(fail.run(call({})).content) <= LONGEST_FAILURE + 1


def test_endless_recursion_is_a_failure_like_another():
    @tool
    def fail() -> str:
        return fail()

    assert fail.run(call({})).content.startswith("RecursionError")


def test_only_the_person_at_the_keyboard_interrupts():
    @tool
    def fail() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail.run(call({}))

"""Arguments as models write them: values of Python, or a reason that the model can mend."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.tools import tool
from llm.types import ToolResult
from tests.llm.tools.samples import Colour, Level, Line, Options, Point, call, nested, taking, x_is


@pytest.mark.parametrize(
    ("hint", "argument", "value"),
    [
        (int, 3.0, 3),
        (float, 3, 3.0),
        (list[int], [1, 2.0], [1, 2]),
        (set[int], [1, 1], {1}),
        (frozenset[str], ["a"], frozenset({"a"})),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[float, ...], [1, 2], (1.0, 2.0)),
        (Colour, "blue", Colour.BLUE),
        (Level, 2, Level.HIGH),
        (Literal[1, True], True, True),
        (Literal[1, True], 1, 1),
        (Point, {"x": 1}, Point(1)),
        (Line, {"start": {"x": 1}, "end": {"x": 2, "y": 3}}, Line(Point(1), Point(2, 3.0))),
        (dict[str, Point], {"a": {"x": 1}}, {"a": Point(1)}),
        (list[Colour] | None, ["red"], [Colour.RED]),
        (list[Colour] | None, None, None),
        (Point | Colour, {"x": 1}, Point(1)),
        (Point | Colour, "red", Colour.RED),
        (int | bool, True, True),
        (Options, {"size": 1, "colour": "red"}, {"size": 1, "colour": Colour.RED}),
        (Any, {"a": [None]}, {"a": [None]}),
    ],
)
def test_arguments_arrive_as_python_values(hint, argument, value):
    assert taking(hint).run(call({"x": argument})) == ToolResult("call_1", "identity", repr(value))


@pytest.mark.parametrize("blank", ["", "  \n", "{}"])
def test_gotcha_22_blank_arguments_are_no_arguments(blank):
    assert taking(int, 5).run(call(blank)).content == "5"


@pytest.mark.parametrize(
    ("hint", "arguments", "why"),
    [
        (int, "{", "not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2"),
        (int, "[1]", "not a JSON object"),
        (int, '"{}"', "not a JSON object"),
        (int, "{}", "$: 'x' is a required property"),
        (int, '{"x": "5"}', "$.x: '5' is not of type 'integer'"),
        (int, '{"x": true}', "$.x: True is not of type 'integer'"),
        (int, '{"x": 1, "y": 2}', "'y' was unexpected"),
        (list[int], '{"x": [1, "a"]}', "$.x[1]: 'a' is not of type 'integer'"),
        (Line, '{"x": {"start": {"x": 1}, "end": {}}}', "$.x.end: 'x' is a required property"),
        (Point | None, '{"x": {"x": "1"}}', "$.x.x: '1' is not of type 'integer'"),
        (tuple[int, str], '{"x": [1]}', "$.x: [1] is too short"),
        (Colour, '{"x": "green"}', "'green' is not one of ['red', 'blue']"),
        (float, '{"x": NaN}', "no number"),
        (float, '{"x": -Infinity}', "no number"),
        (float, '{"x": 1e999}', "a number is too large"),
        (float, '{"x": 1%s}' % ("0" * 400), "OverflowError"),
        (int, '{"x": 1%s}' % ("0" * 5000), "too many digits"),
        (Any, f'{{"x": {nested(100_000)}}}', "longer than"),
        (Any, f'{{"x": {nested(50_000)}}}', "nested too deeply"),
        (str, '{"x": "%s"}' % ("a" * 200_000), "longer than"),
    ],
)
def test_arguments_that_do_not_fit_say_why(hint, arguments, why):
    result = taking(hint).run(call(arguments))
    assert result.is_error
    assert why in result.content
    assert len(result.content) < 1000


def test_many_mistakes_make_a_short_error():
    result = taking(list[int]).run(call({"x": ["no" * 500] * 1000}))
    assert result.is_error
    assert len(result.content) < 1000


def test_a_union_collects_no_more_errors_than_are_told():
    """Measured by the memory of it: each of 40,000 elements fits neither alternative."""
    union = taking(list[int] | list[str])
    text = x_is("[" + ",".join(["{}"] * 40_000) + "]")
    union.run(text)
    tracemalloc.start()
    result = union.run(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "$.x" in result.content
    assert peak < 20 * 1024 * 1024


def test_what_comes_twice_counts_the_last_time():
    assert taking(int).run(call('{"x": 1, "x": 2}')).content == "2"


@settings(deadline=None)
@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_arguments_raise(text):
    for hint in (int, Point | list[Colour], dict[str, set[int]], Any):
        result = taking(hint).run(x_is(text))
        assert len(result.content) < 100_000


def test_a_deep_value_never_raises():
    for depth in range(50, 1000, 50):
        for hint in (Any, list, int | list):
            result = taking(hint).run(x_is(nested(depth)))
            assert isinstance(result, ToolResult)


def test_a_dataclass_that_refuses_its_values_is_an_error_of_the_arguments():
    @dataclass
    class Positive:
        value: int

        def __post_init__(self):
            if self.value <= 0:
                raise ValueError("must be positive")

    def use(x):
        return "used"

    use.__annotations__ = {"x": Positive}
    result = tool(use).run(call({"x": {"value": 0}}))
    assert (result.content, result.is_error) == ("ValueError: must be positive", True)

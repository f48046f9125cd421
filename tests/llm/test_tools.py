"""From a typed function to a schema, from a model's arguments to a call, from what comes out to text."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType, NotRequired, Optional, Required, TypedDict, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import llm
from llm.tools import Tool, tool
from llm.tools.docstrings import documentation_of
from llm.tools.results import LONGEST_FAILURE, LONGEST_RESULT
from llm.types import ToolCall, ToolResult, ToolSpec

T = TypeVar("T")
UserId = NewType("UserId", int)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Blob(Enum):
    ONE = b"1"


@dataclass(frozen=True)
class Point:
    """A place.

    Attributes:
        x: to the right
    """

    x: int
    y: float = 0.5
    tags: list[str] = field(default_factory=list)


@dataclass
class Line:
    start: Point
    end: Point


@dataclass
class Tree:
    children: list[Tree]


class Options(TypedDict):
    size: int
    colour: NotRequired[Colour]


class Loose(TypedDict, total=False):
    name: Required[str]
    age: int


def taking(hint, default=...):
    """A tool with one parameter `x` of this type; it returns its argument as Python sees it."""

    def identity(x):
        return repr(x)

    identity.__annotations__ = {"x": hint}
    identity.__defaults__ = None if default is ... else (default,)
    return tool(identity)


def call(arguments, name="identity"):
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall("call_1", name, text)


def x_is(text):
    return call(f'{{"x": {text}}}')


def nested(depth):
    return "[" * depth + "1" + "]" * depth


def schema_of(hint, default=...):
    return taking(hint, default).spec.parameters["properties"]["x"]


# Schemas


STRING, INTEGER = {"type": "string"}, {"type": "integer"}
POINT = {
    "type": "object",
    "properties": {
        "x": {"type": "integer", "description": "to the right"},
        "y": {"type": "number"},
        "tags": {"type": "array", "items": STRING},
    },
    "required": ["x"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, STRING),
        (int, INTEGER),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (None, {"type": "null"}),
        (Any, {}),
        (Optional[int], {"anyOf": [INTEGER, {"type": "null"}]}),  # noqa: UP045  both spellings exist
        (int | str | None, {"anyOf": [INTEGER, STRING, {"type": "null"}]}),
        (list, {"type": "array"}),
        (list[int], {"type": "array", "items": INTEGER}),
        (Sequence[list[int]], {"type": "array", "items": {"type": "array", "items": INTEGER}}),
        (Iterable[str], {"type": "array", "items": STRING}),
        (set[str], {"type": "array", "items": STRING}),
        (frozenset[str], {"type": "array", "items": STRING}),
        (tuple[int, ...], {"type": "array", "items": INTEGER}),
        (
            tuple[int, str],
            {"type": "array", "prefixItems": [INTEGER, STRING], "items": False, "minItems": 2, "maxItems": 2},
        ),
        (dict, {"type": "object", "additionalProperties": True}),
        (dict[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (Mapping[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1, None], {"enum": ["a", 1, None]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (UserId, INTEGER),
        (Annotated[int, "how many"], INTEGER | {"description": "how many"}),
        (Annotated[int, {"not": "hashable"}], INTEGER),
        (Point, POINT),
        (
            Options,
            {
                "type": "object",
                "properties": {"size": INTEGER, "colour": {"type": "string", "enum": ["red", "blue"]}},
                "required": ["size"],
                "additionalProperties": False,
            },
        ),
        (
            Loose,
            {
                "type": "object",
                "properties": {"name": STRING, "age": INTEGER},
                "required": ["name"],
                "additionalProperties": False,
            },
        ),
    ],
)
def test_a_type_has_its_schema(hint, schema):
    assert schema_of(hint) == schema
    Draft202012Validator.check_schema(schema_of(hint))


def test_a_parameter_with_a_default_is_not_required():
    spec = taking(int, 5).spec
    assert "required" not in spec.parameters
    assert spec.parameters["properties"]["x"] == {"type": "integer", "default": 5}


def test_a_default_that_json_does_not_have_is_not_told():
    assert schema_of(Point | None, None) == {"anyOf": [POINT, {"type": "null"}]}
    assert "default" not in schema_of(Colour, Colour.RED)


def test_a_tool_is_described_by_its_docstring():
    @tool
    def weather(city: str, days: Annotated[int, "at most 14"] = 1, *, unit: Literal["C", "F"] = "C") -> str:
        """The weather forecast.

        From the national service.

        Args:
            city (str): The city, with its country
                where the name is ambiguous: "Paris, France".
            days: Overruled by the annotation.

        Returns:
            A sentence.
        """
        return f"{city} {days} {unit}"

    assert weather.spec == ToolSpec(
        "weather",
        "The weather forecast.\n\nFrom the national service.",
        {
            "type": "object",
            "properties": {
                "city": STRING
                | {"description": 'The city, with its country where the name is ambiguous: "Paris, France".'},
                "days": {"type": "integer", "description": "at most 14", "default": 1},
                "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    )
    assert weather("Oslo") == "Oslo 1 C"


def test_sphinx_docstrings_are_understood_too():
    def function():
        """Does it.

        :param x: the first,
            on two lines
        :param int y: the second
        :type y: int
        :returns: nothing
        """

    found = documentation_of(function)
    assert found.summary == "Does it."
    assert found.parameters == {"x": "the first, on two lines", "y": "the second"}


@pytest.mark.parametrize("doc", [None, "", "Args:", "Args:\n    just prose without a colon", "Note: a colon in prose"])
def test_a_docstring_without_entries(doc):
    def function():
        pass

    function.__doc__ = doc
    assert documentation_of(function).parameters == {}


def test_name_description_and_timeout_can_be_given():
    @tool(name="get-time", description="What time it is", timeout=2)
    def clock() -> str:
        """Not this."""
        return "noon"

    assert (clock.name, clock.spec.description, clock.timeout) == ("get-time", "What time it is", 2)
    assert clock.spec.parameters == {"type": "object", "properties": {}, "additionalProperties": False}


def test_a_tool_is_a_value():
    plain = taking(int)
    assert isinstance(plain, Tool)
    with pytest.raises(AttributeError):
        plain.timeout = 3


# What cannot be a tool


@pytest.mark.parametrize(
    ("hint", "why"),
    [
        (dt.date, "date has no JSON schema"),
        (object, "object has no JSON schema"),
        (T, "~T has no JSON schema"),
        (bytes, "bytes has no JSON schema"),
        (dict[int, str], "the keys of a JSON object are strings"),
        (list[complex], "complex has no JSON schema"),
        (Literal[b"a"], "neither strings"),
        (Blob, "Blob has values that are neither strings"),
        (Tree, "Tree contains itself"),
        (set[Literal[1.5]], "neither strings"),
    ],
)
def test_what_cannot_be_described_is_named(hint, why):
    with pytest.raises(TypeError, match=rf"^identity: the parameter x cannot be described: .*{why}"):
        taking(hint)


def test_parameters_need_a_type_and_a_name():
    def untyped(x):
        pass

    def starred(*values: int):
        pass

    def keywords(**values: int):
        pass

    def positional(x: int, /):
        pass

    def unresolved(x: Nowhere):  # noqa: F821
        pass

    complaints = {
        untyped: "the parameter x has no type",
        starred: r"the parameter \*values",
        keywords: r"\*\*values",
        positional: "by name",
        unresolved: "'Nowhere' is not defined",
    }
    for function, complaint in complaints.items():
        with pytest.raises(TypeError, match=f"^{function.__name__}: .*{complaint}"):
            tool(function)


@pytest.mark.parametrize("name", ["with blank", "dot.ted", "ü", "x" * 65, "<lambda>"])
def test_a_name_that_some_provider_refuses(name):
    with pytest.raises(TypeError, match="cannot be a tool's name"):
        tool(name=name)(taking(int).function)


def test_an_async_function_is_refused():
    async def later() -> str:
        return "never"

    with pytest.raises(TypeError, match="async"):
        tool(later)


def test_a_timeout_of_nothing_is_refused():
    with pytest.raises(TypeError, match="timeout"):
        tool(timeout=0)(taking(int).function)


# Arguments


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


# Results


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


# Failures


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

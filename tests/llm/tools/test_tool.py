"""What makes a function a tool, and what cannot be one."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pytest

from llm.tools import Tool, tool
from tests.llm.tools.samples import Blob, T, Tree, taking


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


def test_a_tool_is_still_a_function():
    assert taking(int)(5) == "5"


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

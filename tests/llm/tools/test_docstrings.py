"""What a docstring says of a tool and its parameters."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest

from llm.tools import tool
from llm.tools.docstrings import documentation_of
from llm.types import ToolSpec


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
                "city": {"type": "string"}
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

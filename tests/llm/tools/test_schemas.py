"""Types as JSON schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Optional

import pytest
from jsonschema import Draft202012Validator

from tests.llm.tools.samples import Colour, Level, Loose, Options, Point, UserId, schema_of, taking

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

"""A JSON schema together with the way back: from a JSON value that fits it to the Python value that is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from llm.types import JSON

Schema: TypeAlias = dict[str, JSON]


@dataclass(frozen=True, slots=True)
class Shape:
    """`decode` makes the Python value of a JSON value that fits `schema`."""

    schema: Schema
    decode: Callable[[JSON], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A parameter of a function, a field of a dataclass or a key of a TypedDict."""

    shape: Shape
    required: bool = True
    default: object = None
    description: str = ""

    @property
    def schema(self) -> Schema:
        """With its description, and its default where JSON has that value too."""
        said = {"description": self.description} if self.description else {}
        has_default = self.default is not None and is_scalar(self.default)
        return self.shape.schema | said | ({"default": self.default} if has_default else {})


def object_shape(members: Mapping[str, Member], build: Callable[..., object]) -> Shape:
    """A JSON object with these members and no others. `build` gets those that are there, by name."""
    schema: Schema = {"type": "object", "properties": {name: member.schema for name, member in members.items()}}
    if required := [name for name, member in members.items() if member.required]:
        schema["required"] = required
    schema["additionalProperties"] = False

    def decode(value: JSON) -> object:
        return build(**{name: members[name].shape.decode(inner) for name, inner in value.items()})

    return Shape(schema, decode)


def choice_shape(members: Sequence[tuple[object, object]]) -> Shape:
    """One of some scalars, decoded to what stands beside it. True is told from 1, which Python takes for equal."""
    kinds = {_kind(value) for value, _ in members}
    typed = {"type": kinds.pop()} if len(kinds) == 1 else {}
    by_kind = {(_kind(value), value): member for value, member in members}
    return Shape(typed | {"enum": [value for value, _ in members]}, lambda value: by_kind[_kind(value), value])


def is_scalar(value: object) -> bool:
    """Whether JSON has this very value. Floats are left out: they are no names for anything."""
    return value is None or type(value) in (str, int, bool)


def _kind(value: object) -> str:
    """The JSON type of a scalar; a whole number may have been written 3.0."""
    return {bool: "boolean", int: "integer", float: "integer", str: "string"}.get(type(value), "null")

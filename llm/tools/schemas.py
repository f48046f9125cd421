"""Python types as JSON schemas, and JSON values back as values of those types."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from math import isfinite
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from llm.tools.docstrings import documentation_of
from llm.tools.shapes import Member, Schema, Shape, choice_shape, is_scalar, object_shape
from llm.tools.validation import fits
from llm.types import JSON

Arguments: TypeAlias = tuple[Any, ...]
Inside: TypeAlias = tuple[object, ...]
Form: TypeAlias = Callable[[Arguments, Inside], Shape]


class UndescribableError(TypeError):
    """A type for which there is no JSON schema."""


def shape_of(hint: Any, inside: Inside = ()) -> Shape:
    """`inside` are the types around this one: a schema without references has no end for a type within itself."""
    origin = get_origin(hint) or hint
    if not isinstance(origin, Hashable):
        raise UndescribableError(f"{hint!r} is not a type")
    if origin in _FORMS:
        return _FORMS[origin](get_args(hint), inside)
    if origin in _SCALARS:
        return _SCALARS[origin]
    if isinstance(hint, NewType):
        return shape_of(hint.__supertype__, inside)
    if isinstance(origin, type):
        return _shape_of_class(origin, inside)
    raise UndescribableError(f"{_name(hint)} has no JSON schema")


def _shape_of_class(kind: type, inside: Inside) -> Shape:
    if kind in inside:
        raise UndescribableError(f"{_name(kind)} contains itself")
    if issubclass(kind, Enum):
        return _choice([(member.value, member) for member in kind], _name(kind))
    if is_dataclass(kind):
        return _dataclass(kind, (*inside, kind))
    if is_typeddict(kind):
        return _typed_dict(kind, (*inside, kind))
    raise UndescribableError(f"{_name(kind)} has no JSON schema")


def _as_it_is(value: JSON) -> object:
    return value


def _float(value: JSON) -> float:
    """JSON has no infinity, but 1e999 and an integer of 400 digits become one."""
    number = float(value)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number


# A whole number may be written 3.0.
_SCALARS: dict[object, Shape] = {
    str: Shape({"type": "string"}, _as_it_is),
    int: Shape({"type": "integer"}, int),
    float: Shape({"type": "number"}, _float),
    bool: Shape({"type": "boolean"}, _as_it_is),
    None: Shape({"type": "null"}, _as_it_is),
    type(None): Shape({"type": "null"}, _as_it_is),
    Any: Shape({}, _as_it_is),
}


def _array(build: Callable[[Iterable[object]], object]) -> Form:
    """No `uniqueItems` for a set: checking it takes quadratic time (measured: 3.4 s for 8,000 elements of two types),
    and what comes twice does no harm."""

    def shape(arguments: Arguments, inside: Inside) -> Shape:
        element = shape_of(arguments[0] if arguments else Any, inside)
        items = {"items": element.schema} if element.schema else {}
        return Shape({"type": "array"} | items, lambda value: build(map(element.decode, value)))

    return shape


def _tuple(arguments: Arguments, inside: Inside) -> Shape:
    if not arguments or arguments[-1] is ...:
        return _array(tuple)(arguments, inside)
    elements = [shape_of(argument, inside) for argument in arguments]
    schema: Schema = {"type": "array", "prefixItems": [element.schema for element in elements], "items": False}
    schema |= {"minItems": len(elements), "maxItems": len(elements)}
    return Shape(schema, lambda value: tuple(element.decode(v) for element, v in zip(elements, value, strict=True)))


def _mapping(arguments: Arguments, inside: Inside) -> Shape:
    key, value_hint = arguments or (str, Any)
    if key is not str:
        raise UndescribableError("the keys of a JSON object are strings, so write dict[str, ...]")
    inner = shape_of(value_hint, inside)
    schema = {"type": "object", "additionalProperties": inner.schema or True}
    return Shape(schema, lambda value: {name: inner.decode(member) for name, member in value.items()})


def _union(arguments: Arguments, inside: Inside) -> Shape:
    """The first alternative that fits is the one that is meant."""
    alternatives = [shape_of(argument, inside) for argument in arguments]

    def decode(value: JSON) -> object:
        return next(each for each in alternatives if fits(value, each.schema)).decode(value)

    return Shape({"anyOf": [each.schema for each in alternatives]}, decode)


def _annotated(arguments: Arguments, inside: Inside) -> Shape:
    shape = shape_of(arguments[0], inside)
    description = next((note for note in arguments[1:] if isinstance(note, str)), "")
    return Shape(shape.schema | ({"description": description} if description else {}), shape.decode)


def _literal(values: Arguments, _inside: Inside) -> Shape:
    return _choice([(value, value) for value in values], f"Literal{list(values)}")


def _choice(members: Sequence[tuple[object, object]], name: str) -> Shape:
    if not members or not all(is_scalar(value) for value, _ in members):
        raise UndescribableError(f"{name} has values that are neither strings, whole numbers, booleans nor null")
    return choice_shape(members)


def _dataclass(kind: type, inside: Inside) -> Shape:
    hints, documentation = _hints(kind), documentation_of(kind)
    members = {
        field.name: Member(
            shape=shape_of(hints[field.name], inside),
            required=field.default is MISSING and field.default_factory is MISSING,
            default=None if field.default is MISSING else field.default,
            description=documentation.parameters.get(field.name, ""),
        )
        for field in fields(kind)
        if field.init
    }
    return object_shape(members, kind)


def _typed_dict(kind: type, inside: Inside) -> Shape:
    """The marks count: `__required_keys__` overlooks NotRequired in postponed annotations (Python 3.11)."""
    documentation, total = documentation_of(kind), kind.__required_keys__  # type: ignore[attr-defined]
    members = {}
    for name, hint in _hints(kind).items():
        mark = get_origin(hint)
        bare = get_args(hint)[0] if mark in (Required, NotRequired) else hint
        members[name] = Member(
            shape=shape_of(bare, inside),
            required=mark is Required or (mark is not NotRequired and name in total),
            description=documentation.parameters.get(name, ""),
        )
    return object_shape(members, dict)


_FORMS: dict[object, Form] = {
    list: _array(list),
    Sequence: _array(list),
    Iterable: _array(list),
    set: _array(set),
    frozenset: _array(frozenset),
    AbstractSet: _array(frozenset),
    tuple: _tuple,
    dict: _mapping,
    Mapping: _mapping,
    Union: _union,
    types.UnionType: _union,
    Annotated: _annotated,
    Literal: _literal,
}


def _hints(kind: type) -> dict[str, Any]:
    try:
        return get_type_hints(kind, include_extras=True)
    except (NameError, AttributeError, SyntaxError) as error:
        raise UndescribableError(f"{_name(kind)} has an annotation that cannot be resolved: {error}") from None


def _name(hint: object) -> str:
    return hint.__qualname__ if isinstance(hint, type) and not get_args(hint) else str(hint)

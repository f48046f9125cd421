"""Types that a tool may take, and tools that take them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import NewType, NotRequired, Required, TypedDict, TypeVar

from llm.tools import tool
from llm.types import ToolCall

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

"""`@tool` turns a typed function into something that a model may call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints, overload

from llm.tools.arguments import ArgumentsError, read_arguments
from llm.tools.docstrings import documentation_of
from llm.tools.results import content_of, failure_of
from llm.tools.schemas import UndescribableError, shape_of
from llm.tools.shapes import Member, Shape, object_shape
from llm.types import ToolCall, ToolResult, ToolSpec

Function = Callable[..., Any]

# What the strictest wire formats accept.
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TIMEOUT = 30.0
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with its description for the model. Called, it is that function; `timeout` is in seconds."""

    spec: ToolSpec
    function: Function = field(repr=False)
    arguments: Shape = field(repr=False)
    timeout: float = TIMEOUT

    @property
    def name(self) -> str:
        return self.spec.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def run(self, call: ToolCall) -> ToolResult:
        """What the function makes of the model's arguments, as text. Whatever goes wrong is an error result."""
        try:
            arguments = read_arguments(call.arguments, self.arguments.schema)
        except ArgumentsError as error:
            return error_result(call, str(error))
        return self._call(call, arguments)

    def _call(self, call: ToolCall, arguments: Mapping[str, Any]) -> ToolResult:
        """The one place where foreign code runs: the function, the classes of its parameters and of its result.

        It may raise anything, SystemExit too, and the conversation goes on all the same; only Ctrl-C is meant for us.
        """
        try:
            result = self.function(**self.arguments.decode(arguments))  # type: ignore[arg-type]  # built by `dict`
            return ToolResult(call.id, call.name, content_of(result))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  foreign code, see above
            return error_result(call, failure_of(error))


def error_result(call: ToolCall, reason: str) -> ToolResult:
    return ToolResult(call.id, call.name, reason, is_error=True)


@overload
def tool(function: Function, /) -> Tool: ...
@overload
def tool(*, name: str = "", description: str = "", timeout: float = TIMEOUT) -> Callable[[Function], Tool]: ...
def tool(
    function: Function | None = None, /, *, name: str = "", description: str = "", timeout: float = TIMEOUT
) -> Tool | Callable[[Function], Tool]:
    """A `Tool` of a function whose parameters have types.

    The schema comes from the type hints, descriptions from `Annotated[int, "text"]` or from the docstring. A function
    that cannot be described is a TypeError here, not a surprise in the middle of a conversation.
    """
    if function is None:
        return lambda decorated: _tool(decorated, name, description, timeout)
    return _tool(function, name, description, timeout)


def _tool(function: Function, name: str, description: str, timeout: float) -> Tool:
    name = name or getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise TypeError(f"{name!r} cannot be a tool's name: it takes 1 to 64 of the characters a-z A-Z 0-9 _ and -.")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{name}: tools run in threads, so an async function cannot be one. Write a plain function.")
    if timeout <= 0:
        raise TypeError(f"{name}: a timeout of {timeout} seconds leaves no time to run. Give it a positive number.")
    documentation = documentation_of(function)
    arguments = object_shape(_members(function, name, documentation.parameters), dict)
    spec = ToolSpec(name, description or documentation.summary, arguments.schema)
    return Tool(spec, function, arguments, timeout)


def _members(function: Function, name: str, descriptions: Mapping[str, str]) -> dict[str, Member]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{name}: an annotation cannot be resolved: {error}. Define the type at module level."
        ) from None
    parameters = inspect.signature(function).parameters.values()
    return {each.name: _member(name, each, hints, descriptions.get(each.name, "")) for each in parameters}


def _member(name: str, parameter: inspect.Parameter, hints: Mapping[str, Any], description: str) -> Member:
    if parameter.kind not in _BY_NAME:
        raise TypeError(f"{name}: models pass arguments by name, so the parameter {parameter} cannot be offered.")
    if parameter.name not in hints:
        raise TypeError(f"{name}: the parameter {parameter.name} has no type. Annotate it.")
    try:
        shape = shape_of(hints[parameter.name])
    except UndescribableError as error:
        raise TypeError(f"{name}: the parameter {parameter.name} cannot be described: {error}.") from None
    required = parameter.default is inspect.Parameter.empty
    default = None if required else parameter.default
    said = "" if "description" in shape.schema else description
    return Member(shape=shape, required=required, default=default, description=said)

"""A small parser for arithmetic, after Pratt: it calculates while it reads, and nothing in it can call Python."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import TypeAlias

from llm.tools.builtin.numbers import (
    TOO_LARGE,
    CalculationError,
    Number,
    bounded,
    factorial,
    logarithm,
    power,
    rounded,
    square_root,
    without_noise,
)

LONGEST_EXPRESSION = 1000
DEEPEST_NESTING = 50
LARGEST_EXPONENT_OF_TEN = 1000

Operation: TypeAlias = Callable[[Number, Number], object]

# How tightly an operator binds to its left and to its right. A power takes another one to its right; -2**2 is -4.
_BINARY: dict[str, tuple[int, int, Operation]] = {
    "+": (10, 10, operator.add),
    "-": (10, 10, operator.sub),
    "*": (20, 20, operator.mul),
    "/": (20, 20, lambda left, right: left / right if _has_float(left, right) else Fraction(left) / Fraction(right)),
    "//": (20, 20, operator.floordiv),
    "%": (20, 20, operator.mod),
    "**": (40, 30, power),
}
_SIGN = 30
_PERCENT = "% is the remainder: divide a percentage by 100."
# Other spellings that models use.
_SPELLINGS = {"^": "**", "×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "π": "pi"}  # noqa: RUF001
_CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}


@dataclass(frozen=True, slots=True)
class Function:
    run: Callable[..., object]
    fewest: int = 1
    most: int = 1


_FUNCTIONS = {
    "sqrt": Function(square_root),
    "abs": Function(abs),
    "round": Function(rounded, most=2),
    "floor": Function(math.floor),
    "ceil": Function(math.ceil),
    "min": Function(min, fewest=2, most=100),
    "max": Function(max, fewest=2, most=100),
    "log": Function(logarithm, most=2),
    "ln": Function(logarithm),
    "log10": Function(lambda value: logarithm(value, 10)),
    "exp": Function(math.exp),
    "sin": Function(without_noise(math.sin)),
    "cos": Function(without_noise(math.cos)),
    "tan": Function(without_noise(math.tan)),
    "factorial": Function(factorial),
}

# A comma followed by three digits groups thousands, but between arguments it separates them.
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d*)?")
_TOKEN = re.compile(rf"{_NUMBER}|(?:math\.)?[^\W\d]\w*|\*\*|//|\S")


class Parser:
    def __init__(self, expression: str) -> None:
        if len(expression) > LONGEST_EXPRESSION:
            raise CalculationError(f"The expression is longer than {LONGEST_EXPRESSION} characters. Split it.")
        self._text = expression.rstrip().rstrip("=").rstrip()
        self._position = 0
        self._depth = 0
        self._calls = 0

    def value(self) -> Number:
        try:
            found = self._expression(0)
        except ZeroDivisionError:
            raise CalculationError("Division by zero.") from None
        except OverflowError:
            raise CalculationError(TOO_LARGE) from None
        if self._peek():
            raise self._unexpected()
        return found

    def _expression(self, binding: int) -> Number:
        """An operand, and whatever binds to it more tightly than `binding`."""
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise CalculationError(f"The expression is nested deeper than {DEEPEST_NESTING} levels. Split it.")
        left = self._operand()
        while (found := _BINARY.get(self._peek())) is not None and found[0] > binding:
            self._take()
            left = bounded(found[2](left, self._expression(found[1])))
        self._depth -= 1
        return left

    def _operand(self) -> Number:
        grouped = self._grouped_number()
        if grouped is not None:
            return grouped
        symbol = self._peek()
        if symbol in ("-", "+"):
            return self._signed(self._take())
        if symbol == "(":
            return self._in_parentheses()
        if symbol.removeprefix(".")[:1].isdecimal():
            return _number(self._take())
        if symbol.removeprefix("math.").isidentifier():
            return self._named(self._take().removeprefix("math."))
        raise self._unexpected()

    def _signed(self, sign: str) -> Number:
        operand = self._expression(_SIGN)
        return -operand if sign == "-" else operand

    def _grouped_number(self) -> Number | None:
        self._skip_blanks()
        found = None if self._calls else _GROUPED.match(self._text, self._position)
        if found is None:
            return None
        self._position = found.end()
        return _number(found[0].replace(",", ""))

    def _in_parentheses(self) -> Number:
        self._expect("(")
        inner = self._expression(0)
        self._expect(")")
        return inner

    def _named(self, name: str) -> Number:
        if (constant := _CONSTANTS.get(name.lower())) is not None:
            return constant
        if (function := _FUNCTIONS.get(name.lower())) is not None:
            return self._call(name, function)
        near = get_close_matches(name.lower(), _FUNCTIONS, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join([*_FUNCTIONS, *_CONSTANTS])}."
        raise CalculationError(f"{name[:40]!r} is unknown. {hint}")

    def _call(self, name: str, function: Function) -> Number:
        arguments = self._arguments()
        if not function.fewest <= len(arguments) <= function.most:
            raise CalculationError(f"{name} does not take {len(arguments)} arguments.")
        return bounded(function.run(*arguments))

    def _arguments(self) -> list[Number]:
        self._calls += 1
        self._expect("(")
        arguments = [self._expression(0)]
        while self._peek() == ",":
            self._take()
            arguments.append(self._argument())
        self._expect(")")
        self._calls -= 1
        return arguments

    def _argument(self) -> Number:
        """Not 000: max(1,000) could mean one thousand."""
        if re.match(r"0\d", self._text[self._position :].lstrip()):
            raise CalculationError("Between arguments a comma separates. Write large numbers without commas.")
        return self._expression(0)

    def _skip_blanks(self) -> None:
        while self._text[self._position : self._position + 1].isspace():
            self._position += 1

    def _peek(self) -> str:
        """The next token in its usual spelling; "" at the end."""
        self._skip_blanks()
        found = _TOKEN.match(self._text, self._position)
        return _SPELLINGS.get(found[0], found[0]) if found else ""

    def _take(self) -> str:
        token = self._peek()
        found = _TOKEN.match(self._text, self._position)
        self._position = found.end() if found else self._position
        return token

    def _expect(self, symbol: str) -> None:
        if self._peek() != symbol:
            raise self._unexpected(f" A {symbol!r} is missing.")
        self._take()

    def _unexpected(self, hint: str = "") -> CalculationError:
        token = self._peek()
        if not token:
            return CalculationError(f"The expression ends too early.{hint} {_PERCENT}")
        where = f"{token[:20]!r} at position {self._position + 1} is not expected.{hint}"
        return CalculationError(f"{where} Use numbers, + - * / // % ** ( ) and functions. {_PERCENT}")


def _number(text: str) -> Number:
    """1e999999999 is refused before it is written out."""
    _, _, exponent = text.lower().partition("e")
    if exponent and (len(exponent) > 6 or abs(int(exponent)) > LARGEST_EXPONENT_OF_TEN):
        raise CalculationError(TOO_LARGE)
    return bounded(Fraction(text))


def _has_float(*values: Number) -> bool:
    return any(isinstance(value, float) for value in values)

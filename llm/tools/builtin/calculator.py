"""Arithmetic that a model can trust: exact where numbers are, and bounded where they explode."""

from __future__ import annotations

from typing import Annotated

from llm.tools import tool
from llm.tools.builtin.expressions import Parser
from llm.tools.builtin.numbers import written


@tool
def calculate(
    expression: Annotated[str, 'What to calculate, such as "2 * (3 + 4) ** 2", "sqrt(2)" or "1,250 * 0.19".'],
) -> str:
    """The value of an arithmetic expression, exact for whole numbers, decimals and fractions.

    Operators: + - * / // (whole part of the quotient) % (remainder) ** or ^ (power), parentheses. Constants: pi, e.
    Functions: sqrt, abs, round(x, digits), floor, ceil, min, max, log (natural, or log(x, base)), log10, exp, sin, cos,
    tan (of radians), factorial.
    """
    return written(Parser(expression).value())

"""Numbers of the calculator. Whole numbers and fractions are exact; a float stands for what has no exact value."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import TypeAlias

Number: TypeAlias = int | Fraction | float

# Digits of the largest number, in numerator and denominator: enough for 449!, and each operation takes microseconds.
MOST_DIGITS = 1000
LIMIT = 10**MOST_DIGITS
# A decimal of at most so many digits is written whole; a longer one is rounded to half as many.
_EXACT = Context(prec=40, traps=[Inexact])
_ROUNDED = Context(prec=20)
# Below this the result of a trigonometric function is the rounding error of its argument: sin(pi) is 0.
_NOISE = 1e-15


class CalculationError(ValueError):
    """A sentence for the model."""


TOO_LARGE = f"The result is too large: this calculator goes up to {MOST_DIGITS} digits."


def bounded(value: object) -> Number:
    """`value` as a number within the bounds; a whole fraction as a whole number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CalculationError(TOO_LARGE)
        return value
    if not isinstance(value, int | Fraction):
        raise CalculationError("The result is not a real number.")
    exact = Fraction(value)
    if abs(exact.numerator) >= LIMIT or exact.denominator >= LIMIT:
        raise CalculationError(TOO_LARGE)
    return exact.numerator if exact.denominator == 1 else exact


def power(base: Number, exponent: Number) -> Number:
    """Refused before it is calculated if it would be too large: 9**9**9 has 369,693,100 digits."""
    if isinstance(base, float) or not isinstance(exponent, int):
        return bounded(float(base) ** float(exponent))
    if base == 0 and exponent < 0:
        raise ZeroDivisionError
    exact = Fraction(base)
    size = max(_digits(exact.numerator), _digits(exact.denominator))
    if size > 0 and abs(exponent) * size > MOST_DIGITS:
        raise CalculationError(TOO_LARGE)
    return bounded(exact**exponent)


def _digits(value: int) -> float:
    """Logarithms of integers do not overflow."""
    return math.log10(abs(value)) if value else 0.0


def square_root(value: Number) -> Number:
    if value < 0:
        raise CalculationError("The square root of a negative number is not a real number.")
    if isinstance(value, float):
        return math.sqrt(value)
    exact = Fraction(value)
    root = Fraction(math.isqrt(exact.numerator), math.isqrt(exact.denominator))
    return bounded(root) if root * root == exact else math.sqrt(exact)


def factorial(value: Number) -> Number:
    whole = _whole_number(value, "factorial")
    if whole < 0:
        raise CalculationError("factorial takes no negative number.")
    if whole > 1 and math.lgamma(whole + 1) > MOST_DIGITS * math.log(10):
        raise CalculationError(TOO_LARGE)
    return math.factorial(whole)


def _whole_number(value: Number, name: str) -> int:
    if value != int(value):
        raise CalculationError(f"{name} takes a whole number.")
    return int(value)


def rounded(value: Number, digits: Number = 0) -> Number:
    """Half to even, as Python does it, but of the decimal that was written: 2.675 is not 2.67499999."""
    places = _whole_number(digits, "The number of digits of round")
    if abs(places) > MOST_DIGITS:
        raise CalculationError(TOO_LARGE)
    return bounded(round(value, places) if isinstance(value, float) else round(Fraction(value), places))


def logarithm(value: Number, base: Number = math.e) -> Number:
    """Exact where it is a whole number: log(1000, 10) is 3, which floats miss by a hair."""
    if value <= 0 or base <= 0 or base == 1:
        raise CalculationError("A logarithm takes a positive number, and a positive base other than 1.")
    found = _log(value) / _log(base)
    nearest = round(found)
    exact = not isinstance(base, float) and not isinstance(value, float) and abs(found - nearest) < 1e-9
    return nearest if exact and power(base, nearest) == value else found


def _log(value: Number) -> float:
    """Of a fraction too whose parts are larger than a float."""
    if isinstance(value, Fraction):
        return math.log(value.numerator) - math.log(value.denominator)
    return math.log(value)


def without_noise(function: Callable[[float], float]) -> Callable[[Number], Number]:
    def cleaned(value: Number) -> Number:
        found = function(float(value))
        return 0 if abs(found) < _NOISE else found

    return cleaned


def written(value: Number) -> str:
    """In decimals, never as a fraction. A float shows the 15 digits that are certain."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.15g}"
    return _decimal(value)


def _decimal(value: Fraction) -> str:
    numerator, denominator = Decimal(value.numerator), Decimal(value.denominator)
    try:
        return _plain(_EXACT.divide(numerator, denominator))
    except Inexact:
        return _plain(_ROUNDED.divide(numerator, denominator))


def _plain(value: Decimal) -> str:
    """Without an exponent, unless the zeros would be more than the digits."""
    return f"{value:f}" if abs(value.adjusted()) <= 20 else str(value)

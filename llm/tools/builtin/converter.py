"""Converts units of measurement, however a model spells them."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from typing import Annotated

from llm.tools import tool
from llm.tools.builtin.units import UNITS, Unit

LONGEST_NUMBER = 60
LARGEST_EXPONENT = 200
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_WORD = re.compile(r"[^\W\d]+")


@tool
def convert_unit(
    value: Annotated[float | str, 'The number to convert, such as 72 or "1,000.5".'],
    from_unit: Annotated[str, 'Its unit, such as "km/h", "°F" or "miles".'],
    to_unit: Annotated[str, "The unit that is wanted."],
) -> str:
    """Convert a length, mass, temperature, volume, area, speed, time, amount of data, energy or pressure.

    Gallons, pints, cups and spoons are those of the United States unless "imperial" is said; a year has 365.25 days.
    """
    number, source, target = _number(value), _unit(from_unit), _unit(to_unit)
    if source.kind != target.kind:
        fitting = ", ".join(unit.symbol for unit in UNITS if unit.kind == source.kind)
        raise ValueError(
            f"{source.symbol} is a unit of {source.kind}, {target.symbol} one of {target.kind}. Use {fitting}."
        )
    base = number * source.factor + source.offset
    if source.kind == "temperature" and base < 0:
        raise ValueError(f"{_written(number)} {source.symbol} is below absolute zero.")
    return f"{_written(number)} {source.symbol} = {_written((base - target.offset) / target.factor)} {target.symbol}"


def _number(value: float | str) -> Fraction:
    """The decimal that was written: 0.1 is a tenth."""
    text = str(value).strip()
    text = text.replace(",", "") if _GROUPED.fullmatch(text) else text
    try:
        number = Decimal(text) if len(text) <= LONGEST_NUMBER else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise ValueError(f"{text[:LONGEST_NUMBER]!r} is not a number that can be converted. Write it like 1234.5.")
    return Fraction(number)


def _written(value: Fraction) -> str:
    return f"{float(value):.15g}"


def _unit(text: str) -> Unit:
    """As it is written, or else regardless of case, plural and the like if only one unit is meant."""
    if (unit := _EXACT.get(text.strip())) is not None:
        return unit
    found = _LOOSE.get(_plain(text), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{text!r} can mean {' or '.join(unit.symbol for unit in found)}. Write one of them.")
    near = {_LOOSE[name][0].symbol: None for name in get_close_matches(_plain(text[:40]), _LOOSE, 3, cutoff=0.7)}
    hint = f"Did you mean {' or '.join(near)}?" if near else "Use a symbol such as km/h, or its English name."
    raise ValueError(f"{text[:40]!r} is not a known unit. {hint}")


def _plain(text: str) -> str:
    """One spelling for "Square Metres", "sq. meter", "m^2" ... The same is done to the names in the table."""
    text = " ".join(re.sub(r"[\s_.·*-]+", " ", text[:80].casefold()).split())
    text = re.sub(r"^(?:degrees?|deg|°|º) ?", "", text)
    for written, plain in (("²", "2"), ("³", "3"), ("^", ""), ("μ", "µ"), ("metre", "meter"), ("litre", "liter")):
        text = text.replace(written, plain)
    text = re.sub(r" ?(?:\bper\b|/) ?", "/", text)
    text = re.sub(r"^(?:square|sq) ", "square ", re.sub(r"^(?:cubic|cu) ", "cubic ", text))
    return _WORD.sub(lambda word: _singular(word[0]), text)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _exact() -> dict[str, Unit]:
    return {name: unit for unit in UNITS for name in (unit.symbol, *unit.names)}


def _loose() -> dict[str, list[Unit]]:
    found: defaultdict[str, list[Unit]] = defaultdict(list)
    for name, unit in _EXACT.items():
        if unit not in found[_plain(name)]:
            found[_plain(name)].append(unit)
    return dict(found)


_EXACT = _exact()
_LOOSE = _loose()

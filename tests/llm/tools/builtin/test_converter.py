"""Units of measure."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llm.tools.builtin.converter import convert_unit
from llm.tools.builtin.units import UNITS
from tests.llm.tools.builtin.running import answered, refused


@pytest.mark.parametrize(
    ("value", "source", "target", "answer"),
    [
        (1, "mile", "m", "1 mi = 1609.344 m"),
        ("1,000", "miles", "km", "1000 mi = 1609.344 km"),
        ("1e3", "m", "km", "1000 m = 1 km"),
        (6, "ft", "inches", "6 ft = 72 in"),
        (1, '"', "cm", "1 in = 2.54 cm"),
        (1, "light-years", "km", "1 ly = 9460730472580.8 km"),
        (1, "nautical miles", "km", "1 nmi = 1.852 km"),
        (1, "μm", "nm", "1 µm = 1000 nm"),
        (1, "lbs", "kg", "1 lb = 0.45359237 kg"),
        (1, "Kg", "g", "1 kg = 1000 g"),
        (1, "Mg", "kg", "1 t = 1000 kg"),
        (16, "oz", "lb", "16 oz = 1 lb"),
        (212, "°F", "C", "212 °F = 100 °C"),
        (-40, "deg F", "degrees Celsius", "-40 °F = -40 °C"),
        (0, "celsius", "kelvin", "0 °C = 273.15 K"),
        (0, "K", "Fahrenheit", "0 K = -459.67 °F"),
        (1, "gallons", "litres", "1 US gal = 3.785411784 l"),
        (1, "imperial gallon", "l", "1 imp gal = 4.54609 l"),
        (1, "mL", "cm³", "1 ml = 1 cm³"),
        (1, "m^3", "L", "1 m³ = 1000 l"),
        (16, "tbsp", "cups", "16 US tbsp = 1 US cup"),
        (1, "Square Metres", "sq. ft", "1 m² = 10.7639104167097 ft²"),
        (1, "acre", "ha", "1 acre = 0.40468564224 ha"),
        (100, "km/h", "mph", "100 km/h = 62.1371192237334 mph"),
        (36, "kilometers per hour", "metres per second", "36 km/h = 10 m/s"),
        (1, "knots", "kph", "1 kn = 1.852 km/h"),
        (1.5, "hours", "min", "1.5 h = 90 min"),
        (1, "year", "days", "1 yr = 365.25 d"),
        (1, "GB", "MiB", "1 GB = 953.67431640625 MiB"),
        (8, "Mb", "MB", "8 Mbit = 1 MB"),
        (1, "KB", "bytes", "1 kB = 1000 B"),
        (1, "kWh", "MJ", "1 kWh = 3.6 MJ"),
        (1, "Cal", "kJ", "1 kcal = 4.184 kJ"),
        (1, "atm", "mmHg", "1 atm = 759.999891725611 mmHg"),
        (1, "psi", "Pa", "1 psi = 6894.75729316836 Pa"),
        (760, "torr", "atm", "760 Torr = 1 atm"),
        (0.1, "m", "cm", "0.1 m = 10 cm"),
    ],
)
def test_conversions(value, source, target, answer):
    assert answered(convert_unit, value=value, from_unit=source, to_unit=target) == answer


@pytest.mark.parametrize(
    ("value", "source", "target", "why"),
    [
        (1, "kg", "m", "kg is a unit of mass, m one of length. Use kg, g, mg, µg, t, lb"),
        (1, "gb", "MB", "'gb' can mean Gbit or GB"),
        (1, "mpa", "bar", "'mpa' can mean mPa or MPa"),
        (1, "kilometre", "kilomter", "Did you mean km"),
        (1, "furlong", "m", "'furlong' is not a known unit"),
        (1, "", "m", "'' is not a known unit"),
        (-1, "K", "°C", "-1 K is below absolute zero"),
        (-300, "°C", "K", "below absolute zero"),
        ("a few", "m", "km", "'a few' is not a number"),
        ("1,0", "m", "km", "'1,0' is not a number"),
        ("1e999", "m", "km", "not a number that can be converted"),
        ("1e-999999999", "m", "km", "not a number that can be converted"),
        ("NaN", "m", "km", "not a number"),
        ("9" * 100, "m", "km", "not a number that can be converted"),
        (1e300, "m", "km", "not a number that can be converted"),
    ],
)
def test_conversions_that_are_refused(value, source, target, why):
    assert why in refused(convert_unit, value=value, from_unit=source, to_unit=target)


def names():
    return [(name, unit) for unit in UNITS for name in (unit.symbol, *unit.names)]


@pytest.mark.parametrize(("name", "unit"), names(), ids=[name for name, _ in names()])
def test_every_name_means_its_unit(name, unit):
    assert answered(convert_unit, value=300, from_unit=name, to_unit=name) == f"300 {unit.symbol} = 300 {unit.symbol}"


def test_no_name_means_two_units():
    exact = [name for name, _ in names()]
    assert len(set(exact)) == len(exact)


@settings(deadline=None)
@given(st.floats(-200, 1e12), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_there_and_back_again(value, source, target):
    assume(source.kind == target.kind and (value == 0 or abs(value) > 1e-100))
    assume(value * source.factor + source.offset >= 0)
    there = answered(convert_unit, value=value, from_unit=source.symbol, to_unit=target.symbol)
    converted = there.split(" = ")[1].split(" ")[0]
    back = answered(convert_unit, value=converted, from_unit=target.symbol, to_unit=source.symbol)
    offset = abs(float(source.offset / source.factor)) + abs(float(target.offset / source.factor))
    returned = float(back.split(" = ")[1].split(" ")[0])
    assert returned == pytest.approx(value, rel=1e-13, abs=1e-13 * offset)

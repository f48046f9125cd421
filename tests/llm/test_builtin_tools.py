"""The tools that come with the package, with arguments as models send them."""

import datetime as dt
import json
import math
import re
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llm import BUILTIN_TOOLS, ToolCall
from llm.tools.builtin.calculator import calculate
from llm.tools.builtin.clock import current_time
from llm.tools.builtin.converter import convert_unit
from llm.tools.builtin.units import UNITS


def run(used, **arguments):
    return used.run(ToolCall("1", used.name, json.dumps(arguments)))


def refused(used, **arguments):
    result = run(used, **arguments)
    assert result.is_error, result.content
    return result.content


def answered(used, **arguments):
    result = run(used, **arguments)
    assert not result.is_error, result.content
    return result.content


def test_they_are_offered():
    assert [each.name for each in BUILTIN_TOOLS] == ["current_time", "calculate", "convert_unit"]
    for each in BUILTIN_TOOLS:
        assert each.spec.description
        assert all("description" in schema for schema in each.spec.parameters["properties"].values())


def test_jsonschema_is_imported_only_when_a_tool_runs():
    script = (
        "import llm, sys; assert 'jsonschema' not in sys.modules; "
        "llm.BUILTIN_TOOLS[0].run(llm.ToolCall('', '', '')); assert 'jsonschema' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# current_time


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("UTC", "UTC"),
        ("utc", "UTC"),
        ("UTC+2", "UTC+02:00"),
        ("gmt-03:30", "UTC-03:30"),
        ("+0530", "UTC+05:30"),
    ],
)
def test_the_time_in_a_zone(zone, name):
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    found = json.loads(answered(current_time, zone=zone))
    moment = dt.datetime.fromisoformat(found["time"])
    assert before <= moment <= dt.datetime.now(dt.UTC)
    assert found["zone"] == name
    assert found["weekday"] == moment.strftime("%A")


def test_without_a_zone_it_is_utc():
    assert json.loads(answered(current_time))["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("zone", "suggestion"),
    [
        ("Berlin", "Did you mean Europe/Berlin?"),
        ("new york", "Did you mean America/New_York?"),
        ("Europe/Berln", "Did you mean Europe/Berlin"),
        ("Europa/Berlin", "Europe/Berlin"),
        ("", "Use a name such as"),
        ("../../etc/passwd", "Use a name such as"),
        ("x" * 10_000, "Use a name such as"),
        ("UTC+15", "No place is"),
        ("UTC+99", "No place is"),
    ],
)
def test_an_unknown_zone_suggests_others(zone, suggestion):
    assert suggestion in refused(current_time, zone=zone)


# calculate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2+3*4", "14"),
        ("(2+3)*4", "20"),
        ("10-4-3", "3"),
        ("100/10/5", "2"),
        ("-2**2", "-4"),
        ("2**-1", "0.5"),
        ("2**3**2", "512"),
        ("2^10", "1024"),
        ("2**-3*8", "1"),
        ("--5", "5"),
        ("+5", "5"),
        ("7 // 2", "3"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7.5 % 2", "1.5"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "0.33333333333333333333"),
        ("1/3 * 3", "1"),
        ("1e3", "1000"),
        (".5 + 1.", "1.5"),
        ("1,000 * 2", "2000"),
        ("1,234,567.89 + 1", "1234568.89"),
        ("0,000 + 1", "1"),
        ("2 × 3 ÷ 4 − 1", "0.5"),  # noqa: RUF001
        ("2 + 2 =", "4"),
        ("10**50/3", "3.3333333333333333333E+49"),
        ("1/2**40", "0.0000000000009094947017729282379150390625"),
        ("99999999999999999999 + 1", "100000000000000000000"),
        ("1**10**999", "1"),
        ("(-1)**(10**18+1)", "-1"),
        ("0**0", "1"),
        ("sqrt(16)", "4"),
        ("sqrt(1/4)", "0.5"),
        ("sqrt(2)", "1.4142135623731"),
        ("sqrt(10**998)", str(10**499)),
        ("4**0.5", "2"),
        ("abs(-3)", "3"),
        ("round(2.675, 2)", "2.68"),
        ("round(2.5)", "2"),
        ("round(1234, -2)", "1200"),
        ("floor(-2.5)", "-3"),
        ("ceil(2.1)", "3"),
        ("min(3, 1, 2)", "1"),
        ("max(100,200)", "200"),
        ("log(1)", "0"),
        ("log(e)", "1"),
        ("ln(e)", "1"),
        ("log(1000, 10)", "3"),
        ("log10(1000)", "3"),
        ("log10(0.001)", "-3"),
        ("log(8, 2)", "3"),
        ("log(10**999, 10)", "999"),
        ("log(10, 2)", "3.32192809488736"),
        ("exp(0)", "1"),
        ("sin(pi)", "0"),
        ("cos(pi/2)", "0"),
        ("cos(π)", "-1"),
        ("tan(pi/4)", "1"),
        ("factorial(20)", "2432902008176640000"),
        ("factorial(0)", "1"),
        ("factorial(449)", str(math.factorial(449))),
        ("math.sqrt(9) + SQRT(4)", "5"),
        ("pi", "3.14159265358979"),
    ],
)
def test_what_is_calculated(expression, value):
    assert answered(calculate, expression=expression) == value


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "ends too early"),
        ("2 +", "ends too early"),
        ("(1 + 2", "A ')' is missing"),
        ("1)", "')' at position 2"),
        ("1 2", "'2' at position 3"),
        ("12,34", "',' at position 3"),
        ("2²", "'²' at position 2"),
        ("1;2", "';' at position 2"),
        ("100 * 15%", "divide a percentage by 100"),
        ("5/0", "Division by zero"),
        ("5 % 0", "Division by zero"),
        ("0**-1", "Division by zero"),
        ("0.0 ** -1", "Division by zero"),
        ("sqrt(-1)", "not a real number"),
        ("(-8)**(1/3)", "not a real number"),
        ("log(0)", "positive number"),
        ("log(2, 1)", "positive base other than 1"),
        ("factorial(-1)", "no negative"),
        ("factorial(2.5)", "a whole number"),
        ("round(1, 0.5)", "a whole number"),
        ("sqrt", "A '(' is missing"),
        ("sqrt()", "')' at position 6"),
        ("sqrt(1, 2)", "does not take 2 arguments"),
        ("min(1)", "does not take 1 arguments"),
        ("max(1,000)", "without commas"),
        ("squareroot(2)", "'squareroot' is unknown"),
        ("sqr(2)", "Did you mean sqrt?"),
        ("x + 1", "Known are: sqrt"),
        ("__import__('os')", "'__import__' is unknown"),
        ("(1).__class__", "'.' at position 4"),
        ("lambda: 1", "'lambda' is unknown"),
        ("[1]", "'[' at position 1"),
        ("'a' * 9", "''' at position 1"),
        ("inf", "'inf' is unknown"),
    ],
)
def test_what_cannot_be_calculated_says_why(expression, why):
    assert why.replace("'''", '"\'"') in refused(calculate, expression=expression)


EXPLOSIONS = [
    "9**9**9",
    "9**9**9**9",
    "(-9)**9**9",
    "0.1**9**9",
    "2**-(10**9)",
    "factorial(10**9)",
    "factorial(factorial(20))",
    "factorial(10**999)",
    "10**999 * 10",
    "1e999 * 1e999",
    "1e999999999",
    "1e-999999999",
    "1" * 1001,
    "9" * 999 + "**2",
    "exp(1000)",
    "exp(10**900)",
    "sin(10**900)",
    "pi ** 10**10",
    "10.5 ** 10**400",
    "1.5 * pi ** 999",
    "round(1.5, 10**9)",
    "(" * 900,
    "-" * 900 + "1",
    "sqrt(" * 150 + "1" + ")" * 150,
    "1+" * 2000 + "1",
    "factorial(400)*" * 60 + "1",
    "*".join(["1.1**300"] * 80),
]


@pytest.mark.parametrize("expression", EXPLOSIONS)
def test_what_explodes_is_refused(expression):
    """Calculated, some of these would not end in this century."""
    assert len(refused(calculate, expression=expression)) < 300


numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=3).map(lambda number: f"({number})")
arithmetic = st.recursive(
    numbers,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({''.join(parts)})"),
    max_leaves=8,
)


def exactly(expression):
    """The same with Python's own parser and fractions."""
    return eval(re.sub(r"\d+\.\d+", lambda found: f"Fraction('{found[0]}')", expression), {"Fraction": Fraction})


@settings(deadline=None)
@given(arithmetic)
def test_arithmetic_is_that_of_fractions(expression):
    try:
        expected = exactly(expression)
    except ZeroDivisionError:
        assert "Division by zero" in refused(calculate, expression=expression)
        return
    assert Fraction(answered(calculate, expression=expression)) == pytest.approx(expected, rel=1e-18, abs=0)


@settings(deadline=None)
@given(st.text(alphabet="0123456789.,+-*/%^()e pisqrtlogmax!_²", max_size=60))
def test_no_expression_does_harm(expression):
    assert len(run(calculate, expression=expression).content) < 1100


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_does_harm(text):
    for arguments in ({"expression": text}, {"zone": text}, {"value": text, "from_unit": text, "to_unit": "m"}):
        used = {"expression": calculate, "zone": current_time}.get(next(iter(arguments)), convert_unit)
        assert len(run(used, **arguments).content) < 1100


# convert_unit


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

"""Units and their factors: exact by definition unless a comment says otherwise.

SI prefixes and units beside the SI: BIPM, The International System of Units, 9th edition, tables 7 and 8. Inch, pound
and what is made of them: NIST Special Publication 811 (2008), appendix B, where a factor in bold type is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as Q
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Unit:
    """`value * factor + offset` is the value in the first unit of its kind. `names` are other ways to write it."""

    symbol: str
    factor: Q
    names: tuple[str, ...] = ()
    offset: Q = Q(0)
    kind: str = ""


Row: TypeAlias = tuple[str, Q, str]

INCH = Q("0.0254")
FOOT, YARD, MILE = 12 * INCH, 36 * INCH, 63360 * INCH
POUND = Q("0.45359237")
GALLON = 231 * INCH**3
IMPERIAL_GALLON = Q("0.00454609")
LITRE = Q("0.001")
HOUR, DAY = Q(3600), Q(86400)
# The Julian year of astronomy, on which the light-year rests too: IAU Style Manual (1989), 5.15.
YEAR = Q("365.25") * DAY
LIGHT = Q(299792458)
PARSEC = Q(30856775814913673)  # 648000/π au (IAU 2015, resolution B2), to the metre
# Standard acceleration of free fall, 3rd CGPM (1901).
GRAVITY = Q("9.80665")
CALORIE = Q("4.184")  # thermochemical
BTU = Q("1055.05585262")  # International Table
WATT_HOUR = Q(3600)
ELECTRONVOLT = Q("1.602176634e-19")
ATMOSPHERE = Q(101325)
MMHG = Q("133.322387415")  # conventional; NIST SP 811, B.8

# Kind: rows of symbol, factor, other names with | between them. The plural with s needs no name of its own.
ROWS: dict[str, tuple[Row, ...]] = {
    "length": (
        ("m", Q(1), "meter"),
        ("km", Q(1000), "kilometer"),
        ("Mm", Q(10) ** 6, "megameter"),
        ("dm", Q(1, 10), "decimeter"),
        ("cm", Q(1, 100), "centimeter"),
        ("mm", Q(1, 1000), "millimeter"),
        ("µm", Q(1, 10**6), "um|micrometer|micron"),
        ("nm", Q(1, 10**9), "nanometer"),
        ("in", INCH, 'inch|inches|"|″'),
        ("ft", FOOT, "foot|feet|'|′"),  # noqa: RUF001  the sign for feet
        ("yd", YARD, "yard"),
        ("mi", MILE, "mile"),
        ("nmi", Q(1852), "nautical mile"),
        ("au", Q(149597870700), "astronomical unit"),
        ("ly", LIGHT * YEAR, "light year|lightyear"),
        ("pc", PARSEC, "parsec"),
    ),
    "mass": (
        ("kg", Q(1), "kilogram|kilo"),
        ("g", Q(1, 1000), "gram"),
        ("mg", Q(1, 10**6), "milligram"),
        ("µg", Q(1, 10**9), "ug|mcg|microgram"),
        ("t", Q(1000), "tonne|metric ton|Mg|megagram"),
        ("lb", POUND, "lbs|pound"),
        ("oz", POUND / 16, "ounce"),
        ("st", POUND * 14, "stone"),
        ("gr", POUND / 7000, "grain"),
        ("ct", Q("0.0002"), "carat"),
        ("short ton", POUND * 2000, "us ton"),
        ("long ton", POUND * 2240, "imperial ton"),
    ),
    "volume": (
        ("m³", Q(1), "m3|cubic meter"),
        ("cm³", Q(1, 10**6), "cm3|cc|ccm|cubic centimeter"),
        ("mm³", Q(1, 10**9), "mm3|cubic millimeter"),
        ("dm³", LITRE, "dm3|cubic decimeter"),
        ("l", LITRE, "L|liter"),
        ("ml", LITRE / 1000, "mL|milliliter"),
        ("cl", LITRE / 100, "cL|centiliter"),
        ("dl", LITRE / 10, "dL|deciliter"),
        ("hl", LITRE * 100, "hL|hectoliter"),
        ("Ml", LITRE * 10**6, "ML|megaliter"),
        ("US gal", GALLON, "gal|gallon|us gallon"),
        ("US qt", GALLON / 4, "qt|quart|us quart"),
        ("US pt", GALLON / 8, "pt|pint|us pint"),
        ("US cup", GALLON / 16, "cup"),
        ("US fl oz", GALLON / 128, "fl oz|floz|fluid ounce|us fluid ounce"),
        ("US tbsp", GALLON / 256, "tbsp|tablespoon"),
        ("US tsp", GALLON / 768, "tsp|teaspoon"),
        ("imp gal", IMPERIAL_GALLON, "imperial gallon|uk gallon|uk gal"),
        ("imp pt", IMPERIAL_GALLON / 8, "imperial pint|uk pint|uk pt"),
        ("imp fl oz", IMPERIAL_GALLON / 160, "imperial fluid ounce|uk fluid ounce|uk fl oz"),
        ("in³", INCH**3, "in3|cubic inch|cubic inches|cu in"),
        ("ft³", FOOT**3, "ft3|cubic foot|cubic feet|cu ft"),
        ("yd³", YARD**3, "yd3|cubic yard|cu yd"),
        ("bbl", GALLON * 42, "barrel|oil barrel"),
    ),
    "area": (
        ("m²", Q(1), "m2|square meter|sqm|sq m"),
        ("km²", Q(10) ** 6, "km2|square kilometer|sq km"),
        ("cm²", Q(1, 10**4), "cm2|square centimeter|sq cm"),
        ("mm²", Q(1, 10**6), "mm2|square millimeter|sq mm"),
        ("a", Q(100), "are"),
        ("ha", Q(10) ** 4, "hectare"),
        ("acre", 4840 * YARD**2, "ac"),
        ("in²", INCH**2, "in2|square inch|square inches|sq in"),
        ("ft²", FOOT**2, "ft2|square foot|square feet|sq ft|sqft"),
        ("yd²", YARD**2, "yd2|square yard|sq yd"),
        ("mi²", MILE**2, "mi2|square mile|sq mi"),
    ),
    "speed": (
        ("m/s", Q(1), "mps|meter/second|m/sec"),
        ("km/h", Q(1000) / HOUR, "kmh|kph|kmph|km/hr|kilometer/hour"),
        ("km/s", Q(1000), "kilometer/second|km/sec"),
        ("mph", MILE / HOUR, "mi/h|mile/hour|mi/hr"),
        ("kn", Q(1852) / HOUR, "knot|kt|kts"),
        ("ft/s", FOOT, "fps|foot/second|feet/second|ft/sec"),
        ("speed of light", LIGHT, ""),
    ),
    "time": (
        ("s", Q(1), "sec|second"),
        ("ms", Q(1, 1000), "millisecond|msec"),
        ("µs", Q(1, 10**6), "us|microsecond|usec"),
        ("ns", Q(1, 10**9), "nanosecond|nsec"),
        ("min", Q(60), "minute|mins"),
        ("h", HOUR, "hour|hr|hrs"),
        ("d", DAY, "day"),
        ("wk", 7 * DAY, "week"),
        ("mo", YEAR / 12, "month"),
        ("yr", YEAR, "year|julian year"),
    ),
    "data": (
        ("bit", Q(1), "b"),
        ("kbit", Q(10) ** 3, "kb|kilobit"),
        ("Mbit", Q(10) ** 6, "Mb|megabit"),
        ("Gbit", Q(10) ** 9, "Gb|gigabit"),
        ("Tbit", Q(10) ** 12, "Tb|terabit"),
        ("Pbit", Q(10) ** 15, "Pb|petabit"),
        ("B", Q(8), "byte|octet"),
        ("kB", 8 * Q(10) ** 3, "KB|kilobyte"),
        ("MB", 8 * Q(10) ** 6, "megabyte"),
        ("GB", 8 * Q(10) ** 9, "gigabyte"),
        ("TB", 8 * Q(10) ** 12, "terabyte"),
        ("PB", 8 * Q(10) ** 15, "petabyte"),
        ("KiB", 8 * Q(2) ** 10, "kibibyte"),
        ("MiB", 8 * Q(2) ** 20, "mebibyte"),
        ("GiB", 8 * Q(2) ** 30, "gibibyte"),
        ("TiB", 8 * Q(2) ** 40, "tebibyte"),
        ("PiB", 8 * Q(2) ** 50, "pebibyte"),
    ),
    "energy": (
        ("J", Q(1), "joule"),
        ("mJ", Q(1, 1000), "millijoule"),
        ("kJ", Q(1000), "kilojoule"),
        ("MJ", Q(10) ** 6, "megajoule"),
        ("GJ", Q(10) ** 9, "gigajoule"),
        ("cal", CALORIE, "calorie|small calorie"),
        ("kcal", CALORIE * 1000, "kilocalorie|Cal|food calorie"),
        ("Wh", WATT_HOUR, "watt hour"),
        ("mWh", WATT_HOUR / 1000, "milliwatt hour"),
        ("kWh", WATT_HOUR * 1000, "kilowatt hour"),
        ("MWh", WATT_HOUR * 10**6, "megawatt hour"),
        ("GWh", WATT_HOUR * 10**9, "gigawatt hour"),
        ("eV", ELECTRONVOLT, "electronvolt|electron volt"),
        ("BTU", BTU, "british thermal unit"),
        ("ft·lbf", FOOT * POUND * GRAVITY, "ft lbf|ft lb|foot pound"),
    ),
    "pressure": (
        ("Pa", Q(1), "pascal|N/m2"),
        ("mPa", Q(1, 1000), "millipascal"),
        ("hPa", Q(100), "hectopascal"),
        ("kPa", Q(1000), "kilopascal"),
        ("MPa", Q(10) ** 6, "megapascal"),
        ("bar", Q(10) ** 5, ""),
        ("mbar", Q(100), "millibar"),
        ("atm", ATMOSPHERE, "atmosphere"),
        ("at", 10**4 * GRAVITY, "technical atmosphere|kgf/cm2"),
        ("Torr", ATMOSPHERE / 760, ""),
        ("mmHg", MMHG, "mm hg|millimeter of mercury"),
        ("inHg", MMHG * INCH * 1000, "in hg|inch of mercury|inches of mercury"),
        ("psi", POUND * GRAVITY / INCH**2, "lbf/in2|pound/square inch"),
    ),
}

# BIPM, section 2.3.1 for the degree Celsius; NIST SP 811, B.8 for the others.
TEMPERATURES = (
    Unit("K", Q(1), ("kelvin",), kind="temperature"),
    Unit("°C", Q(1), ("C", "celsius", "centigrade"), Q("273.15"), kind="temperature"),
    Unit("°F", Q(5, 9), ("F", "fahrenheit"), Q("459.67") * Q(5, 9), kind="temperature"),
    Unit("°R", Q(5, 9), ("rankine",), kind="temperature"),
)


def _unit(kind: str, row: Row) -> Unit:
    symbol, factor, names = row
    return Unit(symbol, factor, tuple(filter(None, names.split("|"))), kind=kind)


UNITS = (*(_unit(kind, row) for kind, rows in ROWS.items() for row in rows), *TEMPERATURES)

"""What time it is, anywhere."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from llm.tools import tool

# strftime's names depend on the locale.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_SUGGESTIONS = 5
# "UTC+2", "GMT-03:30", "+0530"
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalTime:
    time: str
    weekday: str
    zone: str


@tool
def current_time(
    zone: Annotated[str, 'An IANA time zone such as "Europe/Berlin", or an offset such as "UTC+2".'] = "UTC",
) -> LocalTime:
    """The current date and time in a time zone, in ISO 8601, with the day of the week."""
    info = _offset(zone) or ZoneInfo(_name_of(zone))
    now = dt.datetime.now(info)
    return LocalTime(now.isoformat(timespec="seconds"), WEEKDAYS[now.weekday()], str(info))


def _offset(zone: str) -> dt.timezone | None:
    found = _OFFSET.fullmatch(zone.strip())
    if found is None:
        return None
    offset = dt.timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > dt.timedelta(hours=14):  # Kiribati is the furthest ahead
        raise ValueError(f"No place is {zone} away from UTC.")
    return dt.timezone(-offset if found[1] == "-" else offset)


def _name_of(zone: str) -> str:
    """The zone's own spelling; models write "europe/berlin" and "America/New York" too."""
    wanted = _plain(zone)
    if (name := _zones().get(wanted)) is not None:
        return name
    suggestions = _suggestions(wanted)
    hint = f"Did you mean {' or '.join(suggestions)}?" if suggestions else 'Use a name such as "Europe/Berlin".'
    raise ValueError(f"There is no time zone {zone[:60]!r}. {hint}")


def _suggestions(wanted: str) -> list[str]:
    """Zones of that city or region; without any those that look alike, as a whole or in their last part."""
    zones = _zones()
    inside = sorted(name for plain, name in zones.items() if wanted and wanted in plain.split("/"))
    if inside:
        return inside[:MOST_SUGGESTIONS]
    cities = {plain.rpartition("/")[2]: name for plain, name in zones.items()}
    alike = [zones[plain] for plain in get_close_matches(wanted, zones, 3)]
    alike += [cities[plain] for plain in get_close_matches(wanted.rpartition("/")[2], cities, 3)]
    return list(dict.fromkeys(alike))[:MOST_SUGGESTIONS]


@cache
def _zones() -> dict[str, str]:
    """Names in the data that this machine or the package tzdata has; a file's name is never made of the model's."""
    return {_plain(name): name for name in sorted(available_timezones())}


def _plain(zone: str) -> str:
    return "_".join(zone.strip()[:60].casefold().split())

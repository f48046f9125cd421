"""The time in any zone."""

import datetime as dt
import json

import pytest

from llm.tools.builtin.clock import current_time
from tests.llm.tools.builtin.running import answered, refused


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

import email.utils
import time
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.cancellation import Cancellation
from llm.errors import (
    BadCredentials,
    BadRequest,
    Cancelled,
    Overloaded,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    TimedOut,
    Truncated,
    Unreachable,
)
from llm.retry import NO_RETRY, Retry, parse_retry_after

LONGEST = Retry(uniform=lambda _, high: high)


@pytest.mark.parametrize(
    "error",
    [Unreachable(), Overloaded(), *(Overloaded(status=s) for s in (408, 409, 500, 503, 529)), RateLimited(status=429)],
)
def test_failures_that_generated_nothing_are_tried_twice_more(error):
    assert [LONGEST.delay(error, failures=failures) for failures in (1, 2, 3)] == [0.5, 1.0, None]


@pytest.mark.parametrize(
    "error",
    [
        BadCredentials(status=401),
        BadRequest(status=400),
        Cancelled(),
        ProviderError(),
        QuotaExceeded(status=429),
        TimedOut(),
        Truncated(),
        Overloaded(status=422),
    ],
)
def test_other_failures_go_to_the_caller(error):
    assert LONGEST.delay(error, failures=1) is None


def test_no_retry():
    assert NO_RETRY.delay(Unreachable(), failures=1) is None


def test_the_ceiling_of_the_delay():
    assert Retry(attempts=20, uniform=lambda _, high: high).delay(Unreachable(), failures=10) == 8


def test_full_jitter_reaches_from_nothing_to_the_ceiling():
    delays = [Retry().delay(Unreachable(), failures=2) for _ in range(500)]
    assert 0 <= min(delays) < 0.2
    assert 0.8 < max(delays) <= 1


@pytest.mark.parametrize("failures", range(1, 9))
def test_jitter_stays_inside_its_bounds(failures):
    delays = [Retry(attempts=20).delay(Overloaded(), failures=failures) for _ in range(200)]
    ceiling = min(8, 0.5 * 2 ** (failures - 1))
    assert all(0 <= delay <= ceiling for delay in delays)
    assert max(delays) > ceiling / 2 > min(delays)


@given(value=st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_retry_after_is_a_usable_wait_or_none(value):
    seconds = parse_retry_after({"retry-after": value})
    assert seconds is None or 0 <= seconds < inf


@pytest.mark.parametrize(("named", "delay"), [(0, 0), (3.5, 3.5), (10, 10), (10.1, None), (3600, None)])
def test_the_server_names_the_delay(named, delay):
    for error in (RateLimited(status=429, retry_after=named), Overloaded(status=503, retry_after=named)):
        assert LONGEST.delay(error, failures=1) == delay


def test_a_pause_ends_with_the_cancellation():
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Cancelled):
        Retry().pause(60, cancellation)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        *[
            ({"retry-after": garbage}, None)
            for garbage in ("", "-1", "nan", "inf", "1e999", "soon", "Wed, 99 Oct 99999")
        ],
    ],
)
def test_parse_retry_after(headers, seconds):
    assert parse_retry_after(headers) == seconds


def test_parse_a_date_in_the_future():
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 25 < parse_retry_after({"retry-after": date}) <= 30

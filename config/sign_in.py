"""Forms that ask for a password take a limited number of wrong ones from an address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.throttling import AnonRateThrottle

MOST_FAILURES = 10
PERIOD = 5 * 60  # seconds

View = Callable[..., HttpResponse]


def limiting_guesses(view: View) -> View:
    """A form that comes back did not sign anybody in."""

    @wraps(view)
    def limited(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        failures = f"sign-in-failures:{AnonRateThrottle().get_ident(request)}"
        if cache.get(failures, 0) >= MOST_FAILURES:
            refused = render(request, "429.html", status=429)
            refused.headers["Retry-After"] = str(PERIOD)
            return refused
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            cache.add(failures, 0, PERIOD)
            cache.incr(failures)
        return response

    return limited

"""Forms that ask for a password take a limited number of wrong ones from an address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from registry import guesses

View = Callable[..., HttpResponse]


def limiting_guesses(view: View) -> View:
    """A form that comes back did not sign anybody in."""

    @wraps(view)
    def limited(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        if guesses.are_too_many(request):
            refused = render(request, "429.html", status=429)
            refused.headers["Retry-After"] = str(guesses.PERIOD)
            return refused
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            guesses.note_wrong_password(request)
        return response

    return limited

"""Whether the person who opened a socket is still signed in: a socket outlives the session that it was opened with."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest


def signed_in_user(session_key: str | None) -> int | None:
    """The user of a session as it is now: None after a logout, a changed password or a deactivation."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request).pk

"""Wrong passwords from one address, wherever they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.cache import cache
from rest_framework.throttling import AnonRateThrottle

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

MOST = 10
PERIOD = 5 * 60  # seconds


def are_too_many(request: HttpRequest | Request) -> bool:
    return cache.get(_key(request), 0) >= MOST


def note_wrong_password(request: HttpRequest | Request) -> None:
    cache.add(_key(request), 0, PERIOD)
    cache.incr(_key(request))


def _key(request: HttpRequest | Request) -> str:
    # DRF knows how many proxies are believed (`NUM_PROXIES`).
    return f"wrong-passwords:{AnonRateThrottle().get_ident(request)}"

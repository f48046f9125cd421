"""Which pages may open a websocket: our own, to the letter. The cookie travels with whoever starts a handshake."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.http import is_same_domain

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class SameOrigin:
    """Refuses a handshake unless its Origin is the request's own scheme, host and port, or trusted by the settings."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        application = self.application if is_same_origin(scope) else WebsocketDenier()
        return await application(scope, receive, send)


def is_same_origin(scope: dict[str, Any]) -> bool:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    return is_trusted(origin) or parsed(origin) == parsed(f"{page_scheme(scope)}://{host}")


def is_trusted(origin: str) -> bool:
    """As Django reads `CSRF_TRUSTED_ORIGINS` for forms, patterns such as https://*.example.org included."""
    if parsed(origin) is None:
        return False
    forms, url = CsrfViewMiddleware(get_response=HttpResponse), urlsplit(origin)
    domains = forms.allowed_origin_subdomains.get(url.scheme, ())
    return origin in forms.allowed_origins_exact or any(is_same_domain(url.netloc, domain) for domain in domains)


def page_scheme(scope: dict[str, Any]) -> str:
    return "https" if scope.get("scheme") == "wss" else "http"


def parsed(origin: str) -> tuple[str, str | None, int | None] | None:
    try:
        url = urlsplit(origin)
        port = url.port or DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return None
    if url.username or url.path or url.query or not url.hostname:
        return None
    return url.scheme, url.hostname, port

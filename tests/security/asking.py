"""One request of one reader, and what came of it in the words of the table."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import override_settings

from tests.security.world import World

READERS = {
    "anonymous": None,
    "inactive": "alice",
    "other": "bob",
    "owner": "alice",
    "staff": "staff",
    "holder": "holder",
    "superuser": "superuser",
}
LOGIN_PAGES = ("/accounts/login/", "/admin/login/")
ADMIN_INDEX = "/admin/"


def client_of(world: World, reader: str, *, by: str = "session", **options: Any) -> Client:
    """`by` says how the reader signs in: with a session or a token."""
    name = READERS[reader]
    client = Client(**options)
    client.handler = handler(**options)
    if name and by == "token":
        client.defaults["HTTP_AUTHORIZATION"] = f"Token {world.tokens[name]}"
    elif name:
        client.force_login(world.people[name])
    if reader == "inactive":
        User.objects.filter(username=name).update(is_active=False)
    return client


@cache
def handler(*, enforce_csrf_checks: bool = False) -> ClientHandler:
    """One for all clients, and without the static files: reading their list takes longer than many requests."""
    made = ClientHandler(enforce_csrf_checks=enforce_csrf_checks)
    with override_settings(MIDDLEWARE=[name for name in settings.MIDDLEWARE if not name.startswith("servestatic.")]):
        made.load_middleware()
    return made


def ask(client: Client, method: str, path: str, body: dict[str, Any] | None = None) -> HttpResponse:
    """The API takes JSON, pages take forms."""
    if path.startswith("/api/"):
        return client.generic(method, path, *json_of(body, client))
    if method == "POST":
        return client.post(path, body or {})
    return client.generic(method, path)


def json_of(body: dict[str, Any] | None, client: Client) -> tuple[Any, ...]:
    return () if body is None else (client._encode_json(body, "application/json"), "application/json")


def outcome(response: HttpResponse) -> str:
    """The status; of a redirect to a login page `login`; `gone` where the admin says that there is no such row."""
    target = response.headers.get("Location", "")
    if target.startswith(LOGIN_PAGES):
        return "login"
    return "gone" if target == ADMIN_INDEX else str(response.status_code)


def text_of(response: HttpResponse) -> str:
    headers = "".join(f"{name}: {value}\n" for name, value in response.items())
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return headers + body.decode(errors="replace")


def ids_in(path: str) -> list[str]:
    return re.findall(r"<(\w+)>", path)

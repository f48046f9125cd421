"""The same by the admin's forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.security.asking import client_of, outcome
from tests.security.attempts import Attempt, Stage

NEW_KEY = "sk-typed-abcdefghijklmnop"


def by_form(reader: str, **changes: str) -> Callable[[Stage], str]:
    """Everybody's connection as its form shows it, with these changes; `saved`, `refused` or the redirect's word."""

    def act(stage: Stage) -> str:
        row = stage.world.everybodys.connection
        form = {
            "name": row.name,
            "provider": row.provider,
            "base_url": row.base_url,
            "owner": "",
            "options": "{}",
            "is_active": "on",
        }
        form |= {name: filled(value, stage) for name, value in changes.items()}
        response = client_of(stage.world, reader).post(f"/admin/registry/connection/{row.pk}/change/", form)
        return {"200": "refused", "302": "saved"}.get(outcome(response), outcome(response))

    return act


def filled(value: str, stage: Stage) -> str:
    for name in ("holder", "bob"):
        value = value.replace(f"<{name}>", str(stage.world.people[name].pk))
    return value.replace("<there>", f"{stage.there}/v1").replace("<home>", f"{stage.home}/tenant/v1")


def form(name: str, comes_to: str, *, reader: str = "holder", reaches: bool = False, **changes: Any) -> Attempt:
    return Attempt(f"admin: {name}", by_form(reader, **changes), comes_to, reaches=reaches)


ATTEMPTS = [
    form("another address", "refused", base_url="<there>"),
    form("another address, by a superuser", "refused", reader="superuser", base_url="<there>"),
    form("another address, by staff", "403", reader="staff", base_url="<there>"),
    form("another path at the same server", "refused", base_url="<home>"),
    form("no address", "refused", base_url=""),
    form("another provider", "refused", provider="vllm"),
    form("to oneself", "refused", owner="<holder>"),
    form("to oneself, at another address", "refused", owner="<holder>", base_url="<there>"),
    form("to somebody else", "refused", owner="<bob>", base_url="<there>"),
    form(
        "another address, the preview as a key",
        "refused",
        base_url="<there>",
        api_key="sk-proj...4Gs",
        remove_headers="on",
    ),
    form("another address, stars as a key", "refused", base_url="<there>", api_key="********", remove_headers="on"),
    form("another address, without the key and with the headers", "refused", base_url="<there>", remove_key="on"),
    form("another address, without the headers and with the key", "refused", base_url="<there>", remove_headers="on"),
    form("another address, a new key and the old headers", "refused", base_url="<there>", api_key=NEW_KEY),
    form(
        "another address, columns that are not in the form",
        "refused",
        base_url="<there>",
        sealed_api_key="",
        key_preview="x",
    ),
    form("as a new row, which gets no key", "saved", base_url="<there>", _saveasnew="1"),
    form("a header that names a server", "refused", headers='{"Host": "there.invalid"}'),
    form("a header with a line break", "refused", headers='{"X-A": "b\\r\\nHost: there.invalid"}'),
    form("another address, all anew", "saved", base_url="<there>", api_key=NEW_KEY, remove_headers="on", reaches=True),
]

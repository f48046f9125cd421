"""What the lines of the table send, so that only the reader decides what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType

from registry.models import LLMModel
from tests.security.asking import READERS
from tests.security.policy import ADMIN_TABLES
from tests.security.tables import Line
from tests.security.world import NOWHERE, PASSWORD, World

Body = dict[str, Any]
Ids = dict[str, str]

NEW = {"name": "New", "model_id": "new"}
TYPED = {"provider": "openai_compatible", "base_url": f"{NOWHERE}/v1", "api_key": "sk-typed-abcdefghijklmnop"}
# A guess, and what an address of the admin names besides rows.
WORDS = {"guess": "not-a-link", "app": "registry", "url": "nothing-here"}

# Path and method, and the row where it matters -> the body from the ids of that row.
API: dict[tuple[str, ...], Callable[[Ids], Body]] = {
    ("/api/models", "POST", "inline"): lambda ids: NEW | {"provider": "openai"},
    ("/api/models", "POST"): lambda ids: NEW | {"connection": ids["connection"]},
    ("/api/models/<model>", "PATCH"): lambda ids: {"name": "Renamed"},
    ("/api/models/from-template", "POST", "inline"): lambda ids: {"template": "openai-gpt-4-turbo"},
    ("/api/models/from-template", "POST"): lambda ids: {
        "template": "compatible-custom",
        "model_id": "new",
        "connection": ids["connection"],
    },
    ("/api/models/test-connection", "POST", "typed"): lambda ids: TYPED | {"model_id": "new"},
    ("/api/models/test-connection", "POST", "mixed"): lambda ids: TYPED | {"connection": ids["connection"]},
    ("/api/models/test-connection", "POST"): lambda ids: {"model": ids["model"]},
    ("/api/connections", "POST", "own"): lambda ids: {"name": "New", "provider": "openai"},
    ("/api/connections", "POST", "shared"): lambda ids: {"name": "New", "provider": "openai", "is_global": True},
    ("/api/connections/<connection>", "PATCH"): lambda ids: {"name": "Renamed"},
    ("/api/chat", "POST", "bare"): lambda ids: {"message": "hello"},
    ("/api/chat", "POST"): lambda ids: {"message": "hello", "conversation": ids["conversation"]},
    ("/api/conversations", "POST", "own"): lambda ids: {"title": "New"},
    ("/api/conversations", "POST"): lambda ids: {"title": "New", "model": ids["model"]},
    ("/api/conversations/<conversation>", "PATCH"): lambda ids: {"title": "Renamed"},
    ("/api/conversations/<conversation>/messages", "POST"): lambda ids: {"text": "hello"},
    ("/api/conversations/<conversation>/messages/<message>/regenerate", "POST"): lambda ids: {},
    ("/api/conversations/<conversation>/stop", "POST"): lambda ids: {},
    ("/api/tokens", "POST", "session"): lambda ids: {"name": "New"},
    ("/api/tokens", "POST", "password"): lambda ids: {"username": "alice", "password": "a guess"},
}

# Path under /admin/ -> the form from the ids of the row and the id of whoever it is to belong to.
FORMS: dict[str, Callable[[Ids, str], Body]] = {
    "registry/connection": lambda ids, owner: {
        "name": "Changed",
        "provider": "openai_compatible",
        "base_url": f"{NOWHERE}/new/v1",
        "owner": owner,
        "options": "{}",
        "api_key": "sk-typed-abcdefghijklmnop",
        "remove_headers": "on",
    },
    "registry/llmmodel": lambda ids, owner: NEW | {"connection": ids["connection"], "default_params": "{}"},
    "registry/defaultmodel": lambda ids, owner: {"user": owner, "model": ids["model"]},
    "registry/usagerecord": lambda ids, owner: {"model_label": "changed", "cost": "0"},
    "registry/allowedendpoint": lambda ids, owner: {"address": "http://10.0.0.5:8000", "note": "changed"},
    "auth/user": lambda ids, owner: {
        "username": "changed",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "usable_password": "true",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    },
    "auth/group": lambda ids, owner: {"name": "changed"},
}


def body_of(line: Line, world: World, reader: str) -> Body | None:
    if line.path.startswith("/api/"):
        return api_body(line, world.ids(line.row))
    return form_of(line, world, reader) if line.method == "POST" else None


def api_body(line: Line, ids: Ids) -> Body | None:
    found = API.get((line.path, line.method, line.row)) or API.get((line.path, line.method))
    return found(ids) if found else None


def form_of(line: Line, world: World, reader: str) -> Body:
    """Of a page of the admin; any other page is a login page and gets a guess."""
    for table, kind in ADMIN_TABLES:
        if line.path.startswith(f"/admin/{table}/"):
            return admin_form(table, kind, line, world, reader)
    return {"username": "alice", "password": "a guess"}


def admin_form(table: str, kind: str, line: Line, world: World, reader: str) -> Body:
    ids = world.ids(line.row)
    if line.path == f"/admin/{table}/":
        return {"post": "yes", "action": "delete_selected", "_selected_action": ids[kind]}
    if line.path.endswith("/delete/"):
        return {"post": "yes"}
    owners = {"private": world.people["alice"].pk, "global": "", "own": world.people[READERS[reader] or "bob"].pk}
    return FORMS[table](ids, str(owners.get(line.row, "")))


def words() -> Ids:
    return WORDS | {"type": str(ContentType.objects.get_for_model(LLMModel).pk)}

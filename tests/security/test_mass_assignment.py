"""Every column of every table, sent to every route that writes: refused, or ignored."""

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db.models import BooleanField, DateTimeField, DecimalField, ForeignKey, IntegerField, JSONField, UUIDField

from chat.models import Conversation, Message
from registry.models import APIToken, Connection, LLMModel
from tests.security.asking import ask, client_of
from tests.security.bodies import api_body
from tests.security.database import dump
from tests.security.walk import THERE, path_of, rolled_back
from tests.security.world import PLACE

# What a route is there to write. Another column that its answer or its row takes over fails the test.
OF_CONNECTIONS = {"name", "provider", "base_url", "api_key", "headers", "options", "is_active", "is_global"}
OF_MODELS = OF_CONNECTIONS - {"is_global"} | {
    *("model_id", "connection", "capabilities", "default_params", "context_window", "max_output_tokens"),
    *("input_price", "output_price", "cached_input_price"),
}
OF_CONVERSATIONS = {"title", "model", "system_prompt", "params", "tools", "pinned"}
OF_MESSAGES = {"client_id", "model"}
WRITABLE = {
    "/api/chat": OF_MESSAGES | {"message", "messages", "conversation", "tools", "params", "stream"},
    "/api/conversations": OF_CONVERSATIONS,
    "/api/conversations/<conversation>": OF_CONVERSATIONS,
    "/api/conversations/<conversation>/messages": OF_MESSAGES | {"text", "parent", "params"},
    "/api/conversations/<conversation>/messages/<message>/regenerate": OF_MESSAGES,
    "/api/conversations/<conversation>/stop": set(),
    "/api/models": OF_MODELS,
    "/api/models/<model>": OF_MODELS - {"connection"},
    "/api/models/from-template": OF_CONNECTIONS - {"is_global"} | {"template", "model_id", "connection"},
    "/api/models/test-connection": OF_MODELS | {"is_global", "model"},
    "/api/connections": OF_CONNECTIONS,
    "/api/connections/<connection>": OF_CONNECTIONS,
    "/api/tokens": {"name", "username", "password"},
}
TABLES = (Connection, LLMModel, User, APIToken, Conversation, Message)
NO_COLUMN = {"is_global", "user", "has_key", "token", "last_test", "usable", "capabilities.admin", "pk", "uuid"}
COLUMNS = {
    name: field
    for table in TABLES
    for field in table._meta.get_fields()
    for name in {field.name, getattr(field, "attname", field.name)}
} | dict.fromkeys(NO_COLUMN)

# A row gets these by itself, and every row others.
OF_EACH_ROW = {"digest", "token_key", "created", "expiry", "last_login"}
WRITES = [line for line in THERE if line.method in {"POST", "PATCH"} and line.cells["owner"][:3] in {"200", "201"}]
WRITES = [line for line in WRITES if line.path.startswith("/api/")]
KINDS = [
    (BooleanField, True),
    (IntegerField, 1),
    (DecimalField, "1.00"),
    (UUIDField, str(PLACE)),
    (DateTimeField, "2001-01-01T00:00:00Z"),
    (JSONField, {"sent": True}),
]


def value_for(name, field, world):
    if (isinstance(field, ForeignKey) and field.related_model is User) or name in {"owner", "user"}:
        return world.people["bob"].pk
    if name.startswith("sealed_"):
        return world.everybodys.connection.sealed_api_key
    return next((value for kind, value in KINDS if isinstance(field, kind)), True if name.startswith("is_") else "sent")


def test_every_route_that_writes_says_what_it_writes():
    writes = {line.path for line in THERE if line.path.startswith("/api/") and line.method in {"POST", "PATCH", "PUT"}}
    assert writes <= set(WRITABLE), "Say in WRITABLE which columns the new route is there to write."


@pytest.mark.parametrize("line", WRITES, ids=str)
def test_a_column_that_is_not_for_writing(line, world):
    """With it the row becomes exactly what it becomes without it."""
    plain = api_body(line, world.ids(line.row))
    expected = written(line, world, plain)
    assert expected[0] in {200, 201}
    for name, field in COLUMNS.items():
        if name not in WRITABLE[line.path]:
            came = written(line, world, plain | {name: value_for(name, field, world)})
            assert came[0] in {400, 403} or came == expected, name


def written(line, world, body):
    """The status, and what is in the tables afterwards, but for what every row gets by itself."""
    with rolled_back():
        response = ask(client_of(world, "owner"), line.method, path_of(line, world), body)
        numbers = {table: len(rows) for table, rows in dump().items()}
        rows = [row for table in TABLES for row in table.objects.order_by("pk").values()]
    known = {str(PLACE), *world.private.ids.values(), *world.everybodys.ids.values(), *world.bystanders.ids.values()}
    return response.status_code, numbers, sorted(str(without_own(row, known)) for row in rows)


def without_own(row, known):
    """New ids are all alike, unless it is the one that was sent."""
    return {
        name: "new" if isinstance(value, UUID) and str(value) not in known else value
        for name, value in row.items()
        if name not in OF_EACH_ROW and not name.endswith("_at")
    }

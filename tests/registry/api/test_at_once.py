"""Two requests at the same time, on real transactions: the second finds what the first has left."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from rest_framework.test import APIClient

from registry.catalog import templates
from registry.models import APIToken, Connection, LLMModel
from tests.registry.api.rows import IDS

SOON = 20  # seconds in which a machine under load does anything
WRITES = ("BEGIN", "INSERT", "UPDATE", "DELETE")
CONNECTION, MODEL, TOKEN = (IDS["alice", kind] for kind in ("connection", "model", "token"))
INLINE_CONNECTION, INLINE_MODEL = IDS["alice", "inline connection"], IDS["alice", "inline model"]
NEW_MODEL = {"name": "x", "model_id": "x", "connection": CONNECTION}
TEMPLATE = next(each for each in templates() if each.provider == "openai_compatible" and each.model_id)
FROM_TEMPLATE = {"template": TEMPLATE.id, "connection": CONNECTION}


@pytest.fixture
def alice(transactional_db):
    return User.objects.create_user("alice")


@pytest.fixture
def bob(transactional_db):
    return User.objects.create_user("bob")


@pytest.fixture
def api(alice):
    client = APIClient()
    client.force_login(alice)
    return client


def meanwhile(change, request):
    """The answer to a request in whose midst, where it begins to write, `change` is committed."""
    writes = threading.Event()

    def watched(execute, sql, params, many, context):
        if sql.startswith(WRITES) or "FOR UPDATE" in sql:
            writes.set()
        return execute(sql, params, many, context)

    def asked():
        try:
            with connection.execute_wrapper(watched):
                return request()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            for table in (User, Connection, LLMModel, APIToken):
                # SQLite is locked as a whole by now; PostgreSQL locks rows.
                list(table.objects.select_for_update())
            answer = pool.submit(asked)
            assert writes.wait(SOON), answer.result(0).content
            change()
        return answer.result(SOON)


DELETED = {
    "a connection": (Connection, CONNECTION),
    "a model": (LLMModel, MODEL),
    "the last model of its connection": (LLMModel, INLINE_MODEL),
    "its connection": (Connection, INLINE_CONNECTION),
    "a token": (APIToken, TOKEN),
    "the user": (User, None),
}
# The request, what is deleted in its midst, and what it may be told.
RACES = [
    ("delete", f"/api/connections/{CONNECTION}", None, "a connection", {204, 404}),
    ("delete", f"/api/models/{MODEL}", None, "a model", {204, 404}),
    ("delete", f"/api/models/{INLINE_MODEL}", None, "the last model of its connection", {204, 404}),
    ("delete", f"/api/models/{INLINE_MODEL}", None, "its connection", {204, 404}),
    ("delete", f"/api/tokens/{TOKEN}", None, "a token", {204, 404}),
    ("patch", f"/api/connections/{CONNECTION}", {"name": "x"}, "a connection", {404}),
    ("patch", f"/api/models/{MODEL}", {"name": "x"}, "a model", {404}),
    ("patch", f"/api/models/{INLINE_MODEL}", {"name": "x", "api_key": "k" * 30}, "its connection", {404}),
    ("post", "/api/models", NEW_MODEL, "a connection", {400, 409}),
    ("post", "/api/models/from-template", FROM_TEMPLATE, "a connection", {400, 409}),
    ("post", "/api/models/test-connection", {"model": MODEL}, "a model", {200}),
    ("post", "/api/models/test-connection", {"connection": CONNECTION}, "a connection", {200}),
    ("post", "/api/connections", {"name": "x", "provider": "openai"}, "the user", {400, 409}),
    ("post", "/api/models", {"name": "x", "model_id": "x", "provider": "openai"}, "the user", {400, 409}),
    ("post", "/api/tokens", {}, "the user", {400, 409}),
]


@pytest.mark.parametrize("race", RACES, ids=lambda race: f"{race[0]} {race[1].split('/')[2]}, {race[3]}")
def test_what_is_deleted_meanwhile_stays_deleted(api, rows, alice, race):
    method, path, body, deleted, expected = race
    table, key = DELETED[deleted]
    row = table.objects.get(id=key or alice.id)
    answer = meanwhile(row.delete, lambda: getattr(api, method)(path, body))
    assert answer.status_code in expected, answer.content
    assert not table.objects.filter(id=key or alice.id).exists()


@pytest.mark.parametrize(
    ("path", "table", "key"), [("connections", Connection, CONNECTION), ("models", LLMModel, MODEL)]
)
def test_two_changes_are_both_kept(api, rows, path, table, key):
    changed = meanwhile(
        lambda: table.objects.filter(pk=key).update(is_active=False),
        lambda: api.patch(f"/api/{path}/{key}", {"name": "Other"}),
    )
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["is_active"]) == ("Other", False)
    assert table.objects.values_list("name", "is_active").get(pk=key) == ("Other", False)


def test_the_address_is_not_changed_under_a_second_model(api, rows):
    """The second model comes to the connection of a model after that was found to be its only one."""
    changed = meanwhile(
        lambda: LLMModel.objects.create(connection_id=INLINE_CONNECTION, name="2", model_id="2"),
        lambda: api.patch(f"/api/models/{INLINE_MODEL}", {"api_key": "k" * 30}),
    )
    assert (changed.status_code, changed.json()["error"]["code"]) == (409, "connection_shared")


def test_many_at_once(api, rows):
    """SQLite has one writer at a time; the others wait for it."""

    def both(number):
        try:
            made = api.post("/api/models", NEW_MODEL | {"name": str(number)})
            return made.status_code, api.delete(f"/api/models/{made.json()['id']}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(both, range(40))) == {(201, 204)}

"""An id of somebody else, in every place of a request where one could be believed."""

import pytest
from django.contrib import admin
from django.db.models import ForeignKey

from tests.security.asking import ask, client_of, text_of
from tests.security.bodies import api_body
from tests.security.database import changes, dump
from tests.security.walk import THERE, path_of, rolled_back
from tests.security.world import words_hidden_from

# Names under which an id could be taken -> of what: of fields, of lookups that lead to them, of the admin's own words.
QUERY = {
    **dict.fromkeys(("id", "pk", "id__exact", "pk__in", "_to_field", "_popup", "ordering", "o", "next"), "connection"),
    **dict.fromkeys(("owner", "owner_id", "owner__id__exact", "owner__username", "user", "user_id"), "user"),
    **dict.fromkeys(("user__id__exact", "connection__owner", "connection__owner__id__exact"), "user"),
    **dict.fromkeys(("connection", "connection_id", "connection__id__exact"), "connection"),
    **dict.fromkeys(("model", "model_id", "model__id__exact", "search", "q"), "model"),
    **dict.fromkeys(("conversation", "conversation_id"), "conversation"),
}
# Whoever may filter by a hidden column reads it letter by letter.
LETTER_BY_LETTER = {
    "sealed_api_key__startswith": "v1.",
    "connection__sealed_api_key__startswith": "v1.",
    "key_preview__startswith": "quiet",
    "connection__key_preview__startswith": "quiet",
    "ownership": "others",
}
BODY = {
    **dict.fromkeys(("id", "pk", "connection", "connection_id", "model__connection"), "connection"),
    **dict.fromkeys(("owner", "owner_id", "user", "user_id", "key_set_by"), "user"),
    **dict.fromkeys(("model", "default_model"), "model"),
}
NESTED_IN = ("capabilities", "options", "default_params", "headers")

PAGES = [line for line in THERE if line.method in {"GET", "any"} and line.row == "-" and "<" not in line.path]
WRITES = [line for line in THERE if line.path.startswith("/api/") and line.method in {"POST", "PATCH"}]


@pytest.mark.parametrize("line", [line for line in PAGES if line.cells["holder"] == "200"], ids=str)
def test_in_the_query(line, world):
    reader = "other" if line.cells["other"] == "200" else "holder"
    client, before = client_of(world, reader), dump()
    queries = {name: world.private.ids[kind] for name, kind in QUERY.items()} | LETTER_BY_LETTER
    one_by_one = [{name: value} for name, value in queries.items()] if is_a_list(line.path) else []
    for query in (queries, *one_by_one):
        response = client.get(path_of(line, world), query)
        assert response.status_code < 500, query
        shown = text_of(response)
        assert not [word for word in words_hidden_from(reader, line.path) if word in shown], query
    assert changes(before, dump()) == []


def is_a_list(path):
    """Of rows: `/api/models`, `/admin/registry/connection/`."""
    return path in {"/api/models", "/api/connections", "/api/tokens"} or path.count("/") == 4


@pytest.mark.parametrize("line", WRITES, ids=str)
@pytest.mark.parametrize("reader", ["other", "holder"])
def test_in_the_body(line, reader, world):
    """It is refused or ignored: nothing of alice's changes, and nothing new leads to her."""
    ids = {name: world.private.ids[kind] for name, kind in BODY.items()}
    plain = api_body(line, world.ids("own")) or {}
    nested = [plain | {place: plain.get(place, {}) | ids} for place in NESTED_IN]
    for body in (*nested, *(plain | {name: value} for name, value in ids.items())):
        with rolled_back():
            client, before = client_of(world, reader), of_alice(world)
            response = ask(client, line.method, path_of(line, world), body)
            assert response.status_code < 500, body
            assert of_alice(world) == before, body


def of_alice(world):
    """The rows in which a column names alice or something of hers."""
    ids = {spelling for each in world.private.ids.values() for spelling in (each, each.replace("-", ""))}
    return {(table, row) for table, rows in dump().items() for row in rows if ids & set(row)}


FOREIGN_KEYS = [
    (model, field.name)
    for model in admin.site._registry
    for field in model._meta.get_fields()
    if isinstance(field, ForeignKey)
]


@pytest.mark.parametrize(("model", "field"), FOREIGN_KEYS, ids=lambda each: getattr(each, "__name__", each))
def test_in_the_admins_search_for_related_rows(model, field, world):
    query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field, "term": ""}
    for reader in ("staff", "holder"):
        response = client_of(world, reader).get("/admin/autocomplete/", query)
        assert not [word for word in words_hidden_from(reader, "/admin/") if word in text_of(response)]
        assert response.status_code in {200, 403}

"""Every line of the table, tried by every reader in every way to sign in and to spell the path."""

from importlib import import_module

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path

from registry.querysets import OwnedQuerySet
from tests.security import policy
from tests.security.asking import ask, client_of, outcome, text_of
from tests.security.bodies import body_of
from tests.security.database import changes, dump
from tests.security.routes import routes
from tests.security.tables import READERS
from tests.security.walk import (
    ANY,
    BY_PATH,
    LINES,
    SITE,
    THERE,
    methods,
    path_of,
    rolled_back,
    tried,
    ways,
)
from tests.security.world import words_hidden_from

METHODS = {*ANY, "POST"}
REFUSALS = {"login", "gone", "302", "401", "403", "405"}


def missing_lines(found):
    known = {policy.without_names(line.path) for line in LINES}
    return [
        f"{route.path} has no line in tests/security/policy.py. Add one for each of its methods: who may do what?"
        for route in found
        if policy.without_names(route.path) not in known
    ]


def test_every_route_is_in_the_table():
    assert not missing_lines(SITE)


def test_every_line_of_the_table_is_a_route():
    gone = {line.path for line in LINES} - {line.path for line in THERE}
    assert not gone, f"No such route any more. Remove the lines from tests/security/policy.py: {gone}"


def test_a_route_that_nobody_thought_of_is_found():
    planted = [path("models/<uuid:pk>/key/", HttpResponse), path("export/", HttpResponse)]
    site = import_module(settings.ROOT_URLCONF).urlpatterns
    first, second = missing_lines(routes((path("api/", include((planted, "planted"))), *site)))
    assert first.startswith("/api/models/<pk>/key/ has no line in tests/security/policy.py.")
    assert second.startswith("/api/export/ has no line")


@pytest.mark.parametrize("line", THERE, ids=str)
def test_a_line_holds(line, world):
    assert not [
        problem
        for reader in READERS
        for by, path in ways(line, world)
        for method in methods(line, reader)
        for problem in tried(world, line, reader, by=by, method=method, path=path)
    ]


def test_a_queryset_that_forgets_the_owner_is_found(world, monkeypatch):
    monkeypatch.setattr(OwnedQuerySet, "visible_to", lambda rows, user: rows)
    for name, problem in (
        ("GET /api/models -", "it reads quiet-otter"),
        ("GET /api/models/<model> private", "200 instead of 404"),
    ):
        line = next(line for line in LINES if str(line) == name)
        found = tried(world, line, "other", by="token", method="GET", path=path_of(line, world))
        assert problem in "\n".join(found)


@pytest.mark.parametrize("path", BY_PATH)
def test_a_method_without_a_line_is_refused(path, world):
    line, named = BY_PATH[path][0], {line.method for line in BY_PATH[path]}
    for method in METHODS - named - (set(ANY) if "any" in named else set()):
        for reader in ("anonymous", "owner", "superuser"):
            with rolled_back():
                client, before = client_of(world, reader), dump()
                response = ask(client, method, path_of(line, world), {})
                assert changes(before, dump()) == []
            tells_methods = method == "OPTIONS" and response.status_code == 200 and not response.content
            assert tells_methods or outcome(response) in REFUSALS, (
                f"{reader} gets {outcome(response)} for {method} {path}. "
                "If that is right, say so in tests/security/policy.py."
            )


def test_a_token_opens_nothing_but_the_api(world):
    for line in THERE:
        if not line.path.startswith("/api/"):
            client, method = client_of(world, "superuser", by="token"), methods(line, "superuser")[0]
            with rolled_back():
                response = ask(client, method, path_of(line, world), body_of(line, world, "superuser"))
            assert outcome(response) == line.cells["anonymous"], line


def test_a_session_changes_nothing_without_its_csrf_token(world):
    for line in THERE:
        allowed = next((reader for reader in READERS if line.cells[reader].endswith("!")), None)
        if allowed and policy.ONE_WAY.get(line.row) != "token":
            with rolled_back():
                client = client_of(world, allowed, enforce_csrf_checks=True)
                before = dump()
                response = ask(client, line.method, path_of(line, world), body_of(line, world, allowed))
                assert (line, outcome(response)) == (line, "403")
                assert changes(before, dump()) == []


def test_the_api_as_pages_shows_no_more_than_the_api(world):
    for line in THERE:
        if line.path.startswith("/api/") and line.method == "GET":
            for reader in READERS:
                with rolled_back():
                    path = path_of(line, world)
                    response = client_of(world, reader).get(path, headers={"Accept": "text/html"})
                # A page has something to show, also where there is nothing to tell.
                allowed = {line.cells[reader].replace("204", "200"), "406"}
                assert outcome(response) in allowed, (line, reader)
                assert not [word for word in words_hidden_from(reader, path) if word in text_of(response)]

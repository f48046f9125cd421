"""The lines of the table as requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import transaction

from tests.security import policy
from tests.security.asking import ask, client_of, outcome, text_of
from tests.security.bodies import body_of, words
from tests.security.database import Dump, changes, dump, rows_about
from tests.security.routes import routes
from tests.security.tables import Line
from tests.security.world import CAROLS, World, words_hidden_from

ANY = ("GET", "PUT", "PATCH", "DELETE", "OPTIONS")

SITE = routes()
PATHS = {policy.without_names(route.path) for route in SITE}
OPTIONAL_SLASH = {policy.without_names(route.path) for route in SITE if route.slash_is_optional}
LINES = policy.http_lines()
THERE = [line for line in LINES if policy.without_names(line.path) in PATHS]
BY_PATH = {line.path: [other for other in LINES if other.path == line.path] for line in THERE}


def path_of(line: Line, world: World) -> str:
    """With the ids of the line's row, and without a slash at its end where one is optional."""
    ids = world.ids(line.row) | words()
    return re.sub(r"<(\w+)>", lambda name: ids[name[1]], line.path)


def ways(line: Line, world: World) -> list[tuple[str, str]]:
    """How to sign in and how to spell the path. Both spellings are one route, so that each takes turns with a way."""
    path, one_way = path_of(line, world), policy.ONE_WAY.get(line.row)
    both = [path, f"{path}/"] if policy.without_names(line.path) in OPTIONAL_SLASH else [path, path]
    if not line.path.startswith("/api/"):
        return [("session", each) for each in set(both)]
    return list(zip([one_way] * 2 if one_way else ["session", "token"], both, strict=True))


def methods(line: Line, reader: str) -> list[str]:
    """Of `any` GET; the others for who may least and for whom the admin lets in, because the method decides nothing."""
    if line.method != "any":
        return [line.method]
    named = {other.method for other in BY_PATH[line.path]}
    return [each for each in ANY if each not in named and (each == "GET" or reader in {"anonymous", "staff"})]


def tried(world: World, line: Line, reader: str, *, by: str, method: str, path: str) -> Iterator[str]:
    """A sentence for everything that is not as the line says, or that nobody may see or change."""
    expected = "401" if (reader, by) == ("inactive", "token") else line.cells[reader]
    cache.clear()  # wrong passwords are counted there
    with rolled_back():
        client = client_of(world, reader, by=by)
        before = dump()
        response = ask(client, method, path, body_of(line, world, reader))
        text, after = text_of(response), dump()
    came = outcome(response) + ("!" if before != after else "")
    who = f"{method} {path} as {reader} with a {by}:"
    if came != expected:
        yield f"{who} {came} instead of {expected}. {text[-300:]!r} {changes(before, after)[:3]}"
    yield from (f"{who} it reads {word}" for word in words_hidden_from(reader, path) if word in text)
    yield from (f"{who} this of carol's changed: {lost}" for lost in changes(of_carol(before), of_carol(after)))


def of_carol(rows: Dump) -> Dump:
    """Rows of somebody with whom no request has anything to do."""
    return rows_about(CAROLS, rows)


@contextmanager
def rolled_back() -> Iterator[None]:
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)

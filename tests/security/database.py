"""All rows of all tables, to see whether a request changed anything."""

from __future__ import annotations

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection

Row = tuple[object, ...]
Dump = dict[str, frozenset[Row]]

# Signing in writes these, and nothing of them is a row of the registry or of a chat.
NOT_COMPARED = {Session._meta.db_table: None, "auth_user": {"last_login"}}


def dump() -> Dump:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return {table: _rows(table) for table in sorted(tables) if NOT_COMPARED.get(table, ()) is not None}


def _rows(table: str) -> frozenset[Row]:
    left_out = NOT_COMPARED.get(table) or ()
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        kept = [number for number, column in enumerate(cursor.description) if column[0] not in left_out]
        return frozenset(tuple(str(row[number]) for number in kept) for row in cursor.fetchall())


def changes(before: Dump, after: Dump) -> list[str]:
    """A sentence for each row that came, went or is another one now."""
    came = [f"{table} has {row}" for table, rows in after.items() for row in rows - before[table]]
    went = [f"{table} had {row}" for table, rows in before.items() for row in rows - after[table]]
    return came + went


def rows_about(marker: str, rows: Dump) -> Dump:
    """The rows in which a text with `marker` stands."""
    return {table: frozenset(row for row in of_table if marker in str(row)) for table, of_table in rows.items()}

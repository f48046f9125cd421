"""Moves what is sealed to the primary key, one column of one row at a time.

A column is replaced only while it holds what was opened: an edit at the same moment stays, and so does the work of a
second rotation. What is done is done in the database, so that a rotation that was killed is simply run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from registry import envelope
from registry.errors import CredentialUnreadable
from registry.models import Connection, EncryptionCanary
from registry.models.credentials import SEALED

if TYPE_CHECKING:
    from collections.abc import Iterator


class State(Enum):
    ROTATED = "rotated"
    OLD = "to be rotated"
    CURRENT = "already current"
    CHANGED = "changed meanwhile"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed column of a connection, as it was read."""

    connection: Connection
    name: str

    def __str__(self) -> str:
        what = {"api_key": "the key", "headers": "the headers"}[self.name]
        return f"{what} of the connection {self.connection.name!r} ({self.connection.pk})"

    @property
    def text(self) -> str:
        return getattr(self.connection, SEALED[self.name])

    @property
    def is_current(self) -> bool:
        return self.text.startswith(envelope.keyring().prefix)

    @property
    def state(self) -> State:
        if not self.connection.is_readable(self.name):
            return State.UNREADABLE
        return State.CURRENT if self.is_current else State.OLD


def rotate(batch: int) -> Iterator[tuple[Sealed, State]]:
    """Seal again what the primary key did not seal. At the end the database belongs to that key, if nothing is left."""
    for sealed in everything_sealed(batch):
        yield sealed, State.CURRENT if sealed.is_current else _rotate(sealed)
    if not _is_anything_left():
        EncryptionCanary.objects.replace()


def inspect(batch: int) -> Iterator[tuple[Sealed, State]]:
    """Open everything, write nothing."""
    for sealed in everything_sealed(batch):
        yield sealed, sealed.state


def everything_sealed(batch: int) -> Iterator[Sealed]:
    """Rows are read `batch` at a time: one that is read long before its turn may have changed by then."""
    rows = Connection.objects.exclude(**dict.fromkeys(SEALED.values(), "")).order_by("pk")
    page = list(rows[:batch])
    while page:
        for connection in page:
            yield from (Sealed(connection, name) for name, column in SEALED.items() if getattr(connection, column))
        page = list(rows.filter(pk__gt=page[-1].pk)[:batch])


def is_finished() -> bool:
    """Whether nothing needs another key than the primary one, the canary included."""
    return not _is_anything_left() and all(canary.is_current for canary in EncryptionCanary.objects.all())


def _is_anything_left() -> bool:
    prefix = envelope.keyring().prefix
    return any(
        Connection.objects.exclude(**{column: ""}).exclude(**{f"{column}__startswith": prefix}).exists()
        for column in SEALED.values()
    )


def _rotate(sealed: Sealed) -> State:
    try:
        again = sealed.connection.sealed_again(sealed.name)
    except CredentialUnreadable:
        return State.UNREADABLE
    column = SEALED[sealed.name]
    # A queryset's update: nothing else of the row is written, not even when it was last edited.
    there = Connection.objects.filter(pk=sealed.connection.pk, **{column: sealed.text})
    return State.ROTATED if there.update(**{column: again}) else State.CHANGED

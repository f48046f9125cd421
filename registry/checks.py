"""What must hold before the server starts: a key that can seal, and keys for everything that is sealed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.models import F, Model, QuerySet, TextField
from django.db.models.functions import Substr

from registry import envelope
from registry.addresses import plain_hosts, trusted_origins
from registry.environment import (
    address_problem,
    environment_unusable_reason,
    named_provider,
    named_urls,
    server_problem,
)
from registry.models import Connection, EncryptionCanary
from registry.models.credentials import SEALED
from registry.providers import provider_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper

MAKE_A_KEY = (
    "Make one with `openssl rand -base64 32` and set it as ENCRYPTION_KEY. Keep a copy apart from the database."
)
RESTORE_THE_KEY = (
    "Put that key back: the file encryption_key in DATA_DIR, or ENCRYPTION_KEY. With another one they cannot be read."
)
SERVER = "Write http://host:port."
KID = re.compile(r"[0-9a-f]{8}\.")
FIND_THE_KEY = "Set ENCRYPTION_KEY to that key, or add it to ENCRYPTION_KEYS_OLD."
BIND_ANEW = "No key is stored yet: `manage.py rotate_encryption_key` gives the database to the present key instead."
REPLACE_THE_CANARY = (
    "Restore it from a backup. Or see with `manage.py rotate_encryption_key --verify` whether stored keys can be read; "
    "if they can, the same command without --verify makes a new canary."
)


@register(Tags.security)
def check_encryption_key(**_: Any) -> list[CheckMessage]:
    try:
        envelope.keyring()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=_restore_or_make_a_key(), id="registry.E001")]
    return []


@register(Tags.security)
def check_addresses(**_: Any) -> list[CheckMessage]:
    """Every policy is built from all of these, so one that cannot be read fails every turn."""
    return [
        Error(f"{source} names {entry!r}: {problem}.", hint=hint, id="registry.E003")
        for source, hint, problem_of, entries in _configured_addresses()
        for entry, url in entries.items()
        if (problem := problem_of(url))
    ]


@register()
def check_environment_model(**_: Any) -> list[CheckMessage]:
    problem = environment_unusable_reason() if named_provider() else ""
    if not problem:
        return []
    hint = "Until then nobody can choose the environment's model. Leave LLM_PROVIDER empty to do without it."
    return [Warning(problem, hint=hint, id="registry.W002")]


@register(Tags.database)
def check_sealed_keys(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Whether everything sealed, the canary included, was sealed with a key that is present."""
    if check_encryption_key():
        return []
    stored, canaries = _stored_kids(databases), _rows_in(databases, EncryptionCanary)
    wanted = {*stored, *(kid for rows in canaries for kid in _kids(rows, "sealed"))}
    present = envelope.keyring().kids
    if missing := ", ".join(sorted(wanted.difference(present))):
        message = f"This database is sealed with encryption key {missing}; present: {', '.join(present)}."
        return [Error(message, hint=FIND_THE_KEY if stored else f"{FIND_THE_KEY} {BIND_ANEW}", id="registry.E002")]
    if not all(canary.opens for rows in canaries for canary in rows):
        message = f"The canary of this database was altered: no present key opens it ({', '.join(present)})."
        return [Error(message, hint=REPLACE_THE_CANARY, id="registry.E002")]
    return []


@register(Tags.database)
def check_providers(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    # Two columns by name: this also runs before a migration has added the others.
    unknown = [
        row
        for rows in _rows_in(databases, Connection)
        for row in rows.exclude(provider__in=provider_names()).values_list("name", "provider")
    ]
    return [
        Warning(
            f"The connection {name!r} names the provider {provider!r}, which is not installed.",
            hint="Edit the connection and choose another provider, or delete it.",
            id="registry.W001",
        )
        for name, provider in unknown
    ]


def _restore_or_make_a_key() -> str:
    """A new key beside sealed ones would orphan them, so it is advised only where nothing is sealed."""
    try:
        kids = _stored_kids(["default"])
    except DatabaseError:
        return RESTORE_THE_KEY  # it may hold sealed keys
    if not kids:
        return MAKE_A_KEY
    return f"{len(kids)} stored keys were sealed with {', '.join(sorted(set(kids)))}. {RESTORE_THE_KEY}"


def require_usable_key() -> None:
    """Refuse to start a server that could not read its keys, however it is started; bind a new database to its key."""
    _refuse_unusable_key()
    if _rows_in(["default"], EncryptionCanary):
        EncryptionCanary.objects.plant()
        _refuse_unusable_key()  # another server may have been first


def _refuse_unusable_key() -> None:
    for error in [*check_encryption_key(), *check_sealed_keys(databases=["default"])]:
        raise ImproperlyConfigured(f"{error.msg} {error.hint}")


def _configured_addresses() -> list[tuple[str, str, Callable[[str], str], dict[str, str]]]:
    """For each place: its name, how to write an entry, what can be wrong, and its entries with the URL of each."""
    # With a port, because the one that is served is added to each host.
    hosts = {host: f"https://{host}:443" for host in plain_hosts()}
    return [
        ("The environment", SERVER, server_problem, {url: url for url in named_urls()}),
        ("ALLOWED_ENDPOINTS", SERVER, server_problem, {url: url for url in settings.ALLOWED_ENDPOINTS}),
        ("CSRF_TRUSTED_ORIGINS", "Write https://host.", address_problem, {url: url for url in trusted_origins()}),
        ("ALLOWED_HOSTS", "Write the host alone, without a port; IPv6 in brackets.", address_problem, hosts),
    ]


def _rows_in(databases: Sequence[str] | None, model: type[Model]) -> list[QuerySet]:
    """The rows of each database that has been migrated so far."""
    table = model._meta.db_table  # noqa: SLF001 - documented, in spite of its name
    there = [connections[name] for name in databases or () if _is_there(connections[name])]
    migrated = [database.alias for database in there if table in database.introspection.table_names()]
    return [model._default_manager.using(name) for name in migrated]  # noqa: SLF001 - likewise


def _is_there(database: BaseDatabaseWrapper) -> bool:
    """SQLite makes the file that is only looked for, and beside a database the quick start makes no key."""
    return database.vendor != "sqlite" or Path(database.settings_dict["NAME"]).exists()


def _stored_kids(databases: Sequence[str] | None) -> list[str]:
    """For every stored key and every row's headers the id of the encryption key."""
    rows_in_each = _rows_in(databases, Connection)
    return [kid for rows in rows_in_each for column in SEALED.values() for kid in _kids(rows, column)]


def _kids(rows: QuerySet, column: str) -> list[str]:
    """Read by the database: what stands behind "v1.". One row with something else there must not stop the site."""
    beginning = Substr(F(column), len(envelope.VERSION) + 2, 9, output_field=TextField())
    found = rows.exclude(**{column: ""}).values_list(beginning, flat=True)
    return [text.removesuffix(".") for text in found if KID.fullmatch(text)]

"""What must hold before the server starts: a key that can seal, and keys for everything that is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.models import F, QuerySet, TextField
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
from registry.models import Connection
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
FIND_THE_KEY = "Set ENCRYPTION_KEY to the key that these were sealed with, or add that key to ENCRYPTION_KEYS_OLD."


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
    """Whether every sealed key was sealed with a key that is present."""
    if check_encryption_key():
        return []
    present = envelope.keyring().kids
    wanted = {kid for rows in _connections_in(databases) for kid in _seals(rows)}
    if wanted.issubset(present):
        return []
    missing = ", ".join(sorted(wanted.difference(present)))
    message = f"Stored keys are sealed with encryption key {missing}; present: {', '.join(present)}."
    return [Error(message, hint=FIND_THE_KEY, id="registry.E002")]


@register(Tags.database)
def check_providers(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    # Two columns by name: this also runs before a migration has added the others.
    unknown = [
        row
        for rows in _connections_in(databases)
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
        kids = [kid for rows in _connections_in(["default"]) for kid in _seals(rows)]
    except DatabaseError:
        return RESTORE_THE_KEY  # it may hold sealed keys
    if not kids:
        return MAKE_A_KEY
    return f"{len(kids)} stored keys were sealed with {', '.join(sorted(set(kids)))}. {RESTORE_THE_KEY}"


def require_usable_key() -> None:
    """Refuse to start a server that could not read its keys, however it is started."""
    databases = ["default"]
    for error in [*check_encryption_key(), *check_sealed_keys(databases=databases)]:
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


def _connections_in(databases: Sequence[str] | None) -> list[QuerySet[Connection]]:
    """The connections of each database that has been migrated."""
    table = Connection._meta.db_table  # noqa: SLF001 - documented, in spite of its name
    there = [connections[name] for name in databases or () if _is_there(connections[name])]
    migrated = [database.alias for database in there if table in database.introspection.table_names()]
    return [Connection.objects.using(name) for name in migrated]


def _is_there(database: BaseDatabaseWrapper) -> bool:
    """SQLite makes the file that is only looked for, and beside a database the quick start makes no key."""
    return database.vendor != "sqlite" or Path(database.settings_dict["NAME"]).exists()


def _seals(rows: QuerySet[Connection]) -> list[str]:
    """For everything sealed the kid of its key, read by the database: eight characters behind "v1."."""
    first = len(envelope.VERSION) + 2
    kids: list[str] = []
    for column in SEALED.values():
        kid = Substr(F(column), first, 8, output_field=TextField())
        kids += rows.exclude(**{column: ""}).values_list(kid, flat=True)
    return kids

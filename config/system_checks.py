"""System checks at a start. An error ends it with a sentence; warnings are left to the server, which says them once."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.checks import CheckMessage, run_checks
from django.core.management import CommandError
from django.db import OperationalError


def refuse_errors(databases: Sequence[str]) -> None:
    """First without a database: SQLite would make one, and beside a database the quick start makes no key."""
    try:
        errors = errors_found([]) or errors_found(databases)
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"The database cannot be used: {reason}. Check DATABASE_URL and DATA_DIR.") from None
    if errors:
        raise CommandError("\n".join(f"{error.msg} {error.hint or ''}".rstrip() for error in errors))


def errors_found(databases: Sequence[str]) -> list[CheckMessage]:
    return [found for found in run_checks(databases=databases) if found.is_serious() and not found.is_silenced()]

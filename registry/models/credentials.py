"""The key and the headers of a connection: sealed in the row, clear only in `Secret` values."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from llm.errors import Blocked
from llm.secret import Secret
from registry import envelope
from registry.addresses import origin_of
from registry.errors import CredentialUnreadable
from registry.secrets import clean_headers, clean_key, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

# Name in the associated data -> column.
SEALED = {"api_key": "sealed_api_key", "headers": "sealed_headers"}


def is_empty_or_sealed(column: str) -> Q:
    return Q(**{column: ""}) | Q(**{f"{column}__startswith": f"{envelope.VERSION}."})


class Credentials(models.Model):
    """What was entered waits in memory until the row is saved: only then are owner and address final."""

    sealed_api_key = models.TextField(blank=True, editable=False)
    key_preview = models.CharField(max_length=24, blank=True, editable=False)
    key_set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    key_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    sealed_headers = models.TextField(blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def has_key(self) -> bool:
        return bool(self.sealed_api_key or "api_key" in self._waiting)

    @property
    def has_headers(self) -> bool:
        return bool(self.sealed_headers or "headers" in self._waiting)

    def set_key(self, key: str, *, by: User | None) -> None:
        self._waiting["api_key"] = secret = clean_key(key)
        self.key_preview, self.key_set_by, self.key_set_at = preview(secret.reveal()), by, timezone.now()

    def clear_key(self) -> None:
        self._waiting.pop("api_key", None)
        self.sealed_api_key, self.key_preview, self.key_set_by, self.key_set_at = "", "", None, None

    def reveal_key(self) -> Secret:
        return self._reveal("api_key")

    def set_headers(self, headers: Mapping[str, str]) -> None:
        self._waiting["headers"] = Secret(json.dumps(clean_headers(headers)))

    def clear_headers(self) -> None:
        self._waiting.pop("headers", None)
        self.sealed_headers = ""

    def reveal_headers(self) -> dict[str, Secret]:
        headers = json.loads(self._reveal("headers").reveal() or "{}")
        return {name: Secret(value) for name, value in headers.items()}

    def keeps_secrets_of(self, stored: Self) -> bool:
        """Whether something sealed for `stored` would be saved unchanged with this row."""
        return any(self._keeps(name, stored) for name in SEALED)

    def take_over_secrets_of(self, stored: Self) -> None:
        """Open in the old place what will be sealed for the new one."""
        for name in SEALED:
            if self._keeps(name, stored):
                self._waiting[name] = stored._reveal(name)

    def seal(self) -> set[str]:
        """Seal what waits; the names of the fields that changed."""
        changed: set[str] = set()
        while self._waiting:
            name, secret = self._waiting.popitem()
            setattr(self, SEALED[name], envelope.keyring().seal(secret.reveal(), *self._context(name)))
            changed |= {SEALED[name], "key_preview", "key_set_by", "key_set_at"}
        return changed

    @cached_property
    def _waiting(self) -> dict[str, Secret]:
        return {}

    def _keeps(self, name: str, stored: Self) -> bool:
        sealed = getattr(self, SEALED[name])
        return name not in self._waiting and sealed != "" and sealed == getattr(stored, SEALED[name])

    def _reveal(self, name: str) -> Secret:
        if name in self._waiting:
            return self._waiting[name]
        sealed = getattr(self, SEALED[name])
        if not sealed:
            return Secret("")
        try:
            return Secret(envelope.keyring().open(sealed, *self._context(name)))
        except Blocked:
            raise CredentialUnreadable from None

    def _context(self, name: str) -> tuple[str, str, str, str]:
        owner = "global" if self.owner_id is None else str(self.owner_id)
        return f"registry.Connection.{name}", str(self.pk), owner, str(origin_of(self.url))

"""The key and the headers of a connection: sealed in the row, clear only in `Secret` values."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from llm.errors import Blocked
from llm.secret import Secret
from registry import envelope
from registry.addresses import origin_of
from registry.errors import UNREADABLE, CredentialUnreadable
from registry.secrets import clean_headers, clean_key, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.auth.models import User

# Name in the associated data -> column.
SEALED = {"api_key": "sealed_api_key", "headers": "sealed_headers"}
# What is stored of each of them, and is replaced together.
STORED = {
    "api_key": ("sealed_api_key", "key_preview", "key_set_by_id", "key_set_at"),
    "headers": ("sealed_headers",),
}


def is_sealed(column: str) -> Q:
    return Q(**{f"{column}__startswith": f"{envelope.VERSION}."})


def is_empty_or_sealed(column: str) -> Q:
    return Q(**{column: ""}) | is_sealed(column)


class Credentials(models.Model):
    """What was entered waits in memory until the row is saved: only then are owner and address final.

    "" waits where something was removed. What nobody entered or removed here is left as the database has it by then.
    """

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
        return bool(self._waiting.get("api_key", self.sealed_api_key))

    @property
    def has_headers(self) -> bool:
        return bool(self._waiting.get("headers", self.sealed_headers))

    def set_key(self, key: str, *, by: User | None) -> None:
        self._waiting["api_key"] = secret = clean_key(key)
        self.key_preview, self.key_set_by, self.key_set_at = preview(secret.reveal()), by, timezone.now()

    def clear_key(self) -> None:
        self._waiting["api_key"] = Secret("")
        self.sealed_api_key, self.key_preview, self.key_set_by, self.key_set_at = "", "", None, None

    def reveal_key(self) -> Secret:
        return self._reveal("api_key")

    def set_headers(self, headers: Mapping[str, str]) -> None:
        """Without a single one, the same as `clear_headers`."""
        self._waiting["headers"] = Secret(json.dumps(clean_headers(headers)) if headers else "")

    def clear_headers(self) -> None:
        self._waiting["headers"] = Secret("")
        self.sealed_headers = ""

    def reveal_headers(self) -> dict[str, Secret]:
        try:
            headers = clean_headers(json.loads(self._reveal("headers").reveal() or "{}"))
        except (ValueError, ValidationError):
            raise CredentialUnreadable(UNREADABLE["headers"]) from None
        return {name: Secret(value) for name, value in headers.items()}

    def keeps_secrets_of(self, stored: Self) -> bool:
        """Whether something sealed for `stored` would be saved unchanged with this row."""
        return any(self._keeps(name, stored) for name in SEALED)

    def unreadable_secrets_of(self, stored: Self) -> list[str]:
        """Those among them that cannot be opened."""
        return [name for name in stored.unreadable() if self._keeps(name, stored)]

    def keep_secrets_of(self, stored: Self) -> None:
        """Whoever changed them since this row was read has the last word."""
        for name in SEALED:
            if name not in self._waiting:
                for field in STORED[name]:
                    setattr(self, field, getattr(stored, field))

    def take_over_secrets_of(self, stored: Self) -> None:
        """Open in the old place what will be sealed for the new one."""
        for name in SEALED:
            if self._keeps(name, stored):
                self._waiting[name] = stored._reveal(name)

    def seal(self) -> set[str]:
        """Seal what waits, without forgetting it; the names of the fields that changed."""
        changed: set[str] = set()
        for name, secret in self._waiting.items():
            setattr(self, SEALED[name], self._sealed(name, secret) if secret else "")
            changed.update(STORED[name])
        return changed

    def forget_entered(self) -> None:
        self._waiting.clear()

    def sealed_again(self, name: str) -> str:
        """What is stored under `name`, for the same place, sealed with the key that seals now."""
        return self._sealed(name, self._reveal(name))

    def unreadable(self) -> list[str]:
        """The names of what is stored and cannot be read."""
        return [name for name in SEALED if not self.is_readable(name)]

    def is_readable(self, name: str) -> bool:
        reveal = {"api_key": self.reveal_key, "headers": self.reveal_headers}[name]
        try:
            reveal()
        except CredentialUnreadable:
            return False
        return True

    @cached_property
    def _waiting(self) -> dict[str, Secret]:
        return {}

    def _keeps(self, name: str, stored: Self) -> bool:
        return name not in self._waiting and getattr(stored, SEALED[name]) != ""

    def _reveal(self, name: str) -> Secret:
        if name in self._waiting:
            return self._waiting[name]
        sealed = getattr(self, SEALED[name])
        if not sealed:
            return Secret("")
        try:
            return Secret(envelope.keyring().open(sealed, *self._context(name)))
        except (Blocked, CredentialUnreadable):
            raise CredentialUnreadable(UNREADABLE[name]) from None

    def _sealed(self, name: str, secret: Secret) -> str:
        return envelope.keyring().seal(secret.reveal(), *self._context(name))

    def _context(self, name: str) -> tuple[str, str, str, str]:
        owner = "global" if self.owner_id is None else str(self.owner_id)
        return f"registry.Connection.{name}", str(self.pk), owner, str(origin_of(self.url))

"""What binds a database to its encryption key, also while no key is stored in it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry import envelope
from registry.errors import CredentialUnreadable
from registry.models.credentials import is_sealed

CONTEXT = "registry.EncryptionCanary"
TEXT = "canary"


class CanaryManager(models.Manager):
    def plant(self) -> None:
        """Bind a database that is used for the first time. Of servers that start at once, one is first."""
        self.get_or_create(pk=1, defaults={"sealed": _seal})

    def replace(self) -> None:
        """Bind the database to the primary key, whatever it was bound to."""
        self.update_or_create(pk=1, defaults={"sealed": _seal})


class EncryptionCanary(models.Model):
    """A known text, sealed with the key that this database belongs to and opened at each start. At most one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    sealed = models.TextField(editable=False)

    objects = CanaryManager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="registry_one_canary"),
            models.CheckConstraint(condition=is_sealed("sealed"), name="registry_canary_is_sealed"),
        ]

    def __str__(self) -> str:
        return "the encryption canary"

    @property
    def is_current(self) -> bool:
        return self.opens and self.sealed.startswith(envelope.keyring().prefix)

    @property
    def opens(self) -> bool:
        try:
            return envelope.keyring().open(self.sealed, CONTEXT) == TEXT
        except CredentialUnreadable:
            return False


def _seal() -> str:
    return envelope.keyring().seal(TEXT, CONTEXT)

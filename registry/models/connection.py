"""Where a provider is reached and with which key."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction

from llm.errors import Blocked
from llm.secret import Secret
from registry import local_model
from registry.addresses import normalised, origin_of
from registry.environment import address_problem, environment_key, environment_options, environment_url
from registry.errors import UNREADABLE, CredentialUnreadable
from registry.fields import one_line
from registry.models.credentials import Credentials, is_empty_or_sealed
from registry.parameters import options_problem, secret_in_query, usable_options
from registry.providers import provider_choices, provider_label, provider_of
from registry.querysets import ConnectionQuerySet

# What a key is sealed for, as far as it can change.
PLACE = ("owner_id", "provider", "base_url")
CHANGED_MEANWHILE = "This connection was changed or deleted meanwhile. Read it again and repeat the change."
KEY_IN_ADDRESS = "This address holds a key, where everybody who may edit it would read it. Enter it as the API key."
KEY_REQUIRED = "The provider, address or owner changed. Enter the key and the headers again, or remove them."


class Connection(Credentials):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Never SET_NULL: a deleted user's connection would become everybody's.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="connections",
        help_text="Empty: everybody may use it.",
    )
    name = models.CharField(max_length=100, validators=[one_line])
    provider = models.CharField(max_length=40, choices=provider_choices)
    base_url = models.CharField("base URL", max_length=500, blank=True, help_text="Empty: the provider's own address.")
    options = models.JSONField(default=dict, blank=True, help_text="What the provider's format needs besides.")
    is_active = models.BooleanField("active", default=True)
    # Made together with its model, and goes with the last one.
    is_inline = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        db_table = "llm_connections"
        ordering = ["name", "id"]
        permissions = [("manage_global", "Can share connections and manage the global ones")]
        constraints = [
            models.CheckConstraint(condition=is_empty_or_sealed("sealed_api_key"), name="connection_key_is_sealed"),
            models.CheckConstraint(
                condition=is_empty_or_sealed("sealed_headers"), name="connection_headers_are_sealed"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        row = super().from_db(*args, **kwargs)
        row.remember_place()
        return row

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        super().refresh_from_db(*args, **kwargs)
        self.remember_place()

    def remember_place(self) -> None:
        """Where this row was when it was read; a column that was left out is not asked for."""
        self._place_read = {name: self.__dict__[name] for name in PLACE if name in self.__dict__}

    @property
    def is_global(self) -> bool:
        return self.owner_id is None

    @property
    def url(self) -> str:
        """The address that is really used; "" where neither the row nor the environment nor the provider names one."""
        provider = provider_of(self.provider)
        from_environment = environment_url(self.provider) if self.is_global else ""
        return self.base_url or from_environment or (provider.base_url if provider else "")

    @property
    def is_missing_key(self) -> bool:
        """A key is needed, none is stored, and the environment has none that is meant for this address."""
        provider = provider_of(self.provider)
        return bool(provider and provider.needs_key and not self.has_key and not self._environment_key())

    @property
    def is_stopped_local_model(self) -> bool:
        is_ours = self.pk == local_model.LOCAL_CONNECTION and self.base_url.startswith(local_model.AT_LOOPBACK)
        is_readable = not address_problem(self.base_url)
        return is_ours and not (is_readable and origin_of(self.base_url) in local_model.granted_origins())

    def key_in_use(self) -> Secret:
        """The stored key; for a global connection without one, the environment's."""
        return self.reveal_key() if self.has_key else self._environment_key()

    def options_in_use(self) -> dict[str, Any]:
        """The row's own; where the address is the environment's, what the environment says besides comes first."""
        is_at_environments_address = self.is_global and not self.base_url and environment_url(self.provider)
        from_environment = environment_options(self.provider) if is_at_environments_address else {}
        return {**from_environment, **usable_options(self.options)}

    def clean(self) -> None:
        self._clean_options()
        self._normalise_address()
        if not self.url and provider_of(self.provider):
            raise ValidationError(
                {"base_url": f"{provider_label(self.provider)} has no address of its own. Enter one."}
            )
        stored = self._stored()
        self._refuse_if_moved_meanwhile(stored)
        self._refuse_stale_secrets(stored)
        self._refuse_to_share_unreadable_secrets(stored)

    def save(self, *args: Any, update_fields: Any = None, **kwargs: Any) -> None:
        self._normalise_address()
        with transaction.atomic():
            sealed = self._seal_for_this_place()
            if update_fields is not None:
                update_fields = {*update_fields, *sealed}
            super().save(*args, update_fields=update_fields, **kwargs)
        self.forget_entered()
        self.remember_place()

    def _seal_for_this_place(self) -> set[str]:
        stored = self._stored(for_update=True)
        self._refuse_if_moved_meanwhile(stored)
        self._refuse_stale_secrets(stored)
        if stored is not None:
            self.keep_secrets_of(stored)
            if stored.owner_id != self.owner_id:
                self.take_over_secrets_of(stored)
        return self.seal()

    def _refuse_if_moved_meanwhile(self, stored: Connection | None) -> None:
        """Or a change of its name, read before, would put the row back where it was, with the key that it has now."""
        if self._state.adding:
            return
        if stored is None or any(getattr(stored, name) != value for name, value in self._place_read.items()):
            raise ValidationError(CHANGED_MEANWHILE, code="conflict")

    def _refuse_stale_secrets(self, stored: Connection | None) -> None:
        if stored is not None and self._moves_away_from(stored) and self.keeps_secrets_of(stored):
            raise ValidationError(KEY_REQUIRED, code="key_required")

    def _refuse_to_share_unreadable_secrets(self, stored: Connection | None) -> None:
        if stored is not None and stored.owner_id != self.owner_id:
            unreadable = self.unreadable_secrets_of(stored)
            if problems := [ValidationError(UNREADABLE[name], code=CredentialUnreadable.code) for name in unreadable]:
                raise ValidationError(problems)

    def _moves_away_from(self, stored: Connection) -> bool:
        """Sharing is no move: the owner gives the key to everybody, at the same address."""
        is_given_away = not self.is_global and self.owner_id != stored.owner_id
        return is_given_away or (self.provider, self.base_url) != (stored.provider, stored.base_url)

    def _stored(self, *, for_update: bool = False) -> Connection | None:
        if self._state.adding:
            return None
        rows = Connection.objects.select_for_update() if for_update else Connection.objects.all()
        return rows.filter(pk=self.pk).first()

    def _clean_options(self) -> None:
        self.options = {} if self.options is None else self.options
        if problem := options_problem(self.options):
            raise ValidationError({"options": problem})

    def _normalise_address(self) -> None:
        try:
            self.base_url = normalised(self.base_url) if self.base_url else ""
        except Blocked as error:
            raise ValidationError({"base_url": error.message}) from None
        if secret_in_query(self.base_url):
            raise ValidationError({"base_url": KEY_IN_ADDRESS}, code="key_in_address")

    def _environment_key(self) -> Secret:
        return environment_key(self.provider, self.url) if self.is_global and self.url else Secret("")

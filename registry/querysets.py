"""Who may see, use and edit what is in the registry. This file decides it, and views and pages ask it.

| reader                      | sees                   | uses                                    | edits        |
|-----------------------------|------------------------|-----------------------------------------|--------------|
| anonymous, inactive         | active global          | -                                       | -            |
| user                        | own, active global     | active and ready: own, global           | own          |
| staff without permission    | own, global            | as a user                               | own          |
| holder of `manage_global`   | own, global            | as a user                               | own, global  |
| superuser                   | as a holder; all rows in the admin | as a user                   | as a holder  |

Grants of addresses are seen and made by whoever edits global connections, and by nobody else.
Ready: the key is there or none is needed, and it is not the local model while that is not running.
Somebody who sees a row but may not edit it gets no address, no key preview and no connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.models import Q, QuerySet

from llm.addresses import Origin
from registry import local_model
from registry.addresses import site_of
from registry.environment import environment_origins
from registry.providers import provider_names, providers_with_keys

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    Reader = AbstractBaseUser | AnonymousUser

MANAGE_GLOBAL = "registry.manage_global"


def may_edit(user: Reader, owner_id: int | None) -> bool:
    if owner_id is None:
        return user.has_perm(MANAGE_GLOBAL)
    return user.is_active and user.pk == owner_id


def may_grant(user: Reader) -> bool:
    return may_edit(user, None)


class OwnedQuerySet(QuerySet):
    """Rows of one user or, with no owner, of everybody. `connection` leads to the row that knows the owner."""

    connection = ""

    def visible_to(self, user: Reader) -> Self:
        if not user.is_active:
            return self.filter(self._global() & self._active())
        if user.is_staff or user.has_perm(MANAGE_GLOBAL):
            return self.filter(self._own(user) | self._global())
        return self.filter(self._own(user) | self._global() & self._active())

    def usable_by(self, user: Reader) -> Self:
        if not user.is_active:
            return self.none()
        own = self._own(user) & self._has_key()
        shared = self._global() & (self._has_key() | self._has_environment_key())
        return self.filter(self._active(), own | shared).exclude(self._is_stopped_local_model())

    def editable_by(self, user: Reader) -> Self:
        if not user.is_active:
            return self.none()
        if user.has_perm(MANAGE_GLOBAL):
            return self.filter(self._own(user) | self._global())
        return self.filter(self._own(user))

    def in_admin_for(self, user: Reader) -> Self:
        return self.all() if user.is_active and user.is_superuser else self.visible_to(user)

    def owned_by(self, user: Reader) -> Self:
        return self.filter(self._own(user)) if user.is_active else self.none()

    def everybodys(self) -> Self:
        return self.filter(self._global())

    def of_others(self, user: Reader) -> Self:
        return self.exclude(self._global()).exclude(self._own(user))

    def _own(self, user: Reader) -> Q:
        return self._where(owner=user.pk)

    def _global(self) -> Q:
        return self._where(owner=None)

    def _active(self) -> Q:
        return self._where(is_active=True)

    def _has_key(self) -> Q:
        return ~self._where(sealed_api_key="") | ~self._where(provider__in=providers_with_keys())

    def _has_environment_key(self) -> Q:
        """A key in the environment that is meant for this address; only global connections get it."""
        has_key = Q(pk__in=[])
        for name in provider_names():
            for origin in environment_origins(name):
                has_key |= self._where(provider=name) & self._at(origin)
        return has_key

    def _is_stopped_local_model(self) -> Q:
        is_stopped = self._where(pk=local_model.LOCAL_CONNECTION, base_url__startswith=local_model.AT_LOOPBACK)
        for origin in local_model.granted_origins():
            is_stopped &= ~self._at(origin)
        return is_stopped

    def _at(self, origin: Origin) -> Q:
        """Stored addresses are normalised. An empty one means the provider's or the environment's own."""
        site = site_of(origin)
        at = self._where(base_url="") | self._where(base_url=site)
        return at | self._where(base_url__startswith=f"{site}/") | self._where(base_url__startswith=f"{site}?")

    def _where(self, **conditions: object) -> Q:
        return Q(**{self.connection + field: value for field, value in conditions.items()})


class ConnectionQuerySet(OwnedQuerySet):
    pass


class LLMModelQuerySet(OwnedQuerySet):
    connection = "connection__"

    def _active(self) -> Q:
        return super()._active() & Q(is_active=True)


class AllowedEndpointQuerySet(QuerySet):
    def origins_for(self, owner_id: int | None) -> frozenset[Origin]:
        """What a connection of this owner may call; a global one, without owner, everything that is granted."""
        rows = self if owner_id is None else self.filter(usable_by_users=True)
        return frozenset(Origin(*row) for row in rows.values_list("scheme", "host", "port"))

    def in_admin_for(self, user: Reader) -> Self:
        return self.all() if may_grant(user) else self.none()


class PersonalQuerySet(QuerySet):
    """Rows of one user. Those that a deleted user left behind, with no user, are nobody's."""

    def visible_to(self, user: Reader) -> Self:
        return self.filter(user=user.pk) if user.is_active else self.none()


class APITokenQuerySet(PersonalQuerySet):
    pass


class UsageRecordQuerySet(PersonalQuerySet):
    def visible_to(self, user: Reader) -> Self:
        """Whoever answers for the global connections sees what everybody used; nobody sees what was said."""
        return self.all() if user.has_perm(MANAGE_GLOBAL) else super().visible_to(user)

    in_admin_for = visible_to


class DefaultModelQuerySet(QuerySet):
    def usable_by(self, user: Reader) -> Self:
        """The reader's own default and everybody's, where the reader can use their models now."""
        models = self.model._meta.get_field("model").related_model.objects  # noqa: SLF001 - documented
        return self._for(user).filter(model__in=models.usable_by(user))

    def in_admin_for(self, user: Reader) -> Self:
        return self.all() if user.is_superuser else self._for(user)

    def _for(self, user: Reader) -> Self:
        return self.filter(Q(user=user.pk) | Q(user=None))

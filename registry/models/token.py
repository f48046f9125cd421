from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.crypto import constant_time_compare
from knox.models import AbstractAuthToken, AuthTokenManager

from registry.fields import one_line
from registry.querysets import APITokenQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class APITokenManager(AuthTokenManager.from_queryset(APITokenQuerySet)):
    def create(self, user: AbstractBaseUser, **fields: Any) -> tuple[APIToken, str]:
        """The row, and the token, which can be read here and never again."""
        return super().create(user, auth_hash=user.get_session_auth_hash(), **fields)


class APIToken(AbstractAuthToken):
    """What an API client signs in with. Knox stores a hash and the first characters; `id` names it without them."""

    id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # As a session keeps it: with another password it no longer fits.
    auth_hash = models.CharField(max_length=128, editable=False)
    name = models.CharField(max_length=100, blank=True, validators=[one_line])

    objects = APITokenManager()

    class Meta:
        db_table = "api_tokens"
        verbose_name = "API token"
        ordering = ["-created", "id"]

    @property
    def is_of_todays_password(self) -> bool:
        hashes = [self.user.get_session_auth_hash(), *self.user.get_session_auth_fallback_hash()]
        return any(constant_time_compare(self.auth_hash, each) for each in hashes)

    def __str__(self) -> str:
        return self.name or f"token of {self.created:%d %B %Y}"

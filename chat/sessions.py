"""Whether the person who opened a socket or a stream is still signed in: both outlive what they were opened with."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from registry.models import APIToken

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser
    from rest_framework.request import Request


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody signed in: with the session of a page, or with a token."""

    session_key: str | None = None
    token: UUID | None = None

    @classmethod
    def of(cls, request: Request) -> SignIn:
        if isinstance(request.auth, APIToken):
            return cls(token=request.auth.id)
        return cls(session_key=request.session.session_key)

    def user(self) -> AbstractBaseUser | AnonymousUser:
        """Whom it signs in now: nobody after a logout, a changed password, a deactivation or the token's end."""
        return session_user(self.session_key) if self.token is None else token_user(self.token)


def signed_in_user(session_key: str | None) -> int | None:
    """The user of a session as it is now: None after a logout, a changed password or a deactivation."""
    return session_user(session_key).pk


def session_user(session_key: str | None) -> AbstractBaseUser | AnonymousUser:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(request)


def token_user(token_id: UUID) -> AbstractBaseUser | AnonymousUser:
    is_current = Q(expiry=None) | Q(expiry__gt=timezone.now())
    token = APIToken.objects.filter(is_current, id=token_id, user__is_active=True).select_related("user").first()
    return token.user if token and token.is_of_todays_password else AnonymousUser()

"""One-time links that sign a user in without a password: printed by the quick start for the person at the keyboard."""

from __future__ import annotations

from django.contrib.auth import get_user_model, login
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from chat.csp import with_trusted_types

SALT = "config.login_links"
LIFETIME = 15 * 60  # seconds


def login_link(user: AbstractBaseUser) -> str:
    """Path of a link that works once, for 15 minutes: using it changes `last_login`, which the token holds."""
    token = signing.dumps({"user": user.pk, "last_login": last_login(user)}, salt=SALT)
    return reverse("login-link", args=[token])


def last_login(user: AbstractBaseUser) -> str:
    return user.last_login.isoformat() if user.last_login else ""


def user_of(token: str) -> AbstractBaseUser | None:
    try:
        claim = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    user = get_user_model().objects.filter(pk=claim["user"], is_active=True).first()
    return user if user and last_login(user) == claim["last_login"] else None


def use_up(user: AbstractBaseUser) -> bool:
    """False where the same link is being used at this moment by somebody else."""
    unused = get_user_model().objects.filter(pk=user.pk, last_login=user.last_login)
    return bool(unused.update(last_login=timezone.now()))


@never_cache
@require_GET
@with_trusted_types
def use_login_link(request: HttpRequest, token: str) -> HttpResponse:
    user = user_of(token)
    if user is None or not use_up(user):
        if request.user.is_authenticated:
            return redirect("chat")  # a bookmark, or the terminal's link clicked again
        return render(request, "registration/login_link_expired.html", status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("chat")

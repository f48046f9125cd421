"""A first password, for who came in by a login link and could not come back without one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator

from chat.csp import with_trusted_types


@method_decorator(with_trusted_types, name="dispatch")
class FirstPassword(PasswordChangeView):
    """Asks for no old password, so it is closed to whoever has one: a page left open must not give the account away."""

    form_class = SetPasswordForm
    template_name = "registration/first_password.html"
    success_url = reverse_lazy("chat")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and request.user.has_usable_password():
            return redirect("chat")
        return super().dispatch(request, *args, **kwargs)

"""What a reader may do, as DRF asks for it. The answers come from `registry.querysets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission

from registry.querysets import may_edit

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from registry.models import LLMModel

FOR_MANAGERS = "Only those who manage the global models may give a connection to everybody or take it back."


class EditableOrReadOnly(BasePermission):
    message = "This model is everybody's. Only those who manage the global models may change or test it."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or request.user.is_authenticated

    def has_object_permission(self, request: Request, view: APIView, model: LLMModel) -> bool:
        return request.method in SAFE_METHODS or may_edit(request.user, model.connection.owner_id)


class SignedInExceptToSignIn(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method == "POST" or request.user.is_authenticated


def refuse_to_share(user: User) -> None:
    """`PermissionDenied` unless this person manages what is everybody's."""
    if not may_edit(user, None):
        raise PermissionDenied(FOR_MANAGERS)

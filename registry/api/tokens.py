"""`/api/tokens`: what API clients sign in with. A token is shown once, when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled

from registry import guesses
from registry.api.fields import StrictSerializer
from registry.api.permissions import SignedInExceptToSignIn
from registry.api.schema import BY_NOBODY, BY_SESSION
from registry.fields import one_line
from registry.models import APIToken

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.db.models import QuerySet
    from rest_framework.request import Request

WRONG_PASSWORD = "This name and password do not match, or the account is not active."  # noqa: S105
NO_TOKEN_FROM_TOKEN = "A token makes no other token. Send username and password, or sign in on the site."  # noqa: S105


class TokenDocument(serializers.ModelSerializer):
    created_at = serializers.DateTimeField(source="created", read_only=True)
    expires_at = serializers.DateTimeField(source="expiry", read_only=True)

    class Meta:
        model = APIToken
        fields = ("id", "name", "created_at", "expires_at")
        read_only_fields = fields


class MadeToken(TokenDocument):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(TokenDocument.Meta):
        fields = (*TokenDocument.Meta.fields, "token")


@extend_schema_serializer(
    examples=[OpenApiExample("For somebody who is signed in", {"name": "my laptop"}, request_only=True)]
)
class NewToken(StrictSerializer):
    """Whoever is not signed in sends `username` and `password`."""

    name = serializers.CharField(required=False, max_length=100, validators=[one_line], help_text="To know it by.")
    username = serializers.CharField(required=False, max_length=150, help_text="Only without a session.")
    password = serializers.CharField(
        required=False,
        max_length=4096,
        write_only=True,
        trim_whitespace=False,
        help_text="Only without a session.",
    )

    def to_representation(self, token: APIToken) -> dict[str, Any]:
        return MadeToken(token).data

    def create(self, values: dict[str, Any]) -> APIToken:
        token, token.token = APIToken.objects.create(user=self._owner(values), name=values.get("name", ""))
        return token

    def _owner(self, values: dict[str, Any]) -> AbstractBaseUser:
        request = self.context["request"]
        if "username" not in values and "password" not in values and request.user.is_authenticated:
            return request.user
        if guesses.are_too_many(request):
            raise Throttled(guesses.PERIOD)
        user = authenticate(request._request, username=values.get("username"), password=values.get("password"))  # noqa: SLF001
        if user is None:
            guesses.note_wrong_password(request)
            raise AuthenticationFailed(WRONG_PASSWORD)
        return user


@extend_schema_view(
    list=extend_schema(summary="List your tokens"),
    destroy=extend_schema(summary="Revoke a token", description="It ends at once."),
)
class Tokens(mixins.CreateModelMixin, mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet):
    """
    Your tokens: what a program signs in with, in the header `Authorization: Token …`.

    A token is shown once, when it is made, and ends by itself after 90 days. The site stores a hash of it, and
    its first characters to find it by.
    """

    http_method_names = ["get", "head", "post", "delete"]
    permission_classes = [SignedInExceptToSignIn]
    lookup_field = "id"

    def get_queryset(self) -> QuerySet[APIToken]:
        return APIToken.objects.visible_to(self.request.user)

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return NewToken if self.request.method == "POST" else TokenDocument

    @extend_schema(
        summary="Make a token",
        description="Send `username` and `password`, or be signed in on the site. A token makes no other token.",
        responses={201: MadeToken},
        auth=[BY_SESSION, BY_NOBODY],
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        if request.auth is not None:
            raise PermissionDenied(NO_TOKEN_FROM_TOKEN)
        return super().create(request, *args, **kwargs)

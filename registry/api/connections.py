"""`/api/connections`. Whoever may not edit a connection does not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.exceptions import PermissionDenied

from registry.api.addresses import Address, save_address
from registry.api.changes import ChangesInTurn
from registry.api.filters import ConnectionFilter
from registry.api.schema import RENAMED
from registry.models import Connection
from registry.providers import provider_choices
from registry.querysets import may_edit

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.db.models import QuerySet

FOR_MANAGERS = "Only those who manage the global models may give a connection to everybody or take it back."


class ConnectionDocument(serializers.ModelSerializer):
    class Meta:
        model = Connection
        fields = (
            "id",
            "name",
            "provider",
            "base_url",
            "is_global",
            "is_active",
            "options",
            "has_key",
            "key_preview",
            "key_set_at",
            "has_headers",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    is_global = serializers.BooleanField(read_only=True)
    has_key = serializers.BooleanField(read_only=True)
    has_headers = serializers.BooleanField(read_only=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A provider at its own address",
            {"name": "My connection", "provider": provider_choices()[0][0]},
            request_only=True,
        )
    ]
)
class NewConnection(Address):
    """What is written about a connection."""

    ignored = frozenset(ConnectionDocument.Meta.fields)

    name = serializers.CharField(max_length=100, help_text="What people see.")
    is_active = serializers.BooleanField(required=False, help_text="False turns off all of its models.")
    is_global = serializers.BooleanField(
        required=False, help_text="Everybody's. Only those who manage the global models may set it."
    )

    def validate_is_global(self, is_global: bool) -> bool:  # noqa: FBT001 - DRF's signature
        is_now = self.instance.is_global if self.instance else False
        only_managers_share(self.context["request"].user, wanted=is_global != is_now)
        return is_global

    def to_representation(self, connection: Connection) -> dict[str, Any]:
        return ConnectionDocument(connection).data

    def create(self, values: dict[str, Any]) -> Connection:
        return self.update(Connection(owner=self.context["request"].user), values)

    @transaction.atomic
    def update(self, connection: Connection, values: dict[str, Any]) -> Connection:
        user = self.context["request"].user
        for name in ("name", "is_active"):
            setattr(connection, name, values.get(name, getattr(connection, name)))
        if values.get("is_global", connection.is_global) != connection.is_global:
            connection.owner = None if values["is_global"] else user
        return save_address(connection, values, by=user)


def only_managers_share(user: User, *, wanted: bool) -> None:
    if wanted and not may_edit(user, None):
        raise PermissionDenied(FOR_MANAGERS)


@extend_schema_view(
    list=extend_schema(summary="List connections"),
    create=extend_schema(
        summary="Make a connection",
        description="Key and headers are encrypted before they are stored.",
        responses={201: ConnectionDocument},
    ),
    retrieve=extend_schema(summary="Read a connection"),
    partial_update=extend_schema(
        summary="Change a connection",
        description="What is left out stays. Another `provider`, address or owner asks for the key and the headers "
        "again; null removes them.",
        examples=[RENAMED],
        responses=ConnectionDocument,
    ),
    destroy=extend_schema(summary="Delete a connection", description="Its models go with it."),
)
class Connections(ChangesInTurn, viewsets.ModelViewSet):
    """
    Where models are reached, and with which key: the connections that you may edit.

    The key and the headers are encrypted. They go in and never come out; `key_preview` shows which key it is.
    """

    http_method_names = ["get", "head", "post", "patch", "delete"]
    filterset_class = ConnectionFilter

    def get_queryset(self) -> QuerySet[Connection]:
        return Connection.objects.editable_by(self.request.user)

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return ConnectionDocument if self.request.method in {"GET", "HEAD"} else NewConnection

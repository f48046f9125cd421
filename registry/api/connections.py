"""`/api/connections`. Whoever may not edit a connection does not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer, extend_schema_view
from rest_framework import serializers, viewsets

from registry.api.changes import ChangesInTurn, assign
from registry.api.connection_fields import ConnectionFields, save_connection
from registry.api.filters import ConnectionFilter
from registry.api.permissions import refuse_to_share
from registry.api.schema import RENAMED
from registry.models import Connection
from registry.providers import provider_choices

if TYPE_CHECKING:
    from django.db.models import QuerySet


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
class ConnectionChanges(ConnectionFields):
    """What is written about a connection."""

    ignored = frozenset(ConnectionDocument.Meta.fields)

    name = serializers.CharField(max_length=100, help_text="What people see.")
    is_active = serializers.BooleanField(required=False, help_text="False turns off all of its models.")
    is_global = serializers.BooleanField(
        required=False, help_text="Everybody's. Only those who manage the global models may set it."
    )

    def validate_is_global(self, is_global: bool) -> bool:  # noqa: FBT001 - DRF's signature
        is_now = self.instance.is_global if self.instance else False
        if is_global != is_now:
            refuse_to_share(self.context["request"].user)
        return is_global

    def to_representation(self, connection: Connection) -> dict[str, Any]:
        return ConnectionDocument(connection).data

    def create(self, values: dict[str, Any]) -> Connection:
        return self.update(Connection(owner=self.context["request"].user), values)

    @transaction.atomic
    def update(self, connection: Connection, values: dict[str, Any]) -> Connection:
        user = self.context["request"].user
        assign(connection, values, ("name", "is_active"))
        if values.get("is_global", connection.is_global) != connection.is_global:
            connection.owner = None if values["is_global"] else user
        return save_connection(connection, values, by=user)


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
        return ConnectionDocument if self.request.method in {"GET", "HEAD"} else ConnectionChanges

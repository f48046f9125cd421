"""A model as it is read, and as it is written."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from llm.errors import Blocked
from registry.addresses import normalised
from registry.api.changes import assign
from registry.api.connection_fields import CONNECTION_FIELDS, PROVIDER, SECRETS, ConnectionFields, save_connection
from registry.api.errors import Conflict
from registry.api.fields import Capabilities, CountField, PriceField
from registry.api.reports import LastTest
from registry.models import CAPABILITIES, PRICES, Connection, LLMModel
from registry.providers import provider_choices
from registry.querysets import may_edit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

COUNTS = ("context_window", "max_output_tokens")
OWN_FIELDS = ("name", "model_id", "is_active", "capabilities", "default_params", *COUNTS, *PRICES)
STAYS = {
    "connection": "A model stays with its connection. Make a new model.",
    "is_global": "A model belongs to whoever its connection belongs to. Change the connection.",
}


class ModelDocument(serializers.ModelSerializer):
    """The last fields are there for those who may edit the model."""

    class Meta:
        model = LLMModel
        for_editors = (
            "connection",
            "base_url",
            "has_key",
            "key_preview",
            "default_params",
            "last_test",
            "created_at",
            "updated_at",
        )
        fields = (
            "id",
            "name",
            "provider",
            "model_id",
            "is_global",
            "is_active",
            "usable",
            "unusable_reason",
            "capabilities",
            *COUNTS,
            *PRICES,
            *for_editors,
        )
        read_only_fields = fields

    provider = serializers.CharField(source="connection.provider", read_only=True)
    is_global = serializers.BooleanField(source="connection.is_global", read_only=True)
    usable = serializers.SerializerMethodField()
    unusable_reason = serializers.SerializerMethodField()
    capabilities = Capabilities(read_only=True)
    input_price = PriceField(read_only=True)
    output_price = PriceField(read_only=True)
    cached_input_price = PriceField(read_only=True)
    base_url = serializers.CharField(source="connection.base_url", read_only=True)
    has_key = serializers.BooleanField(source="connection.has_key", read_only=True)
    key_preview = serializers.CharField(source="connection.key_preview", read_only=True)
    last_test = serializers.SerializerMethodField()

    def get_usable(self, model: LLMModel) -> bool:
        return not self.get_unusable_reason(model)

    def get_unusable_reason(self, model: LLMModel) -> str:
        return model.unusable_reason(self.context["request"].user)

    @extend_schema_field(LastTest(allow_null=True))
    def get_last_test(self, model: LLMModel) -> dict[str, Any] | None:
        return LastTest(model).data if model.last_test_at else None

    def to_representation(self, model: LLMModel) -> dict[str, Any]:
        document = super().to_representation(model)
        if not may_edit(self.context["request"].user, model.connection.owner_id):
            for name in self.Meta.for_editors:
                del document[name]
        return document


class ModelFields(ConnectionFields):
    """What is written about a model. The address belongs to its connection."""

    ignored = frozenset(ModelDocument.Meta.fields)

    name = serializers.CharField(max_length=100, help_text="What people see.")
    model_id = serializers.CharField(max_length=200, help_text="What the provider calls it.")
    is_active = serializers.BooleanField(required=False, help_text="Whether it can be chosen.")
    capabilities = Capabilities(required=False, help_text=f"True or false for each of {', '.join(CAPABILITIES)}.")
    context_window = CountField(required=False, help_text="In tokens. Null: not known.")
    max_output_tokens = CountField(required=False, help_text="In tokens. Null: not known.")
    default_params = serializers.JSONField(required=False, help_text='Sent with every request: {"temperature": 0.2}.')
    input_price = PriceField(required=False, help_text="US dollars per million tokens. Null: not known.")
    output_price = PriceField(required=False, help_text="The same for the answer.")
    cached_input_price = PriceField(required=False, help_text="Null: as much as other input.")

    def to_representation(self, model: LLMModel) -> dict[str, Any]:
        return ModelDocument(model, context=self.context).data

    def save_model(self, model: LLMModel, values: dict[str, Any]) -> LLMModel:
        assign(model, values, OWN_FIELDS)
        model.full_clean()
        model.save()
        return model


@extend_schema_field(OpenApiTypes.UUID)
class OwnConnections(serializers.PrimaryKeyRelatedField):
    """Connections that the reader may edit; one that is somebody else's does not exist for them."""

    default_error_messages = {"does_not_exist": "There is no connection of yours with this id."}

    def get_queryset(self) -> QuerySet[Connection]:
        return Connection.objects.editable_by(self.context["request"].user)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "With a connection of its own",
            {"name": "My model", "model_id": "model-id-at-the-provider", "provider": provider_choices()[0][0]},
            request_only=True,
        )
    ]
)
class NewModel(ModelFields):
    """Either `connection`, or `provider` with base_url, api_key, …: a connection that comes and goes with the model."""

    provider = serializers.ChoiceField(choices=provider_choices(), required=False, help_text=PROVIDER)
    connection = OwnConnections(required=False, help_text="One of yours, instead of provider, base_url, api_key, …")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        refuse_both(values)
        refuse_to_move(self.initial_data, {"connection": self.initial_data.get("connection"), "is_global": False})
        if "connection" not in values and "provider" not in values:
            raise serializers.ValidationError("Send connection, or provider with base_url, api_key and so on.")
        return values

    @transaction.atomic
    def create(self, values: dict[str, Any]) -> LLMModel:
        user = self.context["request"].user
        connection = values.get("connection") or save_connection(
            Connection(owner=user, name=values["name"], is_inline=True), values, by=user
        )
        return self.save_model(LLMModel(connection=connection), values)


def refuse_both(values: dict[str, Any]) -> None:
    inline = [name for name in CONNECTION_FIELDS if name in values]
    if "connection" in values and inline:
        raise serializers.ValidationError(f"Send either connection or {', '.join(inline)}, not both.")


class ModelChanges(ModelFields):
    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """What a person may well mean to change here, and cannot, is told; other fields of the document are ignored."""
        document = self.to_representation(self.instance)
        sent = self.initial_data
        if errors := {
            name: why for name, why in STAYS.items() if name in sent and str(sent[name]) != str(document[name])
        }:
            raise serializers.ValidationError(errors)
        return values

    @transaction.atomic
    def update(self, model: LLMModel, values: dict[str, Any]) -> LLMModel:
        connection = model.connection
        changes = {name: values[name] for name in CONNECTION_FIELDS if name in values}
        changes = {name: value for name, value in changes.items() if differs(connection, name, value)}
        if changes and (others := connection.models.exclude(pk=model.pk).count()):
            raise ConnectionShared(connection, others)
        if changes:
            save_connection(connection, changes, by=self.context["request"].user)
        return self.save_model(model, values)


class ConnectionShared(Conflict):
    default_code = "connection_shared"

    def __init__(self, connection: Connection, others: int) -> None:
        super().__init__(
            f"This model's connection serves {others} more. Change it for all of them at "
            f"/api/connections/{connection.pk}, or make a new model."
        )


def refuse_to_move(sent: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """What a person may well mean to change here, and cannot, is told; other fields of a document are ignored."""
    changed = [name for name in STAYS if name in sent and str(sent[name]) != str(document[name])]
    if changed:
        raise serializers.ValidationError({name: STAYS[name] for name in changed})


def differs(connection: Connection, name: str, value: Any) -> bool:
    """What is entered as a secret always does: nobody compares it with what is stored."""
    if name == "base_url" and value:
        with suppress(Blocked):
            value = normalised(value)
    return name in SECRETS or getattr(connection, name) != value

"""`/api/models`: what a reader sees, and what an owner writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers, viewsets
from rest_framework.permissions import SAFE_METHODS, BasePermission

from registry.api.addresses import ADDRESS, PROVIDER, SECRETS, Address, save_address
from registry.api.changes import ChangesInTurn
from registry.api.errors import Conflict
from registry.api.fields import Capabilities, CountField, PriceField
from registry.api.filters import ModelFilter
from registry.api.reports import LastTest
from registry.api.schema import ANYBODY, RENAMED
from registry.models import CAPABILITIES, Connection, LLMModel
from registry.models.llm_model import PRICES
from registry.providers import provider_choices
from registry.querysets import may_edit

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

NOT_YOURS = "This model is everybody's. Only those who manage the global models may change or test it."
COUNTS = ("context_window", "max_output_tokens")
OWN_FIELDS = ("name", "model_id", "is_active", "default_params", *COUNTS, *PRICES)


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


class ModelFields(Address):
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
        for name in OWN_FIELDS:
            setattr(model, name, values.get(name, getattr(model, name)))
        for name, has_it in values.get("capabilities", {}).items():
            setattr(model, name, has_it)
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
    """Either `connection`, or `provider` and what belongs to it: a connection that comes and goes with the model."""

    provider = serializers.ChoiceField(choices=provider_choices(), required=False, help_text=PROVIDER)
    connection = OwnConnections(required=False, help_text="One of yours, instead of provider and what belongs to it.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        refuse_both(values)
        if "connection" not in values and "provider" not in values:
            raise serializers.ValidationError("Send connection, or provider and what belongs to it.")
        return values

    @transaction.atomic
    def create(self, values: dict[str, Any]) -> LLMModel:
        user = self.context["request"].user
        connection = values.get("connection") or save_address(
            Connection(owner=user, name=values["name"], is_inline=True), values, by=user
        )
        return self.save_model(LLMModel(connection=connection), values)


def refuse_both(values: dict[str, Any]) -> None:
    inline = [name for name in ADDRESS if name in values]
    if "connection" in values and inline:
        raise serializers.ValidationError(f"Send either connection or {', '.join(inline)}, not both.")


class ModelChanges(ModelFields):
    @transaction.atomic
    def update(self, model: LLMModel, values: dict[str, Any]) -> LLMModel:
        connection = model.connection
        address = {name: values[name] for name in ADDRESS if name in values and is_news(connection, name, values[name])}
        if address and (others := connection.models.exclude(pk=model.pk).count()):
            raise ConnectionShared(connection, others)
        if address:
            save_address(connection, address, by=self.context["request"].user)
        return self.save_model(model, values)


class ConnectionShared(Conflict):
    default_code = "connection_shared"

    def __init__(self, connection: Connection, others: int) -> None:
        super().__init__(
            f"This model's connection serves {others} more. Change it for all of them at "
            f"/api/connections/{connection.pk}, or make a new model."
        )


def is_news(connection: Connection, name: str, value: Any) -> bool:
    """What is entered as a secret always is: nobody compares it with what is stored."""
    return name in SECRETS or getattr(connection, name) != value


class EditableOrReadOnly(BasePermission):
    message = NOT_YOURS

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or request.user.is_authenticated

    def has_object_permission(self, request: Request, view: APIView, model: LLMModel) -> bool:
        return request.method in SAFE_METHODS or may_edit(request.user, model.connection.owner_id)


@extend_schema_view(
    list=extend_schema(summary="List models", auth=ANYBODY),
    create=extend_schema(
        summary="Make a model",
        description="Send either `connection`, or `provider` and what belongs to it: then a connection of the model's "
        "own is made, which goes with its last model.",
        responses={201: ModelDocument},
    ),
    retrieve=extend_schema(
        summary="Read a model", description="The last fields are there for those who may edit it.", auth=ANYBODY
    ),
    partial_update=extend_schema(
        summary="Change a model",
        description="What is left out stays. `provider`, `base_url`, `api_key`, `headers` and `options` belong to the "
        "model's connection; where that serves other models too, the answer is 409 `connection_shared`.",
        examples=[RENAMED],
        responses=ModelDocument,
    ),
    destroy=extend_schema(
        summary="Delete a model", description="A connection that was made with it goes with its last model."
    ),
)
class Models(ChangesInTurn, viewsets.ModelViewSet):
    """
    Language models: those that are everybody's, and your own.

    A list can be narrowed with `?provider=`, `?owner=mine,global`, `?capability=tools,vision` and `?search=`, and
    sorted with `?ordering=name`. Who may not edit a model reads less of it. Prices are US dollars per million tokens;
    null means that nobody knows.
    """

    http_method_names = ["get", "head", "post", "patch", "delete"]
    permission_classes = [EditableOrReadOnly]
    filterset_class = ModelFilter
    serializers_of = {"POST": NewModel, "PATCH": ModelChanges}

    def get_queryset(self) -> QuerySet[LLMModel]:
        return LLMModel.objects.visible_to(self.request.user).select_related("connection")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializers_of.get(self.request.method, ModelDocument)

"""`/api/models/templates`: the catalogue, and a model made from one of its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from registry.api.changes import assign
from registry.api.connection_fields import ConnectionFields, save_connection
from registry.api.fields import Capabilities, PriceField
from registry.api.filters import refuse_unknown_parameters
from registry.api.model_serializers import ModelDocument, OwnConnections, refuse_both
from registry.api.schema import ANYBODY
from registry.catalog import template, templates
from registry.providers import provider_choices
from registry.template import Lifecycle, Template

if TYPE_CHECKING:
    from rest_framework.request import Request

    from registry.models import Connection, LLMModel

LIFECYCLES = [(each.value, each.value) for each in Lifecycle]
FROM_TEMPLATE = OpenApiExample(
    "With a connection of its own", {"template": templates()[0].id, "name": "My model"}, request_only=True
)
NO_SUCH_TEMPLATE = "There is no such template. /api/models/templates lists them."


class TemplateDocument(serializers.Serializer):
    id = serializers.CharField()
    provider = serializers.CharField()
    vendor = serializers.CharField(help_text="Who serves the model.")
    name = serializers.CharField()
    model_id = serializers.CharField()
    description = serializers.CharField()
    capabilities = Capabilities()
    context_window = serializers.IntegerField(allow_null=True)
    max_output_tokens = serializers.IntegerField(allow_null=True)
    input_price = PriceField()
    output_price = PriceField()
    cached_input_price = PriceField()
    base_url = serializers.CharField(help_text="Where it usually is. Empty: the provider's own address.")
    needs_key = serializers.BooleanField()
    lifecycle = serializers.SerializerMethodField()
    ends = serializers.DateField(allow_null=True)
    successor = serializers.CharField(source="successor.id", default="", help_text="The template to use instead.")
    notice = serializers.SerializerMethodField(help_text="What there is to know before it is used.")

    @extend_schema_field(serializers.ChoiceField(choices=LIFECYCLES))
    def get_lifecycle(self, template: Template) -> str:
        return template.lifecycle_on(timezone.localdate())

    def get_notice(self, template: Template) -> str:
        return template.notice(timezone.localdate())


class TemplateQuery(serializers.Serializer):
    provider = serializers.ChoiceField(choices=provider_choices(), required=False, help_text="Of this provider.")
    lifecycle = serializers.ChoiceField(choices=LIFECYCLES, required=False, help_text="Its lifecycle today.")
    search = serializers.CharField(required=False, max_length=100, help_text="In the name or the model id.")


@extend_schema(tags=["models"])
class Templates(generics.ListAPIView):
    """
    The catalogue: models that are known, with what they can do and cost.

    It can be narrowed with `?provider=`, `?lifecycle=current` and `?search=`.
    """

    permission_classes = [AllowAny]
    serializer_class = TemplateDocument
    filter_backends: list[type] = []

    @extend_schema(summary="List the catalogue", parameters=[TemplateQuery], auth=ANYBODY)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> list[Template]:
        query = TemplateQuery(data=self.request.query_params)
        refuse_unknown_parameters(self.request, query.fields)
        query.is_valid(raise_exception=True)
        return [template for template in templates() if fits(template, **query.validated_data)]


def fits(template: Template, *, provider: str = "", lifecycle: str = "", search: str = "") -> bool:
    return (
        provider in {"", template.provider}
        and lifecycle in {"", template.lifecycle_on(timezone.localdate())}
        and search.lower() in f"{template.name}\n{template.model_id}".lower()
    )


@extend_schema_serializer(examples=[FROM_TEMPLATE])
class FromTemplate(ConnectionFields):
    """What the template leaves open, and what is to be other than it says."""

    provider = None
    template = serializers.CharField(max_length=100, help_text="Its id. /api/models/templates lists them.")
    name = serializers.CharField(required=False, max_length=100, help_text="Another than the template's.")
    model_id = serializers.CharField(required=False, max_length=200, help_text="Another than the template's.")
    is_active = serializers.BooleanField(required=False, help_text="Whether it can be chosen.")
    connection = OwnConnections(required=False, help_text="One of yours, instead of base_url, api_key, …")

    def validate_template(self, template_id: str) -> Template:
        if found := template(template_id):
            return found
        raise serializers.ValidationError(NO_SUCH_TEMPLATE)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        refuse_both(values)
        return values

    def to_representation(self, model: LLMModel) -> dict[str, Any]:
        return MadeFromTemplate(model, context=self.context).data

    @transaction.atomic
    def create(self, values: dict[str, Any]) -> LLMModel:
        template = values["template"]
        model = template.new_model(values.get("connection") or self.new_connection(template, values))
        model.notice = template.notice(timezone.localdate())
        assign(model, values, ("name", "model_id", "is_active"))
        model.full_clean()
        model.save()
        return model

    def new_connection(self, template: Template, values: dict[str, Any]) -> Connection:
        user = self.context["request"].user
        connection = template.new_connection(user)
        connection.is_inline = True
        return save_connection(connection, values, by=user)


class MadeFromTemplate(ModelDocument):
    notice = serializers.CharField(read_only=True)

    class Meta(ModelDocument.Meta):
        fields = (*ModelDocument.Meta.fields, "notice")
        read_only_fields = fields


@extend_schema(tags=["models"])
class ModelsFromTemplates(generics.CreateAPIView):
    """
    A model from an entry of the catalogue, with a connection of its own or behind one of yours.

    `notice` says what there is to know where the entry is deprecated or retired.
    """

    serializer_class = FromTemplate

    @extend_schema(summary="Make a model from a template", responses={201: MadeFromTemplate})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.create(request, *args, **kwargs)

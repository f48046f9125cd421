"""`/api/models`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, viewsets

from registry.api.changes import ChangesInTurn
from registry.api.filters import ModelFilter
from registry.api.model_serializers import ModelChanges, ModelDocument, NewModel
from registry.api.permissions import EditableOrReadOnly
from registry.api.schema import ANYBODY, RENAMED
from registry.models import LLMModel

if TYPE_CHECKING:
    from django.db.models import QuerySet


@extend_schema_view(
    list=extend_schema(summary="List models", auth=ANYBODY),
    create=extend_schema(
        summary="Make a model",
        description="Send either `connection`, or `provider` and what belongs to it: a connection of the model's "
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
    sorted with `?ordering=name`. Readers who may not edit a model see fewer fields. Prices are US dollars per
    million tokens; null means that nobody knows.
    """

    http_method_names = ["get", "head", "post", "patch", "delete"]
    permission_classes = [EditableOrReadOnly]
    filterset_class = ModelFilter
    serializers_of = {"POST": NewModel, "PATCH": ModelChanges}

    def get_queryset(self) -> QuerySet[LLMModel]:
        return LLMModel.objects.visible_to(self.request.user).select_related("connection")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return self.serializers_of.get(self.request.method, ModelDocument)

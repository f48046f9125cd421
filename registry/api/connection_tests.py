"""`POST /api/models/test-connection`: does it answer, and if not, what is to be done?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.response import Response

from registry.api.changes import assign
from registry.api.connection_fields import PROVIDER, ConnectionFields, enter_connection
from registry.api.fields import Capabilities
from registry.api.permissions import EditableOrReadOnly, refuse_to_share
from registry.api.reports import ConnectionTestReport
from registry.connection_tests import ConnectionTest, run_stored, run_unsaved
from registry.models import Connection, LLMModel
from registry.providers import provider_choices

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User
    from rest_framework.request import Request

STORED_AS_IT_IS = "What is stored is tested as it is stored. Send {alone} alone, or everything and no id."
UNSAVED = "Connection test"
NO_MODEL_YET = "This connection has no model yet. Send model_id too."


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "What is not stored",
            {"provider": provider_choices()[0][0], "model_id": "model-id-at-the-provider"},
            request_only=True,
        )
    ]
)
class ConnectionTestRequest(ConnectionFields):
    """`model`; or `connection`, if need be with `model_id`; or a whole configuration that is not stored."""

    model = serializers.UUIDField(required=False, help_text="A stored model; then nothing else.")
    connection = serializers.UUIDField(required=False, help_text="A stored connection; then model_id at most.")
    provider = serializers.ChoiceField(choices=provider_choices(), required=False, help_text=PROVIDER)
    model_id = serializers.CharField(required=False, max_length=200, help_text="What the provider calls the model.")
    is_global = serializers.BooleanField(
        required=False, help_text="Test it as everybody's. Only those who manage the global models may."
    )
    capabilities = Capabilities(required=False, help_text="What is tried: streaming, tools, vision.")
    default_params = serializers.JSONField(required=False, help_text="Sent with every question.")

    def validate_is_global(self, is_global: bool) -> bool:  # noqa: FBT001 - DRF's signature
        if is_global:
            refuse_to_share(self.context["request"].user)
        return is_global

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Never a stored key with an address that was sent."""
        if "model" in values and set(values) != {"model"}:
            raise serializers.ValidationError(STORED_AS_IT_IS.format(alone="model"))
        if "connection" in values and not set(values) <= {"connection", "model_id"}:
            raise serializers.ValidationError(STORED_AS_IT_IS.format(alone="connection, with model_id if need be,"))
        if not {"model", "connection"} & set(values) and not {"provider", "model_id"} <= set(values):
            raise serializers.ValidationError("Send model, connection, or provider and model_id with what they need.")
        return values


@extend_schema(tags=["models"])
class ConnectionTests(GenericAPIView):
    """
    Does a model answer, and if not, what is to be done?

    Send `model`; or `connection`, with `model_id` where it has no model yet; or a whole configuration, which is tested
    without being stored. What is stored is tested as it is stored. The answer is a report in steps, also where the test
    failed: then a step says what to do. A test asks up to four short questions, which cost a few tokens.
    """

    serializer_class = ConnectionTestRequest
    permission_classes = [EditableOrReadOnly]
    throttle_scope = "connection-test"

    @extend_schema(summary="Test a connection", responses={200: ConnectionTestReport})
    def post(self, request: Request) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(ConnectionTestReport(self.run(**asked.validated_data)).data)

    def run(
        self, *, model: UUID | None = None, connection: UUID | None = None, model_id: str = "", **values: Any
    ) -> ConnectionTest:
        user = self.request.user
        if model:
            return run_stored(user, self.editable_model(model))
        if connection:
            return run_connection(user, self.editable_connection(connection), model_id)
        return run_unsaved(user, unsaved_model(user, model_id, values))

    def editable_model(self, model_id: UUID) -> LLMModel:
        visible = LLMModel.objects.visible_to(self.request.user).select_related("connection")
        model = get_object_or_404(visible, pk=model_id)
        self.check_object_permissions(self.request, model)
        return model

    def editable_connection(self, connection_id: UUID) -> Connection:
        return get_object_or_404(Connection.objects.editable_by(self.request.user), pk=connection_id)


def run_connection(user: User, connection: Connection, model_id: str) -> ConnectionTest:
    if model_id:
        return run_unsaved(user, LLMModel(connection=connection, model_id=model_id))
    model = connection.models.order_by("-is_active", "name").first()
    if model is None:
        raise serializers.ValidationError({"model_id": NO_MODEL_YET})
    return run_stored(user, model)


def unsaved_model(user: User, model_id: str, values: dict[str, Any]) -> LLMModel:
    connection = Connection(owner=None if values.get("is_global") else user, name=UNSAVED)
    enter_connection(connection, values, by=user)
    connection.full_clean()
    model = LLMModel(connection=connection, name=UNSAVED, model_id=model_id)
    assign(model, values, ("capabilities", "default_params"))
    model.full_clean(exclude=["connection"])
    return model

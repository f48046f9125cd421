"""`POST /api/models/test-connection`: does it answer, and if not, what is to be done?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from registry.api.addresses import Address, enter_address
from registry.api.connections import only_managers_share
from registry.api.fields import Capabilities
from registry.api.models import NOT_YOURS
from registry.api.reports import ConnectionTestReport
from registry.connection_tests import ConnectionTest, test_config, test_model
from registry.models import Connection, LLMModel
from registry.providers import provider_choices
from registry.querysets import may_edit

if TYPE_CHECKING:
    from uuid import UUID

    from django.contrib.auth.models import User
    from rest_framework.request import Request

STORED_AS_IT_IS = "What is stored is tested as it is stored. Send {alone} alone, or everything and no id."
NO_MODEL_YET = "This connection has no model yet. Send model_id too."


class ConnectionTestRequest(Address):
    """`model`; or `connection`, if need be with `model_id`; or a whole configuration that is not stored."""

    model = serializers.UUIDField(required=False)
    connection = serializers.UUIDField(required=False)
    provider = serializers.ChoiceField(choices=provider_choices(), required=False)
    model_id = serializers.CharField(required=False, max_length=200)
    is_global = serializers.BooleanField(required=False)
    capabilities = Capabilities(required=False)
    default_params = serializers.JSONField(required=False)

    def validate_is_global(self, is_global: bool) -> bool:  # noqa: FBT001 - DRF's signature
        only_managers_share(self.context["request"].user, wanted=is_global)
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
    throttle_scope = "connection-test"

    @extend_schema(summary="Test a connection", responses={200: ConnectionTestReport})
    def post(self, request: Request) -> Response:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(ConnectionTestReport(run(request.user, **asked.validated_data)).data)


def run(user: User, *, model: UUID | None = None, connection: UUID | None = None, **values: Any) -> ConnectionTest:
    if model:
        return test_model(user, editable_model(user, model))
    if connection:
        return run_connection(user, editable_connection(user, connection), values.get("model_id", ""))
    unsaved = unsaved_model(user, values)
    return test_config(user, unsaved.to_config(), unsaved.connection.owner_id)


def run_connection(user: User, connection: Connection, model_id: str) -> ConnectionTest:
    if model_id:
        config = LLMModel(connection=connection, model_id=model_id).to_config()
        return test_config(user, config, connection.owner_id)
    model = connection.models.order_by("-is_active", "name").first()
    if model is None:
        raise serializers.ValidationError({"model_id": NO_MODEL_YET})
    return test_model(user, model)


def unsaved_model(user: User, values: dict[str, Any]) -> LLMModel:
    connection = Connection(owner=None if values.get("is_global") else user, name="Connection test")
    enter_address(connection, values, by=user)
    connection.full_clean()
    model = LLMModel(connection=connection, name="Connection test", model_id=values["model_id"])
    model.default_params = values.get("default_params", {})
    for name, has_it in values.get("capabilities", {}).items():
        setattr(model, name, has_it)
    model.full_clean(exclude=["connection"])
    return model


def editable_model(user: User, model_id: UUID) -> LLMModel:
    model = LLMModel.objects.visible_to(user).select_related("connection").filter(pk=model_id).first()
    if model is None:
        raise NotFound
    if not may_edit(user, model.connection.owner_id):
        raise PermissionDenied(NOT_YOURS)
    return model


def editable_connection(user: User, connection_id: UUID) -> Connection:
    connection = Connection.objects.editable_by(user).filter(pk=connection_id).first()
    if connection is None:
        raise NotFound
    return connection

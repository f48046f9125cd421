"""`/api/conversations`. A conversation is its owner's, whatever rank anybody else has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from chat import turns
from chat.api.fields import ParamsField, TextField, ToolsField
from chat.api.refusals import Refusing
from chat.engine import current_engine
from chat.models import Conversation
from registry.api.fields import StrictSerializer
from registry.models import LLMModel

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ConversationDocument(serializers.ModelSerializer):
    class Meta:
        model = Conversation
        fields = (
            "id",
            "title",
            "model",
            "system_prompt",
            "params",
            "tools",
            "pinned",
            "active_leaf",
            "running_turn",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields

    params = serializers.DictField(read_only=True)
    tools = serializers.ListField(child=serializers.CharField(), read_only=True)
    active_leaf = serializers.PrimaryKeyRelatedField(
        read_only=True, allow_null=True, help_text="The newest message that is shown."
    )
    running_turn = serializers.UUIDField(
        read_only=True, allow_null=True, help_text="The answer that is being written now."
    )


@extend_schema_field(OpenApiTypes.UUID)
class VisibleModels(serializers.PrimaryKeyRelatedField):
    default_error_messages = {"does_not_exist": "There is no model of this id for you. GET /api/models lists yours."}

    def get_queryset(self) -> QuerySet[LLMModel]:
        return LLMModel.objects.visible_to(self.context["request"].user)


@extend_schema_serializer(examples=[OpenApiExample("A new chat", {"title": "My chat"}, request_only=True)])
class NewConversation(StrictSerializer):
    """What is written about a conversation."""

    ignored = frozenset(ConversationDocument.Meta.fields)

    title = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Empty: made of the first message."
    )
    model = VisibleModels(required=False, allow_null=True, help_text="Who answers. Null: whoever is the default.")
    system_prompt = TextField(required=False, allow_blank=True, help_text="Goes before every message.")
    params = ParamsField()
    tools = ToolsField()
    pinned = serializers.BooleanField(required=False)

    def to_representation(self, conversation: Conversation) -> dict[str, Any]:
        return ConversationDocument(conversation).data

    def create(self, values: dict[str, Any]) -> Conversation:
        return Conversation.objects.create(owner=self.context["request"].user, **values)

    def update(self, conversation: Conversation, values: dict[str, Any]) -> Conversation:
        for name, value in values.items():
            setattr(conversation, name, value)
        # These alone: a turn may be changing the others, and a new title makes no chat the newest.
        conversation.save(update_fields=[*values])
        return conversation


class ConversationFilter(filters.FilterSet):
    search = filters.CharFilter(field_name="title", lookup_expr="icontains", help_text="What the title contains.")

    class Meta:
        model = Conversation
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(summary="List your conversations"),
    create=extend_schema(
        summary="Begin a conversation",
        description="It is empty until a message is sent to it.",
        responses={201: ConversationDocument},
    ),
    retrieve=extend_schema(summary="Read a conversation", description="Its messages have a path of their own."),
    partial_update=extend_schema(
        summary="Change a conversation",
        description="What is left out stays. It holds for the next message; an answer that is being written goes on.",
        examples=[OpenApiExample("Another title", {"title": "Other title"}, request_only=True)],
        responses=ConversationDocument,
    ),
    destroy=extend_schema(
        summary="Delete a conversation",
        description="With its messages. An answer that is being written is stopped; what it used stays noted.",
    ),
)
class Conversations(Refusing, viewsets.ModelViewSet):
    """
    Your conversations, the one with the newest answer first. Nobody else reads them, whatever their rank.

    `?search=` finds what is in a title.
    """

    http_method_names = ["get", "head", "post", "patch", "delete"]
    lookup_value_regex = "[0-9a-fA-F-]{32,36}"
    filterset_class = ConversationFilter

    def get_queryset(self) -> QuerySet[Conversation]:
        own = Conversation.objects.visible_to(self.request.user).with_running_turn()
        return own.order_by("-updated_at", "id")

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return ConversationDocument if self.request.method in {"GET", "HEAD"} else NewConversation

    def perform_destroy(self, conversation: Conversation) -> None:
        turns.delete(conversation)


class Stopped(serializers.Serializer):
    turn = serializers.UUIDField(allow_null=True, help_text="What was stopped. Null: nothing was being written.")


@extend_schema(tags=["conversations"])
class Stop(Refusing):
    """
    Stop the answer that is being written.

    What has arrived is kept. Where none is being written, nothing happens.
    """

    @extend_schema(summary="Stop the running answer", request=None, responses=Stopped)
    def post(self, request: Request, conversation_id: str) -> Response:
        conversation = get_object_or_404(Conversation.objects.visible_to(request.user), pk=conversation_id)
        turn = conversation.messages.running().values_list("pk", flat=True).first()
        if turn is not None:
            turns.stop(current_engine(), request.user.pk, turn)
        return Response(Stopped({"turn": turn}).data)

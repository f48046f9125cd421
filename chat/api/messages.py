"""`/api/conversations/{id}/messages`: the tree of a conversation, and what starts another answer in it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import generics, serializers, status
from rest_framework.response import Response

from chat import turns, wire
from chat.api.documents import Facts, MessageDocument
from chat.api.fields import CLIENT_ID, MODEL, ParamsField, TextField
from chat.api.pagination import Cursors
from chat.api.refusals import Refusing
from chat.engine import current_engine
from chat.models import Conversation, Message
from registry.api.fields import StrictSerializer

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

PARENT = "The answer that it replies to. Left out: the newest that is shown."


class AcceptedDocument(serializers.Serializer):
    client_id = serializers.UUIDField()
    conversation = serializers.UUIDField()
    message = serializers.UUIDField(help_text="The question.")
    turn = serializers.UUIDField(help_text="The answer that is being written: a message too.")


class Starting(StrictSerializer):
    """What starts a turn. The same `client_id` again starts none: it is answered as the first one was."""

    client_id = serializers.UUIDField(required=False, help_text=CLIENT_ID)
    model = serializers.CharField(required=False, allow_null=True, max_length=64, help_text=MODEL)

    def to_representation(self, accepted: turns.Accepted) -> dict[str, Any]:
        return AcceptedDocument(accepted).data


@extend_schema_serializer(examples=[OpenApiExample("A message", {"text": "Hello"}, request_only=True)])
class NewMessage(Starting):
    text = TextField()
    parent = serializers.UUIDField(required=False, allow_null=True, help_text=PARENT)
    params = ParamsField()

    def create(self, values: dict[str, Any]) -> turns.Accepted:
        send = wire.Send(**{"client_id": uuid4()} | values)
        return turns.send(current_engine(), self.context["request"].user.pk, send)


class AnotherAnswer(Starting):
    def create(self, values: dict[str, Any]) -> turns.Accepted:
        regenerate = wire.Regenerate(**{"client_id": uuid4()} | values)
        return turns.regenerate(current_engine(), self.context["request"].user.pk, regenerate)


class OfConversation(Refusing, generics.GenericAPIView):
    """What belongs to one conversation of the reader's: another's does not exist."""

    queryset = Message.objects.none()
    lookup_url_kwarg = "message_id"
    filter_backends = []

    @cached_property
    def conversation(self) -> Conversation:
        own = Conversation.objects.visible_to(self.request.user)
        return generics.get_object_or_404(own, pk=self.kwargs["conversation_id"])

    def get_queryset(self) -> QuerySet[Message]:
        return self.conversation.messages.all()

    def facts(self, messages: list[Message]) -> dict[str, Facts]:
        return {"facts": Facts.about(self.conversation, messages)}

    def started(self, request: Request, **values: Any) -> Response:
        starting = self.get_serializer(data=request.data)
        starting.is_valid(raise_exception=True)
        starting.save(**values)
        return Response(starting.data, status=status.HTTP_202_ACCEPTED)


@extend_schema(tags=["conversations"])
class Messages(OfConversation):
    """
    The messages of a conversation, oldest first, by pages with a cursor: follow `next`.

    They form a tree: editing and regenerating add siblings. Every message names its `parent`, which has come before it;
    `on_active_path` says which of them are shown.
    """

    http_method_names = ["get", "head", "post"]
    pagination_class = Cursors

    def get_serializer_class(self) -> type[serializers.Serializer]:
        return NewMessage if self.request.method == "POST" else MessageDocument

    @property
    def throttle_scope(self) -> str | None:
        return "chat" if self.request.method == "POST" else None

    @extend_schema(summary="List messages", responses=MessageDocument(many=True))
    def get(self, request: Request, conversation_id: str) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(MessageDocument(page, many=True, context=self.facts(page)).data)

    @extend_schema(
        summary="Send a message",
        description="The answer is written from now on, whoever follows it: at `/events`, by reading the message "
        "`turn`, or on the page.",
        responses={202: AcceptedDocument},
    )
    def post(self, request: Request, conversation_id: str) -> Response:
        return self.started(request, conversation=self.conversation.pk)


@extend_schema(tags=["conversations"])
class OneMessage(OfConversation):
    """One message. An answer that is being written is read as far as it has come."""

    http_method_names = ["get", "head"]
    serializer_class = MessageDocument

    @extend_schema(summary="Read a message")
    def get(self, request: Request, conversation_id: str, message_id: str) -> Response:
        message = self.get_object()
        return Response(MessageDocument(message, context=self.facts([message])).data)


@extend_schema(tags=["conversations"])
class Regenerate(OfConversation):
    """
    Ask for another answer to the same question.

    It becomes a sibling of the one that is there, which stays.
    """

    http_method_names = ["post"]
    serializer_class = AnotherAnswer
    throttle_scope = "chat"

    def get_queryset(self) -> QuerySet[Message]:
        return super().get_queryset().filter(role=Message.Role.ASSISTANT)

    @extend_schema(summary="Answer again", responses={202: AcceptedDocument})
    def post(self, request: Request, conversation_id: str, message_id: str) -> Response:
        return self.started(request, message=self.get_object().pk)

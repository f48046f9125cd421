"""`POST /api/chat`: ask a model, inside a conversation or outside any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import generics, serializers

import llm
from chat import turns, wire
from chat.api.answers import CallAnswer, TurnAnswer
from chat.api.continuing import Continued, Continuing
from chat.api.documents import ToolStep, UsageDocument
from chat.api.events import EVENTS
from chat.api.fields import CLIENT_ID, MODEL, ParamsField, TextField, ToolsField
from chat.api.refusals import Refusing
from chat.bare import prepare_call
from chat.engine import current_engine
from chat.models import Message
from chat.sessions import SignIn
from chat.tools import TOOLS
from registry.api.fields import StrictSerializer

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

SPEAK = {"system": llm.system, "user": llm.user, "assistant": llm.assistant}
ONE_OF_BOTH = "Send message, or messages, and not both."
ITS_OWN_MESSAGES = "A conversation has its messages already. Send message alone."
NOBODY_ASKS = "None of these is from the user. Add one."


class ChatMessage(StrictSerializer):
    role = serializers.ChoiceField(choices=list(SPEAK))
    content = TextField()


@extend_schema_serializer(
    examples=[OpenApiExample("A question", {"message": "Hello", "stream": False}, request_only=True)]
)
class ChatRequest(StrictSerializer):
    message = TextField(required=False, help_text="What to ask. In a conversation: what comes next.")
    messages = ChatMessage(
        many=True, required=False, allow_empty=False, help_text="All that was said so far, of which nothing is stored."
    )
    model = serializers.CharField(required=False, allow_null=True, max_length=64, help_text=MODEL)
    conversation = serializers.UUIDField(
        required=False, allow_null=True, help_text="One of yours, in which question and answer are kept."
    )
    tools = ToolsField()
    params = ParamsField()
    client_id = serializers.UUIDField(required=False, help_text=CLIENT_ID)
    stream = serializers.BooleanField(default=True, help_text="False: the whole answer as one document.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("message" in values) == ("messages" in values):
            raise serializers.ValidationError(ONE_OF_BOTH)
        if values.get("conversation") and "messages" in values:
            raise serializers.ValidationError({"messages": ITS_OWN_MESSAGES})
        if "messages" in values and all(message["role"] != "user" for message in values["messages"]):
            raise serializers.ValidationError({"messages": NOBODY_ASKS})
        if conversation_id := values.get("conversation"):
            # A foreign one does not exist, whether there is room for an answer or not.
            turns.visible_conversation(self.context["request"].user, conversation_id)
        return values


class Said(serializers.Serializer):
    role = serializers.CharField(help_text="assistant")
    content = serializers.CharField()


class ChatAnswer(serializers.Serializer):
    message = Said(help_text="As it may be sent back in `messages`.")
    reasoning = serializers.CharField()
    model = serializers.CharField(allow_null=True, help_text='The id of the model, or "environment".')
    model_label = serializers.CharField()
    model_reason = serializers.CharField(help_text="Why this one.")
    finish = serializers.CharField(help_text="stop, length, tool_calls, content_filter, refusal, stopped or unknown.")
    usage = UsageDocument(allow_null=True)
    tool_calls = ToolStep(many=True)
    conversation = serializers.UUIDField(allow_null=True)
    turn = serializers.UUIDField()


class Chat(Continuing, Refusing, generics.GenericAPIView):
    """
    Ask a model.

    - With `conversation`, question and answer are kept in it, and the answer is written to its end whoever leaves.
    - Without, nothing is kept but what was used, and whoever leaves ends the call.

    Tools run on the server, for up to 8 rounds. In a conversation they are its own from then on.

    What fails before the first word has a status and the shape of every refusal; what fails later is a `failed` event.
    The first event is `accepted {client_id, conversation, message, turn, model, model_label, model_reason}`.
    """

    http_method_names = ["post"]
    serializer_class = ChatRequest
    throttle_scope = "chat"

    @extend_schema(
        summary="Ask a model",
        responses={(200, "text/event-stream"): EVENTS, (200, "application/json"): ChatAnswer},
    )
    def post(self, request: Request) -> Continued:
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        answer = (turn_answer if values.get("conversation") else call_answer)(request, values)
        return Continued(answer.streamed if values["stream"] else answer.whole)


def turn_answer(request: Request, values: dict[str, Any]) -> TurnAnswer:
    send = wire.Send(
        client_id=client_id_of(values),
        text=values["message"],
        conversation=values["conversation"],
        model=values.get("model"),
        params=values.get("params", {}),
        tools=tuple(values["tools"]) if "tools" in values else None,
    )
    accepted = turns.send(current_engine(), request.user.pk, send)
    return TurnAnswer(accepted, Message.objects.get(pk=accepted.turn), SignIn.of(request))


def call_answer(request: Request, values: dict[str, Any]) -> CallAnswer:
    said = values.get("messages") or [{"role": "user", "content": values["message"]}]
    call = prepare_call(
        request.user,
        [SPEAK[each["role"]](each["content"]) for each in said],
        model=values.get("model"),
        tools=[TOOLS[name] for name in values.get("tools", ())],
        params=values.get("params", {}),
    )
    return CallAnswer(client_id_of(values), call, SignIn.of(request))


def client_id_of(values: dict[str, Any]) -> UUID:
    return values.get("client_id") or uuid4()

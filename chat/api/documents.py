"""Messages as they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.broadcast import row_final, row_snapshot
from chat.models import Conversation, Message
from chat.tools import merged_steps
from chat.usage import usage_frame
from registry.usage import TurnUsage, usage_of_turns

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Facts:
    """What of some messages stands elsewhere than in their rows."""

    active_path: frozenset[UUID]
    usages: dict[UUID, TurnUsage]

    @classmethod
    def about(cls, conversation: Conversation, messages: list[Message]) -> Facts:
        path = conversation.messages.ids_on_path_to(conversation.active_leaf_id)
        return cls(frozenset(path), usage_of_turns([message.pk for message in messages]))


class UsageDocument(serializers.Serializer):
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField(help_text="The provider did not say, or not all of it.")
    cost = serializers.CharField(allow_null=True, help_text="US dollars. Null: a price is not known.")


class ToolStep(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    phase = serializers.ChoiceField(choices=["call", "result", "error"])
    args = serializers.CharField(required=False, help_text="What the model wrote: JSON, if it was right.")
    result = serializers.CharField(required=False)


class FailureDocument(serializers.Serializer):
    code = serializers.CharField(source="error_code")
    message = serializers.CharField(source="error_message")
    retryable = serializers.BooleanField(help_text="The same request may succeed later.")


class MessageDocument(serializers.ModelSerializer):
    class Meta:
        model = Message
        fields = (
            "id",
            "parent",
            "on_active_path",
            "role",
            "text",
            "reasoning",
            "tools",
            "model",
            "model_label",
            "model_reason",
            "status",
            "finish",
            "error",
            "usage",
            "seq",
            "created_at",
        )
        read_only_fields = fields

    parent = serializers.PrimaryKeyRelatedField(
        read_only=True, allow_null=True, help_text="What it answers. Null: it is the first."
    )
    on_active_path = serializers.SerializerMethodField(help_text="Whether it is shown.")
    reasoning = serializers.SerializerMethodField()
    tools = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField(help_text="Why the answer is not whole. Null: it is, or is not yet.")
    usage = serializers.SerializerMethodField(help_text="Of an answer that has ended. Null: no call went out.")
    seq = serializers.IntegerField(read_only=True, help_text="The last event that the text contains.")

    def get_on_active_path(self, message: Message) -> bool:
        return message.pk in self.context["facts"].active_path

    def get_reasoning(self, message: Message) -> str:
        return row_snapshot(message).reasoning

    @extend_schema_field(ToolStep(many=True))
    def get_tools(self, message: Message) -> list[dict[str, Any]]:
        return merged_steps(row_snapshot(message).tools)

    @extend_schema_field(FailureDocument(allow_null=True))
    def get_error(self, message: Message) -> dict[str, Any] | None:
        return FailureDocument(row_final(message, None)).data if message.error_code else None

    @extend_schema_field(UsageDocument(allow_null=True))
    def get_usage(self, message: Message) -> dict[str, Any] | None:
        return usage_frame(self.context["facts"].usages.get(message.pk))

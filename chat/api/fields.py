"""What several resources of the chat take."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from chat.tools import TOOLS
from chat.wire import MAX_TEXT, PARAMS, FrameReader, Refused

CLIENT_ID = "A UUID of your own. The same one again is the same turn, not another one. Left out: the server makes one."
MODEL = 'The id of a model, or "environment". Left out: the conversation\'s, or the default.'


class TextField(serializers.CharField):
    """What somebody says, as they wrote it."""

    default_error_messages = {"blank": "Write a message first."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": MAX_TEXT, "trim_whitespace": False} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str) and not data.strip() and not self.allow_blank:
            self.fail("blank")
        return super().run_validation(data)


class ParamsField(serializers.DictField):
    def __init__(self, **kwargs: Any) -> None:
        known = ", ".join(PARAMS)
        super().__init__(**{"required": False, "help_text": f"For the model: {known}."} | kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            return FrameReader({"params": super().to_internal_value(data)}).params()
        except Refused as refused:
            raise serializers.ValidationError(refused.message) from None


class ToolName(serializers.ChoiceField):
    default_error_messages = {"invalid_choice": f"There is no tool of this name. There are: {', '.join(TOOLS)}."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(list(TOOLS), **kwargs)


class ToolsField(serializers.ListField):
    default_error_messages = {"twice": "A tool is named twice. Name each once."}

    def __init__(self, **kwargs: Any) -> None:
        help_text = "Names of tools that the model may call. They run on the server."
        super().__init__(**{"child": ToolName(), "required": False, "help_text": help_text} | kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        names = super().to_internal_value(data)
        if len(set(names)) != len(names):
            self.fail("twice")
        return names

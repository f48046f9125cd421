"""`/api/conversations/{id}/events`: follow an answer while it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response

from chat.api.continuing import Streaming
from chat.api.messages import OfConversation
from chat.api.streams import EventStream, check_turn, watched
from chat.broadcast import follow
from chat.engine import current_engine
from chat.models import Message
from chat.sessions import SignIn
from registry.fields import LARGEST_COUNT

if TYPE_CHECKING:
    from django.http import HttpResponseBase
    from rest_framework.request import Request

EVENT_ID = re.compile(r"(?P<turn>[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}):(?P<seq>[0-9]{1,10})")
BAD_LAST_EVENT = "Last-Event-ID must be the id of an event: a turn, a colon and a number."
FRAMES = """\
Server-sent events. `event:` is a type, `data:` a JSON object of that type, `id:` says which event of which turn it is.

- `snapshot {status, text, reasoning, tools}`: all that there is so far, in place of what came before
- `delta {text}`, `reasoning {text}`, `tool {id, name, phase, args?, result?}`: what is added to it
- `done {status, finish, usage, html, model_label}` or `failed {status, code, message, retryable, usage}`: the end

Unknown types and fields may be added. A comment comes after 15 seconds of silence."""


class StreamedEvent(serializers.Serializer):
    """One event of a stream."""

    event = serializers.CharField(help_text="The type.")
    data = serializers.CharField(help_text="An object of this type, as JSON.")
    id = serializers.CharField(required=False, help_text="Turn and number, for `Last-Event-ID`.")


EVENTS = OpenApiResponse(StreamedEvent, description=FRAMES)


class AttachTo(serializers.Serializer):
    turn = serializers.UUIDField(required=False, help_text="The answer. Left out: the one that is being written.")
    after = serializers.IntegerField(
        default=0, min_value=0, max_value=LARGEST_COUNT, help_text="The last event that was seen."
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which turn a viewer is; `after` 0 where it has seen nothing."""

    turn: UUID | None
    after: int

    @classmethod
    def of(cls, request: Request) -> Place:
        asked = AttachTo(data=request.query_params)
        asked.is_valid(raise_exception=True)
        named, last = cls(asked.validated_data.get("turn"), asked.validated_data["after"]), last_event(request)
        # A browser that reconnects repeats the address that it began with: what it has seen since is in the header.
        return last if last and named.turn in {None, last.turn} else named


def last_event(request: Request) -> Place | None:
    text = request.headers.get("Last-Event-ID", "")
    if not text:
        return None
    found = EVENT_ID.fullmatch(text)
    if found is None:
        raise ValidationError({"Last-Event-ID": BAD_LAST_EVENT})
    return Place(UUID(found["turn"]), int(found["seq"]))


@extend_schema(tags=["conversations"])
class Events(Streaming, OfConversation):
    """
    Follow an answer while it is written.

    Leaving ends nothing: come back with `Last-Event-ID`, as browsers do by themselves, or with `after`, and go on
    where you were. 204 says that there is nothing to follow, or nothing more.
    """

    http_method_names = ["get"]
    pagination_class = None

    @extend_schema(
        summary="Follow an answer",
        parameters=[
            AttachTo,
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="Wins over `after`."),
        ],
        responses={(200, "text/event-stream"): EVENTS, 204: OpenApiResponse(description="Nothing more to follow.")},
    )
    def get(self, request: Request, conversation_id: str) -> HttpResponseBase:
        place = Place.of(request)
        message = self.turn(place.turn)
        if message is None or is_over(message, place.after):
            return Response(status=status.HTTP_204_NO_CONTENT)
        frames = follow(current_engine().live_turns, message.pk, place.after or None)
        check = partial(check_turn, SignIn.of(request), message.pk)
        return EventStream(watched(frames, check))

    def turn(self, turn: UUID | None) -> Message | None:
        answers = self.get_queryset().filter(role=Message.Role.ASSISTANT)
        if turn is None:
            return answers.running().first()
        return get_object_or_404(answers, pk=turn)


def is_over(message: Message, after: int) -> bool:
    """Whether the viewer has seen the end, which is one event more than the text has."""
    return not message.is_running and after > message.seq

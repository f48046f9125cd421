"""Conversations and their messages, which form a tree: editing and regenerating add siblings and destroy nothing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery

from registry.models import LLMModel

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> ConversationQuerySet:
        """A conversation is read by its owner alone, whatever rank the reader has."""
        return self.filter(owner_id=user.pk) if user.is_authenticated and user.is_active else self.none()

    def with_running_turn(self) -> ConversationQuerySet:
        running = Message.objects.running().filter(conversation=OuterRef("pk")).values("pk")
        return self.annotate(running_turn=Subquery(running[:1]))


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=200, blank=True)
    model = models.ForeignKey(LLMModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    system_prompt = models.TextField(blank=True)
    params = models.JSONField(default=dict, blank=True)
    tools = models.JSONField(default=list, blank=True)
    pinned = models.BooleanField(default=False)
    active_leaf = models.ForeignKey("Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    running_turn: uuid.UUID | None = None
    """With `with_running_turn`: the answer that is being written."""

    class Meta:
        ordering = ["-pinned", "-updated_at"]
        indexes = [models.Index(fields=["owner", "-updated_at"])]

    def __str__(self) -> str:
        return self.title or "New chat"


class Status(models.TextChoices):
    """Where a turn is. Final states never change."""

    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    STOPPED = "stopped"
    TRUNCATED = "truncated"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


RUNNING = (Status.QUEUED, Status.STREAMING)


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> MessageQuerySet:
        return self.filter(conversation__in=Conversation.objects.visible_to(user))

    def running(self) -> MessageQuerySet:
        return self.filter(status__in=RUNNING)

    def orphaned(self, now: datetime) -> MessageQuerySet:
        """Turns whose process no longer renews their lease."""
        return self.running().filter(lease_until__lt=now)

    def ids_on_path_to(self, leaf_id: uuid.UUID | None) -> list[uuid.UUID]:
        """The same as `path_to`, for whoever knows the conversation and needs no texts."""
        parents = dict(self.values_list("pk", "parent"))
        path: list[uuid.UUID] = []
        while leaf_id in parents:
            path.append(leaf_id)
            leaf_id = parents[leaf_id]
        return path[::-1]

    def path_to(self, leaf_id: uuid.UUID | None) -> list[Message]:
        """The messages from the root to `leaf_id`, in two queries however long the conversation is."""
        if leaf_id is None:
            return []
        conversation = self.filter(pk=leaf_id).values("conversation")
        by_id = {message.pk: message for message in self.filter(conversation__in=conversation)}
        path: list[Message] = []
        current = by_id.get(leaf_id)
        while current is not None:
            path.append(current)
            current = by_id.get(current.parent_id)
        return path[::-1]


class Message(models.Model):
    """One message. An assistant's message is also a turn: its id is the turn's id, its status says how far it is."""

    class Role(models.TextChoices):
        USER = "user"
        ASSISTANT = "assistant"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    role = models.CharField(max_length=16, choices=Role.choices)
    text = models.TextField(blank=True)
    parts = models.JSONField(default=list, blank=True)
    model = models.ForeignKey(LLMModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    model_label = models.CharField(max_length=200, blank=True)
    model_reason = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.COMPLETE)
    finish = models.CharField(max_length=16, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.TextField(blank=True)
    client_id = models.UUIDField(null=True, blank=True, unique=True)
    seq = models.PositiveIntegerField(default=0)
    html = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(status__in=RUNNING), name="one_running_turn_per_conversation"
            ),
        ]
        indexes = [models.Index(fields=["lease_until"], condition=Q(status__in=RUNNING), name="running_turns")]

    def __str__(self) -> str:
        return f"{self.role} message {self.pk}"

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from registry.fields import price_field
from registry.querysets import UsageRecordQuerySet


class UsageRecord(models.Model):
    """What one call to a provider used. It outlives its user and its model: the money is spent.

    Also a call that was refused is noted, with the source "none": it used nothing, so that it cost nothing.
    """

    class Source(models.TextChoices):
        REPORTED = "reported", "reported by the provider"
        ESTIMATED = "estimated", "estimated"
        NONE = "none", "nothing was used"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="usage")
    model = models.ForeignKey("registry.LLMModel", models.SET_NULL, null=True, related_name="usage")
    model_label = models.CharField(max_length=300)
    # A plain id: a turn that is not stored leaves nothing but its usage, and chat may delete its own rows.
    turn = models.UUIDField()
    round = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=10, choices=Source)
    input_price = price_field()
    output_price = price_field()
    cached_input_price = price_field()
    # Six decimals of a price times one token of a million: exact, nothing is rounded.
    cost = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    first_token_ms = models.PositiveIntegerField(null=True)
    duration_ms = models.PositiveIntegerField()
    # "complete", or the code of the error that ended the call.
    outcome = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UsageRecordQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["user", "created_at"]), models.Index(fields=["model", "created_at"])]
        constraints = [
            models.UniqueConstraint(fields=["turn", "round", "attempt"], name="registry_one_usage_per_call"),
        ]

    def __str__(self) -> str:
        return f"{self.model_label}: {self.input_tokens} in, {self.output_tokens} out"

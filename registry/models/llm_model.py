from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q

from llm.types import ModelConfig
from registry import local_model
from registry.fields import count_field, one_line, price_field
from registry.parameters import params_problem, usable_params
from registry.querysets import LLMModelQuerySet, may_edit

if TYPE_CHECKING:
    from registry.querysets import Reader

CAPABILITIES = ("streaming", "tools", "vision", "reasoning", "json")
PRICES = ("input_price", "output_price", "cached_input_price")

TURNED_OFF = "Turned off. Ask an administrator to turn it on."
NO_KEY = "No key yet. An administrator can add one."


class LLMModel(models.Model):
    """One model behind a connection. It belongs to whom its connection belongs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("registry.Connection", models.CASCADE, related_name="models")
    name = models.CharField(max_length=100, validators=[one_line], help_text="What people see.")
    model_id = models.CharField(
        "model id", max_length=200, validators=[one_line], help_text="What the provider calls it."
    )
    streaming = models.BooleanField(default=True)
    tools = models.BooleanField(default=False)
    vision = models.BooleanField(default=False)
    reasoning = models.BooleanField(default=False)
    json = models.BooleanField("JSON schema", default=False)
    context_window = count_field("In tokens.")
    max_output_tokens = count_field("In tokens.")
    default_params = models.JSONField("default parameters", default=dict, blank=True)
    input_price = price_field("US dollars per million tokens. Empty: not known.")
    output_price = price_field()
    cached_input_price = price_field("Empty: cached input costs as much as other input.")
    is_active = models.BooleanField("active", default=True)
    last_test_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_test_ok = models.BooleanField(null=True, blank=True, editable=False)
    last_test_steps = models.JSONField(default=list, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LLMModelQuerySet.as_manager()

    class Meta:
        db_table = "llm_models"
        verbose_name = "model"
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(**{f"{price}__gte": 0}), name=f"llm_models_{price}_not_negative")
            for price in PRICES
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, force_insert: Any = False, force_update: bool = False, **kwargs: Any) -> None:
        """A row that was deleted meanwhile is not made anew."""
        force_update = force_update or not (self._state.adding or force_insert)
        super().save(*args, force_insert=force_insert, force_update=force_update, **kwargs)

    def clean(self) -> None:
        self.default_params = {} if self.default_params is None else self.default_params
        if problem := params_problem(self.default_params):
            raise ValidationError({"default_params": problem})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            # Nobody makes a model behind this connection between the look for others and its end.
            type(self.connection).objects.select_for_update().filter(pk=self.connection_id).first()
            deleted = super().delete(*args, **kwargs)
            if self.connection.is_inline and not self.connection.models.exists():
                self.connection.delete()
        return deleted

    @property
    def capabilities(self) -> dict[str, bool]:
        return {name: getattr(self, name) for name in CAPABILITIES}

    @capabilities.setter
    def capabilities(self, changes: dict[str, bool]) -> None:
        for name, has_it in changes.items():
            setattr(self, name, has_it)

    def to_config(self) -> ModelConfig:
        """The only place where a key leaves the registry."""
        return ModelConfig(
            provider=self.connection.provider,
            model=self.model_id,
            base_url=self.connection.url,
            api_key=self.connection.key_in_use(),
            headers=self.connection.reveal_headers(),
            options=self.connection.options_in_use(),
            params=usable_params(self.default_params),
            streaming=self.streaming,
            tools=self.tools,
            vision=self.vision,
        )

    def unusable_reason(self, reader: Reader) -> str:
        """Why the reader cannot use this model, with what to do about it; "" where nothing is wrong."""
        if not reader.is_active:
            return "Sign in to use this model."
        editable = may_edit(reader, self.connection.owner_id)
        if not self.connection.is_active:
            return "Its connection is turned off. Turn it on to use this model." if editable else TURNED_OFF
        if not self.is_active:
            return "Turned off. Turn it on to use it." if editable else TURNED_OFF
        if self.connection.is_missing_key:
            return "No key yet. Enter the key of its connection." if editable else NO_KEY
        return local_model.STOPPED if self.connection.is_stopped_local_model else ""

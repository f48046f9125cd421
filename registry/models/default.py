from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Coalesce

from registry.models.llm_model import LLMModel
from registry.querysets import DefaultModelQuerySet


class DefaultModel(models.Model):
    """What answers where nothing else was chosen: for one user, or for everybody where `user` is null."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="default_model"
    )
    model = models.ForeignKey(LLMModel, models.CASCADE, related_name="+")

    objects = DefaultModelQuerySet.as_manager()

    class Meta:
        constraints = [
            # Two nulls are different to a plain unique index; there is no user 0.
            models.UniqueConstraint(Coalesce("user", 0), name="registry_one_default_each"),
        ]

    def __str__(self) -> str:
        return f"default of {self.user or 'everybody'}"

    def clean(self) -> None:
        model = LLMModel.objects.filter(pk=self.model_id)
        reachable = model.visible_to(self.user) if self.user else model.filter(connection__owner=None)
        if self.model_id and not reachable.exists():
            raise ValidationError({"model": "Not everybody for whom this is the default may use it. Pick another one."})

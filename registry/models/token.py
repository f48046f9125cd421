from __future__ import annotations

import uuid

from django.db import models
from knox.models import AbstractAuthToken

from registry.fields import one_line


class APIToken(AbstractAuthToken):
    """What an API client signs in with. Knox stores a hash and the first characters; `id` names it without them."""

    id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, blank=True, validators=[one_line])

    class Meta:
        db_table = "api_tokens"
        verbose_name = "API token"
        ordering = ["-created", "id"]

    def __str__(self) -> str:
        return self.name or f"token of {self.created:%d %B %Y}"

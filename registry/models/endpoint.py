from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from llm.addresses import DEFAULT_PORTS, Origin
from registry.addresses import site_of
from registry.fields import one_line
from registry.grants import grant_problem
from registry.querysets import AllowedEndpointQuerySet


class AllowedEndpoint(models.Model):
    """A grant: this scheme, host and port may be called although they are not public https."""

    scheme = models.CharField(max_length=5, choices=[(scheme, scheme) for scheme in DEFAULT_PORTS])
    # As in `llm.addresses.Origin`: lower-case, IPv6 without brackets.
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    usable_by_users = models.BooleanField(
        default=False, help_text="Off: only global connections may use it. On: everybody's own connections too."
    )
    note = models.CharField(max_length=200, blank=True, validators=[one_line])
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AllowedEndpointQuerySet.as_manager()

    class Meta:
        db_table = "llm_allowed_endpoints"
        ordering = ["host", "port", "scheme"]
        constraints = [
            models.UniqueConstraint(fields=["scheme", "host", "port"], name="registry_one_grant_each"),
        ]

    def __str__(self) -> str:
        return site_of(self.origin)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.clean()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if problem := grant_problem(self.origin):
            raise ValidationError(problem)

    @property
    def origin(self) -> Origin:
        return Origin(self.scheme, self.host, self.port)

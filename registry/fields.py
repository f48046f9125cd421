from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models


def price_field(help_text: str = "") -> models.DecimalField:
    """US dollars per million tokens; null where nobody knows, which is not the same as free."""
    return models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)], help_text=help_text
    )

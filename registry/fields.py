from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

# Control characters, and those that turn the direction of the text around them (Unicode 16.0, UAX #9, 2).
one_line = RegexValidator(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]",
    "Write this in one line, without control characters.",
    code="control_characters",
    inverse_match=True,
)


LARGEST_COUNT = 2**31 - 1  # PostgreSQL's integer


def count_field(help_text: str = "") -> models.PositiveIntegerField:
    """A number of tokens; null where nobody knows."""
    limits = [MinValueValidator(1), MaxValueValidator(LARGEST_COUNT)]
    return models.PositiveIntegerField(null=True, blank=True, validators=limits, help_text=help_text)


def price_field(help_text: str = "") -> models.DecimalField:
    """US dollars per million tokens; null where nobody knows, which is not the same as free."""
    return models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, validators=[MinValueValidator(0)], help_text=help_text
    )

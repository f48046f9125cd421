"""Fields of several resources."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.fields import LARGEST_COUNT
from registry.models import CAPABILITIES
from registry.secrets import clean_headers, clean_key

MOST_HEADERS = 32


class StrictSerializer(serializers.Serializer):
    """Refuses a field that it does not know, so that a slip of the pen is told instead of ignored."""

    ignored: ClassVar[frozenset[str]] = frozenset()
    """What a document that was read before holds besides; it may come back and changes nothing."""
    default_error_messages = {"unknown": "There is no such field here. There are: {known}."}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # DRF's shows the data, with the keys in it

    def to_internal_value(self, data: Any) -> Any:
        known = [name for name, field in self.fields.items() if not field.read_only]
        if isinstance(data, dict) and (unknown := set(data) - {*known, *self.ignored}):
            sentence = self.error_messages["unknown"].format(known=", ".join(known))
            raise serializers.ValidationError({name[:100]: [sentence] for name in sorted(unknown)})
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "format": "decimal", "pattern": r"^\d{1,6}(\.\d{1,6})?$"})
class PriceField(serializers.DecimalField):
    """US dollars per million tokens, as a string without zeros that say nothing; null where nobody knows."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 12, "decimal_places": 6, "min_value": 0, "allow_null": True} | kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        return super().to_internal_value(data) + 0  # minus zero is zero

    def to_representation(self, value: Decimal) -> str:
        whole, _, decimals = f"{value:f}".partition(".")
        return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


class CountField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST_COUNT, "allow_null": True} | kwargs)


class KeyField(serializers.CharField):
    """Goes in and never comes out. Null takes away what is stored."""

    default_error_messages = {"blank": "This is empty. Leave the field out to keep what is stored; null removes it."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"write_only": True, "required": False, "allow_null": True, "max_length": 4096} | kwargs)
        self.validators.append(clean_key)

    def to_internal_value(self, data: Any) -> str:
        """A number would lose its zeros on the way."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class HeadersField(serializers.DictField):
    """Extra headers of every request, sealed like the key. Null takes away what is stored."""

    child = serializers.CharField(max_length=4096, allow_blank=True, trim_whitespace=False)
    default_error_messages = {"too_many": f"At most {MOST_HEADERS} headers."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"write_only": True, "required": False, "allow_null": True} | kwargs)
        self.validators.append(clean_headers)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, dict) and len(data) > MOST_HEADERS:
            self.fail("too_many")
        return super().to_internal_value(data)


class Capabilities(StrictSerializer):
    """What a model can do."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: serializers.BooleanField(required=False) for name in CAPABILITIES}

"""What lists can be narrowed by, and ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from registry.models import CAPABILITIES, Connection, LLMModel
from registry.providers import provider_choices

if TYPE_CHECKING:
    from django.db.models import QuerySet

OWNERS = [("mine", "Mine"), ("global", "Everybody's")]
LONGEST_SEARCH = 100
SEARCH = {"type": "string", "maxLength": LONGEST_SEARCH, "description": "What the name contains."}


class ChoicesFilter(filters.BaseCSVFilter, filters.ChoiceFilter):
    """Several of the choices, separated by commas."""


def several_of(choices: list[tuple[str, str]], method: str, description: str) -> ChoicesFilter:
    described = {"type": "string", "enum": [value for value, _ in choices], "description": description}
    return extend_schema_field(described)(ChoicesFilter(method=method, choices=choices))


class Ordering(filters.OrderingFilter):
    """What is equal goes by its id, so that no page repeats or skips a row."""

    def filter(self, rows: QuerySet, names: list[str] | None) -> QuerySet:
        order = super().filter(rows, names).query.order_by
        return rows.order_by(*order, "pk") if order else rows


class OwnedFilter(filters.FilterSet):
    connection = ""

    owner = several_of(OWNERS, "owned_by", "Whose, separated by commas.")
    search = filters.CharFilter(method="found", max_length=LONGEST_SEARCH)

    def owned_by(self, rows: QuerySet, name: str, owners: list[str]) -> QuerySet:
        owner = f"{self.connection}owner"
        me = self.request.user.pk or 0  # null would be everybody; there is no user 0
        ids = {"mine": Q(**{owner: me}), "global": Q(**{owner: None})}
        wanted = Q()
        for each in filter(None, owners):
            wanted |= ids[each]
        return rows.filter(wanted)

    @extend_schema_field(SEARCH)
    def found(self, rows: QuerySet, name: str, text: str) -> QuerySet:
        return rows.filter(name__icontains=text)


class ConnectionFilter(OwnedFilter):
    provider = filters.ChoiceFilter(choices=provider_choices())
    ordering = Ordering(fields=["name", "provider", "created_at"])

    class Meta:
        model = Connection
        fields: list[str] = []


class ModelFilter(OwnedFilter):
    connection = "connection__"

    provider = filters.ChoiceFilter(field_name="connection__provider", choices=provider_choices())
    capability = several_of(
        [(name, name) for name in CAPABILITIES], "capable_of", "What the model can do, all of it, separated by commas."
    )
    ordering = Ordering(
        fields=[
            ("name", "name"),
            ("connection__provider", "provider"),
            ("context_window", "context_window"),
            ("input_price", "input_price"),
            ("output_price", "output_price"),
            ("created_at", "created_at"),
        ]
    )

    class Meta:
        model = LLMModel
        fields: list[str] = []

    def capable_of(self, rows: QuerySet, name: str, capabilities: list[str]) -> QuerySet:
        return rows.filter(**dict.fromkeys(filter(None, capabilities), True))

    @extend_schema_field(SEARCH)
    def found(self, rows: QuerySet, name: str, text: str) -> QuerySet:
        return rows.filter(Q(name__icontains=text) | Q(model_id__icontains=text))

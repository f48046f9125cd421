"""What lists can be narrowed by, and ordered."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import Q
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from registry.models import CAPABILITIES, Connection, LLMModel
from registry.providers import provider_choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.views import APIView

OWNERS = [("mine", "Mine"), ("global", "Everybody's")]
LONGEST_SEARCH = 100
SEARCH = {"type": "string", "maxLength": LONGEST_SEARCH, "description": "What the name contains."}


class StrictFilters(filters.DjangoFilterBackend):
    """A parameter that nobody knows would narrow nothing and look as if it had."""

    def get_filterset(self, request: Request, queryset: QuerySet, view: APIView) -> filters.FilterSet | None:
        filterset = super().get_filterset(request, queryset, view)
        if filterset is not None:
            refuse_unknown_parameters(request, filterset.filters)
        return filterset


def refuse_unknown_parameters(request: Request, known: Iterable[str]) -> None:
    pages = api_settings.DEFAULT_PAGINATION_CLASS
    known = [*known, pages.page_query_param, pages.page_size_query_param]
    if unknown := set(request.query_params).difference(known):
        sentence = f"There is no such parameter here. There are: {', '.join(known)}."
        raise ValidationError({name[:100]: [sentence] for name in sorted(unknown)})


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
    owner = several_of(OWNERS, "owned_by", "Whose, separated by commas.")
    search = filters.CharFilter(method="found", max_length=LONGEST_SEARCH)

    def owned_by(self, rows: QuerySet, name: str, owners: list[str]) -> QuerySet:
        of = {"mine": rows.owned_by(self.request.user), "global": rows.everybodys()}
        wanted = [of[owner] for owner in owners if owner]
        return reduce(or_, wanted) if wanted else rows

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

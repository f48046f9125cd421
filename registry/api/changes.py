"""Changes of one row, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from rest_framework.viewsets import GenericViewSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import Model, QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response


class ChangesInTurn(GenericViewSet):
    """A PATCH reads the row when nobody else can change it any more: no change is lost, no deleted row comes back."""

    @transaction.atomic
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().partial_update(request, *args, **kwargs)

    def filter_queryset(self, rows: QuerySet) -> QuerySet:
        found = super().filter_queryset(rows)
        return found.select_for_update() if self.request.method == "PATCH" else found


def assign(row: Model, values: Mapping[str, Any], names: Iterable[str]) -> None:
    """What was sent of `names`; the rest stays."""
    for name in values.keys() & set(names):
        setattr(row, name, values[name])

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination

from registry.api.pagination import Pages

if TYPE_CHECKING:
    from rest_framework.request import Request


class Cursors(CursorPagination):
    """Pages of what may grow while it is read. Oldest first: a parent comes before its children."""

    ordering = ("created_at", "id")
    page_size = Pages.page_size
    max_page_size = Pages.max_page_size
    page_size_query_param = Pages.page_size_query_param
    invalid_cursor_message = "This cursor is not one of ours. Begin without one, and follow `next`."

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and not is_time(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Without the addresses of another site that are the library's example."""
        page = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            del page["properties"][name]["example"]
        return page


def is_time(text: str) -> bool:
    """Whether every database takes it: a time that exists, with its zone."""
    try:
        time = parse_datetime(text)
        return time is not None and time.tzinfo is not None and bool(time.astimezone(dt.UTC))
    except (ValueError, OverflowError):
        return False

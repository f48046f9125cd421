from typing import Any

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    page_size = 50
    invalid_page_message = "There is no such page."
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Without the addresses of another site that are the library's example."""
        page = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            del page["properties"][name]["example"]
        return page

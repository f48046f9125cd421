"""The API for people: every resource as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.utils.formatting import camelcase_to_spaces

from registry.api.page_forms import form_of

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

MOST_SLASHES = 16
markdown = MarkdownIt("commonmark", {"html": False})


class ApiPage(BrowsableAPIRenderer):
    """The document that a program gets, and a form where there is something to write."""

    template = "registry/api_page.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        view, request, response = (renderer_context[name] for name in ("view", "request", "response"))
        renderer = self.get_default_renderer(view)
        return {
            "title": own_name(data) or self.get_name(view),
            "parents": self.get_breadcrumbs(request)[:-1],
            "description": self.get_description(view, response.status_code),
            "request_line": f"{request.method} {request.get_full_path()}",
            "response": response,
            "document": self.get_content(renderer, data, accepted_media_type, renderer_context),
            "list": data if is_list(data) else None,
            "rows": rows_of(data, view),
            "form": form_of(self.show_form_for_method, renderer_context, data),
        }

    def get_breadcrumbs(self, request: Request) -> list[tuple[str, str]]:
        # DRF's way to them recurses at every slash.
        return super().get_breadcrumbs(request) if request.path.count("/") <= MOST_SLASHES else []

    def get_description(self, view: APIView, status_code: int) -> SafeString:
        # Our own docstrings, with HTML turned off.
        return mark_safe(markdown.render(view.get_view_description()))  # noqa: S308


def view_name(view: APIView) -> str:
    return getattr(view, "name", None) or camelcase_to_spaces(type(view).__name__).capitalize()


def own_name(data: Any) -> str:
    return data.get("name") or data.get("title", "") if isinstance(data, Mapping) else ""


def is_list(data: Any) -> bool:
    return isinstance(data, Mapping) and "results" in data


def rows_of(data: Any, view: APIView) -> list[tuple[str, str]] | None:
    """Name and address of what a list holds; None where that has no pages of its own."""
    if hasattr(view, "api_root_dict"):
        return list(data.items())
    if is_list(data) and hasattr(view, "reverse_action"):
        return [
            (own_name(row) or row["id"], view.reverse_action("detail", args=[row["id"]])) for row in data["results"]
        ]
    return None

"""What Django itself refuses: as JSON under /api, as a page elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from registry.api.errors import error_document

ErrorView = Callable[..., HttpResponse]


def in_its_place(page: ErrorView, status: int, code: str, message: str) -> ErrorView:
    def error(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return JsonResponse(error_document(code, message), status=status)
        return page(request, *args, **kwargs)

    return error


bad_request = in_its_place(
    defaults.bad_request,
    400,
    "bad_request",
    "The server does not take this request. Check the name of the site in its address, its headers and its parameters.",
)
permission_denied = in_its_place(defaults.permission_denied, 403, "permission_denied", "You may not do this.")
server_error = in_its_place(
    defaults.server_error, 500, "internal_error", "The server failed. An administrator finds the reason in its log."
)

"""What a page or a mail about a bug may tell, with DEBUG too: where it happened, and none of the values."""

from __future__ import annotations

from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class PlacesAlone(SafeExceptionReporterFilter):
    """A key may stand in any variable on its way, in a form, and in a setting such as DATABASE_URL."""

    def get_traceback_frame_variables(self, request: HttpRequest, tb_frame: FrameType) -> list[tuple[str, Any]]:
        return []

    def get_post_parameters(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_safe_settings(self) -> dict[str, Any]:
        return {}

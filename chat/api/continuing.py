"""Views whose answer takes as long as a model does: they begin in a thread, like all of DRF, and end as a coroutine.

Signing in, limits, parsing and refusals are DRF's, which is synchronous. What follows must keep no thread busy and must
hear when its client leaves, which only a coroutine does: Django cancels it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection
from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.views import APIView

from chat.api.refusals import refused_response
from chat.wire import Refused
from registry.api.parsing import Negotiation

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase
    from rest_framework.request import Request

Rest = Callable[[], Awaitable["HttpResponseBase"]]


class DocumentsBesideStreams(Negotiation):
    """Whoever asks for events alone, as browsers do, still gets a refusal as JSON."""

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if "text/event-stream" in request.headers.get("Accept", ""):
            return JSONRenderer(), JSONRenderer.media_type
        return super().select_renderer(request, renderers, format_suffix)


class Streaming(APIView):
    """A view that may answer with an `EventStream`."""

    content_negotiation_class = DocumentsBesideStreams

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        # The request's thread waits for the end of the stream, minutes perhaps, and its connection would wait with it.
        if not connection.in_atomic_block:
            close_old_connections()
        return super().finalize_response(request, response, *args, **kwargs)


class Continued(HttpResponse):
    """What a view answers with where a coroutine makes the response.

    Nothing has begun by then that must end with its client: whoever left meanwhile never gets to the rest.
    """

    def __init__(self, rest: Rest) -> None:
        super().__init__()
        self.rest = rest


class Continuing(Streaming):
    """A view that may answer with `Continued`."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Awaitable[HttpResponseBase]]:
        begin = super().as_view(**initkwargs)

        @wraps(begin)
        async def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response = await sync_to_async(begin)(request, *args, **kwargs)
            return await finished(response.rest) if isinstance(response, Continued) else response

        return view


async def finished(rest: Rest) -> HttpResponseBase:
    try:
        return await rest()
    except Refused as refused:
        return refused_response(refused)

"""`/api/` itself, and every address under it where there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.routers import APIRootView
from rest_framework.views import APIView

if TYPE_CHECKING:
    from rest_framework.request import Request

RESOURCES = {
    "models": "model-list",
    "models/templates": "templates",
    "models/from-template": "from-template",
    "models/test-connection": "test-connection",
    "connections": "connection-list",
    "tokens": "token-list",
    "schema": "schema",
    "docs": "api-docs",
}


class Resources(APIRootView):
    """
    What there is: the language models that you may see, the connections over which yours are reached, and the tokens
    that programs sign in with. The docs show every operation and field, to try out; the schema says the same to
    programs.

    A browser gets these pages. A program gets JSON from the same addresses.
    """

    name = "API"
    permission_classes = [AllowAny]
    api_root_dict = RESOURCES


class NothingHere(APIView):
    """The resources that there are begin at [/api/](/api/)."""

    name = "Nothing here"
    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound

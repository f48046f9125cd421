"""`/api/`: what every package has there, and the page that lists it."""

from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.routers import APIRootView

from chat.api.urls import urlpatterns as chat_urls
from registry.api.urls import urlpatterns as registry_urls

RESOURCES = {
    "chat": "chat-api",
    "conversations": "conversation-list",
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
    What there is: the language models that you may see and ask, your conversations with them, the connections over
    which yours are reached, and the tokens that programs sign in with. The docs show every operation and field, to try
    out; the schema says the same to programs.

    A browser gets these pages. A program gets JSON from the same addresses.
    """

    name = "API"
    permission_classes = [AllowAny]
    api_root_dict = RESOURCES


urlpatterns = [path("", Resources.as_view(), name="api-root"), *registry_urls, *chat_urls]

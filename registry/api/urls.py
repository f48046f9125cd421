"""Every path works with and without a slash at its end."""

from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from registry.api.connection_tests import ConnectionTests
from registry.api.connections import Connections
from registry.api.models import Models
from registry.api.templates import ModelsFromTemplates, Templates
from registry.api.tokens import Tokens

# A POST is answered with 405 and not with a page about its CSRF token.
docs = csrf_exempt(require_safe(TemplateView.as_view(template_name="registry/api_docs.html")))


class Router(SimpleRouter):
    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


router = Router()
router.register("models", Models, basename="model")
router.register("connections", Connections, basename="connection")
router.register("tokens", Tokens, basename="token")

urlpatterns = [
    re_path(r"^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", docs, name="api-docs"),
    re_path(r"^models/templates/?$", Templates.as_view(), name="templates"),
    re_path(r"^models/from-template/?$", ModelsFromTemplates.as_view(), name="from-template"),
    re_path(r"^models/test-connection/?$", ConnectionTests.as_view(), name="test-connection"),
    *router.urls,
]

"""Every path works with and without a slash at its end."""

from django.urls import re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from registry.api.connection_tests import ConnectionTests
from registry.api.connections import Connections
from registry.api.models import Models
from registry.api.templates import ModelsFromTemplates, Templates
from registry.api.tokens import Tokens


class Router(DefaultRouter):
    include_format_suffixes = False

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


router = Router()
router.register("models", Models, basename="model")
router.register("connections", Connections, basename="connection")
router.register("tokens", Tokens, basename="token")

urlpatterns = [
    re_path(r"^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    re_path(r"^models/templates/?$", Templates.as_view(), name="templates"),
    re_path(r"^models/from-template/?$", ModelsFromTemplates.as_view(), name="from-template"),
    re_path(r"^models/test-connection/?$", ConnectionTests.as_view(), name="test-connection"),
    *router.urls,
]

from django.contrib import admin
from django.urls import include, path, re_path

from config.health import healthz
from config.login_links import use_login_link

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/link/<str:token>/", use_login_link, name="login-link"),
    re_path(r"^healthz/?$", healthz, name="healthz"),
    path("", include("chat.urls")),
]

from django.contrib import admin
from django.urls import include, path, re_path

from config.health import healthz
from config.login_links import use_login_link
from config.passwords import FirstPassword

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/link/<str:token>/", use_login_link, name="login-link"),
    path("accounts/first-password/", FirstPassword.as_view(), name="first-password"),
    re_path(r"^healthz/?$", healthz, name="healthz"),
    path("", include("chat.urls")),
]

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path

from chat.csp import with_trusted_types
from config.errors import bad_request, permission_denied, server_error
from config.health import healthz
from config.login_links import use_login_link
from config.passwords import FirstPassword
from config.sign_in import limiting_guesses
from registry.api.root import NothingHere

login = with_trusted_types(LoginView.as_view(redirect_authenticated_user=True))

urlpatterns = [
    path("admin/login/", limiting_guesses(admin.site.login)),
    path("admin/", admin.site.urls),
    path("accounts/login/", limiting_guesses(login), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/link/<str:token>/", use_login_link, name="login-link"),
    path("accounts/first-password/", FirstPassword.as_view(), name="first-password"),
    re_path(r"^healthz/?$", healthz, name="healthz"),
    path("api/", include("config.api")),
    re_path(r"^api/", NothingHere.as_view()),
    path("", include("chat.urls")),
]
handler400, handler403, handler500 = bad_request, permission_denied, server_error

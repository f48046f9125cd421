from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from chat import pages
from chat.csp import with_trusted_types

login = with_trusted_types(LoginView.as_view(redirect_authenticated_user=True))

urlpatterns = [
    path("", pages.chat, name="chat"),
    path("c/<uuid:conversation_id>/", pages.conversation, name="conversation"),
    path("picker/", pages.picker, name="picker"),
    path("accounts/login/", login, name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]

from django.urls import path

from chat import pages

urlpatterns = [
    path("", pages.chat, name="chat"),
    path("c/<uuid:conversation_id>/", pages.conversation, name="conversation"),
    path("picker/", pages.picker, name="picker"),
]

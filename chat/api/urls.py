"""Every path works with and without a slash at its end."""

from django.urls import re_path

from chat.api.chat import Chat
from chat.api.conversations import Conversations, Stop
from chat.api.events import Events
from chat.api.messages import Messages, OneMessage, Regenerate
from registry.api.urls import Router

CONVERSATION = r"^conversations/(?P<conversation_id>[0-9a-fA-F-]{32,36})"
MESSAGE = CONVERSATION + r"/messages/(?P<message_id>[0-9a-fA-F-]{32,36})"

router = Router()
router.register("conversations", Conversations, basename="conversation")

urlpatterns = [
    re_path(r"^chat/?$", Chat.as_view(), name="chat-api"),
    *router.urls,
    re_path(CONVERSATION + r"/messages/?$", Messages.as_view(), name="messages"),
    re_path(MESSAGE + r"/?$", OneMessage.as_view(), name="message"),
    re_path(MESSAGE + r"/regenerate/?$", Regenerate.as_view(), name="regenerate"),
    re_path(CONVERSATION + r"/stop/?$", Stop.as_view(), name="stop"),
    re_path(CONVERSATION + r"/events/?$", Events.as_view(), name="events"),
]

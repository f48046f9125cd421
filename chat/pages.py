"""The pages of the chat: a new chat, a conversation, and the list of models that both show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import linebreaks
from django.views.decorators.http import require_safe

from chat import markdown
from chat.csp import with_trusted_types
from chat.models import Conversation, Message
from chat.sidebar import sidebar_of
from chat.strings import STRINGS
from chat.tools import merged_steps
from registry.picker import model_choices
from registry.selection import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest, HttpResponse

    from registry.picker import ModelGroup

# Failures that the same model would only repeat. Not what `retryable` says, which is about retries without a person:
# after a timeout or a broken stream, for which somebody may pay twice, a person can well ask again.
NEEDS_OTHER_MODEL = [
    "bad_credentials",
    "bad_request",
    "content_filtered",
    "context_too_long",
    "endpoint_not_allowed",
    "model_not_found",
    "model_unavailable",
    "not_an_llm_api",
    "quota_exceeded",
    "unknown_provider",
    "unusable_settings",
]


@require_safe
@login_required
@with_trusted_types
def chat(request: HttpRequest) -> HttpResponse:
    return render_chat(request, None)


@require_safe
@login_required
@with_trusted_types
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    return render_chat(request, get_object_or_404(Conversation.objects.visible_to(request.user), pk=conversation_id))


@require_safe
@login_required
@with_trusted_types
def picker(request: HttpRequest) -> HttpResponse:
    """The picker's options alone, for a page that has been open for a while."""
    return render(request, "chat/picker_options.html", {"groups": model_choices(request.user)})


def render_chat(request: HttpRequest, shown: Conversation | None) -> HttpResponse:
    groups = model_choices(request.user)
    messages = Message.objects.path_to(shown.active_leaf_id) if shown else []
    wanted = wanted_model(shown, messages)
    selected = selected_model(groups, wanted and wanted.id)
    context = {
        "conversation": shown,
        "messages": [shown_message(message, groups) for message in messages],
        "sidebar": sidebar_of(request.user),
        "groups": groups,
        "selected": selected,
        "unavailable": wanted.name if wanted and not selected else "",
        "needs_other_model": NEEDS_OTHER_MODEL,
        "page": page_data(request, shown, messages),
    }
    return render(request, "chat/page.html", context)


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call as the page shows it: a call and, once there is one, its result."""

    name: str
    args: str
    result: str
    phase: str


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message with what its template cannot work out by itself."""

    message: Message
    html: str
    icon: str
    reasoning: str
    steps: list[Step]


def shown_message(message: Message, groups: Iterable[ModelGroup]) -> ShownMessage:
    return ShownMessage(
        message=message,
        html=shown_html(message),
        icon=icon_of(message, groups),
        reasoning="".join(part["text"] for part in message.parts if part["type"] == "reasoning"),
        steps=tool_steps(message.parts),
    )


def shown_html(message: Message) -> str:
    """An answer's HTML, made here only if none is stored; a question is shown as it was typed."""
    if message.html or message.role != Message.Role.ASSISTANT or not message.text:
        return message.html
    return markdown.render_if_possible(message.text) or linebreaks(message.text, autoescape=True)


def tool_steps(parts: Iterable[dict[str, Any]]) -> list[Step]:
    """Calls in their order, each merged with the result that came for it later."""
    steps = merged_steps(part for part in parts if part["type"] == "tool")
    return [Step(step["name"], step.get("args", ""), step.get("result", ""), step["phase"]) for step in steps]


def icon_of(message: Message, groups: Iterable[ModelGroup]) -> str:
    """The mark of the answer's model; "" where the model is gone."""
    return next((group.icon for group in groups for choice in group.choices if str(message.model_id) == choice.id), "")


@dataclass(frozen=True, slots=True)
class SelectedModel:
    id: str
    name: str
    icon: str


@dataclass(frozen=True, slots=True)
class WantedModel:
    """`id` is as in a choice, or "" where the model's row is gone."""

    id: str
    name: str


def wanted_model(shown: Conversation | None, messages: list[Message]) -> WantedModel | None:
    """The model with which a conversation goes on; None where none was chosen yet."""
    if shown and shown.model:
        return WantedModel(str(shown.model_id), shown.model.name)
    last = next((message for message in reversed(messages) if message.role == Message.Role.ASSISTANT), None)
    if last is None:
        return None
    return WantedModel(ENVIRONMENT if last.model_reason == ENVIRONMENT else "", last.model_label)


def selected_model(groups: Iterable[ModelGroup], wanted: str | None) -> SelectedModel | None:
    """The conversation's model if it can still answer; in a new chat the default, or the first that can.

    A conversation's model that is gone is never replaced in silence: another would read what was meant for this one.
    """
    usable = [(choice, group.icon) for group in groups for choice in group.choices if choice.usable]
    if wanted is not None:
        fitting = [pair for pair in usable if pair[0].id == wanted]
    else:
        fitting = [pair for pair in usable if pair[0].is_default] or usable
    return next((SelectedModel(choice.id, choice.name, icon) for choice, icon in fitting), None)


def running_elsewhere(user: AbstractBaseUser, shown: Conversation | None) -> dict[str, str]:
    """Turns that other conversations were left with, and which conversation each is in."""
    running = Message.objects.visible_to(user).running().exclude(conversation=shown)
    return {str(turn): str(conversation) for turn, conversation in running.values_list("pk", "conversation")}


def page_data(request: HttpRequest, shown: Conversation | None, messages: Iterable[Message]) -> dict[str, Any]:
    """What the script needs to know, as data: the page has no inline script."""
    return {
        "user": request.user.pk,
        "conversation": str(shown.pk) if shown else None,
        "running": running_elsewhere(request.user, shown),
        "sprite": static("chat/icons.svg"),
        "urls": {"chat": reverse("chat"), "picker": reverse("picker"), "login": reverse("login")},
        "sources": {str(m.pk): m.text for m in messages if m.role == Message.Role.ASSISTANT and not m.is_running},
        "needs_other_model": NEEDS_OTHER_MODEL,
        "strings": {name: str(text) for name, text in STRINGS.items()},
    }

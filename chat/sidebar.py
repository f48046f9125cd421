"""The list of conversations beside the chat, newest first, under headings that say how old they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.models import Conversation, Message

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from django.contrib.auth.base_user import AbstractBaseUser

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Period:
    label: str
    conversations: list[Conversation]


@dataclass(frozen=True, slots=True)
class Sidebar:
    """`is_cut`: there are older conversations than the `longest` list shows."""

    periods: list[Period]
    longest: int
    is_cut: bool


def sidebar_of(user: AbstractBaseUser) -> Sidebar:
    running = Message.objects.running().filter(conversation=OuterRef("pk"))
    newest = Conversation.objects.visible_to(user).order_by("-updated_at").annotate(is_running=Exists(running))
    found = list(newest[: LONGEST + 1])
    return Sidebar(grouped(found[:LONGEST], timezone.localdate()), longest=LONGEST, is_cut=len(found) > LONGEST)


def grouped(newest_first: Iterable[Conversation], today: dt.date) -> list[Period]:
    by_label = groupby(newest_first, key=lambda c: age_label(timezone.localdate(c.updated_at), today))
    return [Period(label, list(conversations)) for label, conversations in by_label]


def age_label(day: dt.date, today: dt.date) -> str:
    age = (today - day).days
    if age <= 0:
        return _("Today")
    if age == 1:
        return _("Yesterday")
    return _("Previous 7 days") if age <= 7 else date_format(day, "F Y")

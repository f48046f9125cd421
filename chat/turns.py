"""What a user can do to a conversation: send, regenerate, stop. Rows are saved before a byte goes to a provider."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.checkpoints import lease
from chat.engine import Engine, current_engine
from chat.live import TurnSpec
from chat.models import Conversation, Message, Status
from chat.wire import Refused, Regenerate, Send
from llm import LLMError
from registry.selection import Selection, select_model

TITLE_LENGTH = 60
WORKER = f"{socket.gethostname()}:{os.getpid()}"[:64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A request that was taken. `new_title` is set where it began a conversation, `replayed` where it came before."""

    client_id: UUID
    conversation: UUID
    message: UUID
    turn: UUID
    new_title: str = ""
    replayed: bool = False


R = TypeVar("R", Send, Regenerate)
SaveRows = Callable[[AbstractBaseUser, R], tuple[Accepted, TurnSpec]]


def send(engine: Engine, user_id: int, request: Send) -> Accepted:
    """Save the message and start its turn. The same `client_id` again gives the same turn."""
    return start(engine, user_id, request, save_question)


def regenerate(engine: Engine, user_id: int, request: Regenerate) -> Accepted:
    """Start another answer to the same question, beside the one that is there."""
    return start(engine, user_id, request, save_sibling)


def start(engine: Engine, user_id: int, request: R, save_rows: SaveRows[R]) -> Accepted:
    owner = active_user(user_id)
    if earlier := already_accepted(owner, request.client_id):
        return earlier
    try:
        return reserve_and_start(engine, owner, request, save_rows)
    except IntegrityError:
        # One of the table's two constraints: the same request came twice at once, or another turn is running.
        if earlier := already_accepted(owner, request.client_id):
            return earlier
        raise Refused(
            "turn_in_progress",
            "An answer is still being written in this chat. Wait for it, or stop it.",
            status=409,
            client_id=request.client_id,
        ) from None
    except Refused as refused:
        refused.client_id = request.client_id
        raise
    except LLMError as error:
        raise Refused(error.code, error.message, client_id=request.client_id) from None


def reserve_and_start(engine: Engine, owner: AbstractBaseUser, request: R, save_rows: SaveRows[R]) -> Accepted:
    with ExitStack() as undo:
        engine.runner.reserve(owner.pk)
        undo.callback(engine.runner.release, owner.pk)
        with transaction.atomic():
            accepted, spec = save_rows(owner, request)
        undo.pop_all()
    engine.submit(spec)
    return accepted


def stop(engine: Engine, user_id: int, turn: UUID) -> None:
    """Ask for the end of a turn. The row is the truth; a direct call makes it quick where the turn runs here."""
    visible_turn(active_user(user_id), turn)
    Message.objects.running().filter(pk=turn).update(stop_requested_at=timezone.now())
    engine.stop(turn)


def delete(conversation: Conversation) -> None:
    """With its messages. What runs in another process is stopped by its writer, which finds the row gone."""
    running = list(conversation.messages.running().values_list("pk", flat=True))
    conversation.delete()
    for turn in running:
        current_engine().stop(turn)


def check_visible(user_id: int, turn: UUID) -> None:
    """Refuse a viewer whose turn it is not."""
    visible_turn(active_user(user_id), turn)


def active_user(user_id: int) -> AbstractBaseUser:
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise signed_out()
    return user


def signed_out() -> Refused:
    return Refused("signed_out", "You are signed out. Sign in again; your draft is kept.", status=401)


def visible_turn(user: AbstractBaseUser, turn: UUID) -> Message:
    message = Message.objects.visible_to(user).filter(pk=turn, role=Message.Role.ASSISTANT).first()
    if message is None:
        raise Refused("not_found", "This answer does not exist any more. Reload the page.", status=404)
    return message


def already_accepted(owner: AbstractBaseUser, client_id: UUID) -> Accepted | None:
    message = Message.objects.filter(client_id=client_id).select_related("conversation").first()
    if message is None:
        return None
    if message.conversation.owner_id != owner.pk:
        raise Refused("client_id_taken", "Use a new client_id for each message.", status=409, client_id=client_id)
    turn = message if message.role == Message.Role.ASSISTANT else message.children.earliest("created_at")
    return Accepted(
        client_id=client_id,
        conversation=message.conversation_id,
        message=turn.parent_id,
        turn=turn.pk,
        replayed=True,
    )


def save_question(owner: AbstractBaseUser, request: Send) -> tuple[Accepted, TurnSpec]:
    conversation = visible_conversation(owner, request.conversation) if request.conversation else None
    selection = select(owner, request.model, conversation)
    conversation = conversation or Conversation.objects.create(owner=owner)
    new_title = "" if conversation.title else title_from(request.text)
    describe(conversation, new_title, request.tools)
    question = Message.objects.create(
        conversation=conversation,
        parent_id=parent_of(request, conversation),
        role=Message.Role.USER,
        text=request.text,
        client_id=request.client_id,
    )
    answer = queue_answer(conversation, question, selection)
    accepted = Accepted(
        client_id=request.client_id,
        conversation=conversation.pk,
        message=question.pk,
        turn=answer.pk,
        new_title=new_title,
    )
    return accepted, turn_spec(conversation, answer, conversation.params | request.params)


def describe(conversation: Conversation, new_title: str, tools: tuple[str, ...] | None) -> None:
    """Only what is new: somebody may be changing the rest."""
    news = {"title": new_title} if new_title else {}
    if tools is not None:
        news["tools"] = list(tools)
    for name, value in news.items():
        setattr(conversation, name, value)
    if news:
        conversation.save(update_fields=[*news])


def save_sibling(owner: AbstractBaseUser, request: Regenerate) -> tuple[Accepted, TurnSpec]:
    earlier = visible_turn(owner, request.message)
    conversation = earlier.conversation
    selection = select(owner, request.model, conversation)
    answer = queue_answer(conversation, earlier.parent, selection, client_id=request.client_id)
    accepted = Accepted(
        client_id=request.client_id, conversation=conversation.pk, message=earlier.parent_id, turn=answer.pk
    )
    return accepted, turn_spec(conversation, answer, conversation.params)


def visible_conversation(owner: AbstractBaseUser, conversation_id: UUID) -> Conversation:
    conversation = Conversation.objects.visible_to(owner).filter(pk=conversation_id).first()
    if conversation is None:
        raise Refused("not_found", "This chat does not exist any more. Start a new one; your text is kept.", status=404)
    return conversation


def parent_of(request: Send, conversation: Conversation) -> UUID | None:
    """The answer that is replied to: the one that was named, or the newest that is shown."""
    if request.parent is None:
        return conversation.active_leaf_id
    answers = conversation.messages.filter(role=Message.Role.ASSISTANT)
    if not answers.filter(pk=request.parent).exists():
        raise Refused("not_found", "'parent' is not an answer of this chat. Reload the page.", status=404)
    return request.parent


def select(owner: AbstractBaseUser, requested: str | None, conversation: Conversation | None) -> Selection:
    return select_model(owner, requested=requested, conversation_model=conversation and conversation.model_id)


def queue_answer(
    conversation: Conversation, question: Message, selection: Selection, client_id: UUID | None = None
) -> Message:
    answer = Message.objects.create(
        conversation=conversation,
        parent=question,
        role=Message.Role.ASSISTANT,
        status=Status.QUEUED,
        model_id=selection.model_id,
        model_label=selection.label,
        model_reason=selection.reason,
        client_id=client_id,
        lease_until=lease(),
        worker=WORKER,
        attempts=1,
    )
    conversation.active_leaf = answer
    conversation.model_id = selection.model_id
    conversation.save(update_fields=["active_leaf", "model", "updated_at"])
    return answer


def turn_spec(conversation: Conversation, answer: Message, params: dict[str, object]) -> TurnSpec:
    return TurnSpec(
        turn=answer.pk,
        conversation=conversation.pk,
        owner=conversation.owner_id,
        parent=answer.parent_id,
        model=answer.model_id,
        model_label=answer.model_label,
        system_prompt=conversation.system_prompt,
        params=params,
    )


def title_from(text: str) -> str:
    first_line = text.strip().partition("\n")[0]
    return first_line if len(first_line) <= TITLE_LENGTH else first_line[: TITLE_LENGTH - 1].rstrip() + "…"

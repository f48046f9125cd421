"""Producing one turn: what a worker thread does from the provider's first byte to the last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection

import llm
from chat import markdown
from chat.live import LiveTurn, Outcome, TurnSpec
from chat.models import Message, Status
from registry.client import client_for

logger = logging.getLogger(__name__)

# Characters. Ten times what the largest model writes in one answer, and little enough for one frame of the websocket.
LONGEST_ANSWER = 1_000_000
TOO_LONG = "The answer was cut off here: it is longer than this site keeps. Ask for a shorter one."

INTERRUPTED_CODE = "interrupted"
INTERRUPTED = (
    "The server stopped while this answer was being written. What arrived is kept; try again for a full answer."
)
NO_THREAD = "The server has no room for another answer now. Try again in a moment."
INTERNAL = "This server could not produce the answer. Try again; an administrator finds the reason in the server's log."


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a model is asked, and over which client."""

    client: llm.UnifiedLLMClient
    messages: list[llm.Message]
    tools: tuple[llm.Tool, ...] = ()


Prepare = Callable[[], Prepared]


def produce(live: LiveTurn, prepare: Prepare, wake_writer: Callable[[], None]) -> None:
    """Run the turn to its end, whatever happens, and leave its outcome for the writer to save."""
    try:
        live.outcome = replace(stream(live, prepare), html=markdown.render(live.snapshot().text))
    except Exception:
        logger.exception("turn %s failed", live.spec.turn)
        live.outcome = Outcome(status=Status.FAILED, error_code="internal_error", error_message=INTERNAL)
    finally:
        connection.close()
    wake_writer()


def stream(live: LiveTurn, prepare: Prepare) -> Outcome:
    try:
        prepared = prepare()
        # A stream lasts minutes; the next use of the database is the writer's.
        connection.close()
        live.begin()
        with closing(events_of(prepared, live)) as events:
            return Outcome(status=Status.COMPLETE, finish=show(events, live))
    except llm.Cancelled:
        return stopped(live)
    except llm.LLMError as error:
        return failed(error, live)


def events_of(prepared: Prepared, live: LiveTurn) -> Generator[llm.Event]:
    return prepared.client.stream(
        prepared.messages,
        tools=prepared.tools,
        cancellation=live.cancellation,
        on_call=live.calls.append,
        **live.spec.params,
    )


def show(events: Iterable[llm.Event], live: LiveTurn) -> str:
    """Add to the turn what viewers are to see; why the answer ended."""
    finish = ""
    for event in events:
        if isinstance(event, llm.Finish):
            finish = event.reason
        elif not isinstance(event, llm.RoundEnd):
            live.add(event)
            if live.length > LONGEST_ANSWER:
                raise llm.Truncated(TOO_LONG)
    return finish


def stopped(live: LiveTurn) -> Outcome:
    if live.stopped_as == Status.INTERRUPTED:
        return interrupted()
    return Outcome(status=Status.STOPPED, finish="stopped")


def failed(error: llm.LLMError, live: LiveTurn) -> Outcome:
    """Truncated where something was shown, failed where nothing was."""
    return Outcome(
        status=Status.TRUNCATED if live.seq else Status.FAILED,
        error_code=error.code,
        error_message=error.message,
        retryable=error.retryable,
        retry_after=error.retry_after if isinstance(error, llm.RateLimited) else None,
    )


def no_thread() -> Outcome:
    error = llm.Overloaded(NO_THREAD)
    return Outcome(status=Status.FAILED, error_code=error.code, error_message=error.message, retryable=error.retryable)


def interrupted() -> Outcome:
    return Outcome(status=Status.INTERRUPTED, error_code=INTERRUPTED_CODE, error_message=INTERRUPTED, retryable=True)


def prepare_turn(spec: TurnSpec) -> Prepared:
    owner = get_user_model().objects.get(pk=spec.owner)
    return Prepared(client_for(owner, spec.model), asked(spec.system_prompt, spec.parent))


def asked(system_prompt: str, parent: UUID | None) -> list[llm.Message]:
    """What the model is told: the system prompt, and the conversation up to the message `parent`."""
    prompt = [llm.system(system_prompt)] if system_prompt else []
    return prompt + history(Message.objects.path_to(parent))


def history(path: Iterable[Message]) -> list[llm.Message]:
    """What the model is told of the conversation; answers that failed before their first word are left out."""
    speak = {Message.Role.USER: llm.user, Message.Role.ASSISTANT: llm.assistant}
    return [speak[Message.Role(message.role)](message.text) for message in path if message.text]

"""Producing one turn: what a worker thread does from the provider's first byte to the last."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

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


def produce(live: LiveTurn, wake_writer: Callable[[], None]) -> None:
    """Run the turn to its end, whatever happens, and leave its outcome for the writer to save."""
    try:
        live.outcome = replace(stream(live), html=markdown.render(live.snapshot().text))
    except Exception:
        logger.exception("turn %s failed", live.spec.turn)
        live.outcome = Outcome(status=Status.FAILED, error_code="internal_error", error_message=INTERNAL)
    finally:
        connection.close()
    wake_writer()


def stream(live: LiveTurn) -> Outcome:
    call = ProviderCall()
    try:
        client, call.messages = prepare(live.spec)
        # A stream lasts minutes; the next use of the database is the writer's.
        connection.close()
        live.begin()
        for event in client.stream(call.messages, cancellation=live.cancellation, **live.spec.params):
            call.take(event, live)
    except llm.Cancelled:
        return call.stopped(live)
    except llm.LLMError as error:
        return call.failed(error, live)
    return call.measured(Outcome(status=Status.COMPLETE, finish=call.finish), live)


def no_thread() -> Outcome:
    error = llm.Overloaded(NO_THREAD)
    return Outcome(status=Status.FAILED, error_code=error.code, error_message=error.message, retryable=error.retryable)


def interrupted() -> Outcome:
    return Outcome(status=Status.INTERRUPTED, error_code=INTERRUPTED_CODE, error_message=INTERRUPTED, retryable=True)


def prepare(spec: TurnSpec) -> tuple[llm.UnifiedLLMClient, list[llm.Message]]:
    owner = get_user_model().objects.get(pk=spec.owner)
    prompt = [llm.system(spec.system_prompt)] if spec.system_prompt else []
    return client_for(owner, spec.model), prompt + history(Message.objects.path_to(spec.parent))


def history(path: Iterable[Message]) -> list[llm.Message]:
    """What the model is told of the conversation; answers that failed before their first word are left out."""
    speak = {Message.Role.USER: llm.user, Message.Role.ASSISTANT: llm.assistant}
    return [speak[Message.Role(message.role)](message.text) for message in path if message.text]


@dataclass
class ProviderCall:
    """What is learned about one call while its events pass by."""

    messages: list[llm.Message] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    first_token_seconds: float | None = None
    finish: str = ""
    usage: llm.Usage | None = None

    def take(self, event: llm.Event, live: LiveTurn) -> None:
        if isinstance(event, llm.Finish):
            self.finish, self.usage = event.reason, event.usage
            return
        if isinstance(event, llm.RoundEnd):
            return  # the turn goes on, and nothing of it is to be shown
        if self.first_token_seconds is None:
            self.first_token_seconds = time.monotonic() - self.started
        live.add(event)
        if live.length > LONGEST_ANSWER:
            raise llm.Truncated(TOO_LONG)

    def stopped(self, live: LiveTurn) -> Outcome:
        if live.stopped_as == Status.INTERRUPTED:
            return self.measured(interrupted(), live)
        return self.measured(Outcome(status=Status.STOPPED, finish="stopped"), live)

    def failed(self, error: llm.LLMError, live: LiveTurn) -> Outcome:
        """Truncated where something was shown, failed where nothing was."""
        failure = Outcome(
            status=Status.TRUNCATED if live.seq else Status.FAILED,
            error_code=error.code,
            error_message=error.message,
            retryable=error.retryable,
            retry_after=error.retry_after if isinstance(error, llm.RateLimited) else None,
        )
        return self.measured(failure, live)

    def measured(self, outcome: Outcome, live: LiveTurn) -> Outcome:
        return replace(
            outcome,
            usage=self.usage or self._estimate(live),
            first_token_seconds=self.first_token_seconds,
            seconds=time.monotonic() - self.started,
        )

    def _estimate(self, live: LiveTurn) -> llm.Usage | None:
        """Where the provider did not say: a guess if it wrote anything, nothing if it did not."""
        return llm.estimate_usage(self.messages, answered=len(live.snapshot().text)) if live.seq else None

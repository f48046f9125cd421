"""One thread saves every running turn, renews their leases, and ends the turns of processes that died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from chat import markdown
from chat.bare import BareCall
from chat.live import Final, LiveTurn, Outcome, Snapshot
from chat.models import Message, MessageQuerySet, Status
from chat.produce import INTERNAL, interrupted
from chat.usage import record, record_orphan, usage_frame

if TYPE_CHECKING:
    from chat.engine import LiveTurns

logger = logging.getLogger(__name__)

TICK = 0.5  # seconds between two saves of text that is still growing
LEASE = timedelta(seconds=30)
RENEWAL = 5.0
REAPING = 15.0
# Other database errors are about one row, such as a value that does not fit.
DATABASE_IS_DOWN = (OperationalError, InterfaceError)


class Every:
    """True once in a period, for whoever asks."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class Writer:
    def __init__(self, live_turns: LiveTurns, *, on_saved: Callable[[LiveTurn], None]) -> None:
        self._live_turns, self._on_saved = live_turns, on_saved
        self._bell = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chat-writer", daemon=True)
        self._tick, self._renewal, self._reaping = Every(TICK), Every(RENEWAL), Every(REAPING)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Save ended turns now instead of at the next tick."""
        self._bell.set()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Save what is there and end."""
        self._closing.set()
        self._bell.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._bell.wait(TICK)
            self._bell.clear()
            self._work()
        self._save(self._live_turns.all())
        connection.close()

    def _work(self) -> None:
        try:
            self._save(self._due())
            self._keep_leases()
        except DATABASE_IS_DOWN:
            # Nothing is lost: the text stays in memory and is saved by a later tick.
            logger.exception("turns could not be saved; trying again")
            connection.close()
            self._closing.wait(TICK)

    def _due(self) -> list[LiveTurn]:
        """Ended turns at once, growing ones once a tick."""
        turns = self._live_turns.all()
        if self._tick.due():
            self._obey_stop_requests(turns)
            return [live for live in turns if live.unsaved]
        return [live for live in turns if live.outcome]

    def _save(self, turns: list[LiveTurn]) -> None:
        """All in one transaction; if one of them cannot be saved, each in its own, so that it harms no other."""
        if not turns:
            return
        try:
            with transaction.atomic():
                saved = [(live, *save(live)) for live in turns]
        except DATABASE_IS_DOWN:
            raise
        except Exception:
            logger.exception("a turn cannot be saved")
            saved = [(live, *save_or_give_up(live)) for live in turns]
        # Only now is it committed.
        for live, seq, final in saved:
            live.saved_seq = seq
            if final:
                self._on_saved(live)
                live.publish(final)

    def _obey_stop_requests(self, turns: list[LiveTurn]) -> None:
        """Those of other processes. Who deletes a conversation wants no more of it either."""
        by_id = {live.spec.turn: live for live in turns if not isinstance(live, BareCall)}
        if not by_id:
            return
        wanted = Message.objects.filter(pk__in=by_id, stop_requested_at=None).values_list("pk", flat=True)
        for turn in by_id.keys() - set(wanted):
            by_id[turn].stop()

    def _keep_leases(self) -> None:
        mine = [live.spec.turn for live in self._live_turns.all()]
        if self._renewal.due() and mine:
            Message.objects.running().filter(pk__in=mine).update(lease_until=lease())
        if self._reaping.due():
            # Leases are wall-clock time: after a suspended laptop wakes up, our own look expired too.
            interrupt(Message.objects.orphaned(timezone.now()).exclude(pk__in=mine))


def lease() -> datetime:
    return timezone.now() + LEASE


def save(live: LiveTurn) -> tuple[int, Final | None]:
    """Bring the row up to date. The last event it contains, and what viewers are to be told if the turn has ended."""
    outcome = live.outcome  # read first: no event comes after it
    if isinstance(live, BareCall):
        return live.seq, outcome and final(live, outcome, usage_frame(record(live, outcome)))
    state = live.snapshot()
    row = Message.objects.running().filter(pk=live.spec.turn)
    saved = row.update(**content(state), **(ending(outcome) if outcome else {"status": Status.STREAMING}))
    if not saved:
        # Deleted, or ended by another process: nobody wants the rest.
        live.stop()
    if outcome is None:
        return state.seq, None
    used = None if is_ended_elsewhere(live, saved) else record(live, outcome)
    return state.seq, final(live, outcome, usage_frame(used))


def is_ended_elsewhere(live: LiveTurn, saved: int) -> bool:
    """Whoever ended the turn has noted its call too. What a deleted turn used is noted here: the money is spent."""
    return not saved and Message.objects.filter(pk=live.spec.turn).exists()


def save_or_give_up(live: LiveTurn) -> tuple[int, Final | None]:
    """Save one turn; if even that fails while the database is up, end it as failed."""
    try:
        with transaction.atomic():
            return save(live)
    except DATABASE_IS_DOWN:
        raise
    except Exception:
        logger.exception("turn %s is given up", live.spec.turn)
        live.stop()
        outcome = Outcome(status=Status.FAILED, error_code="internal_error", error_message=INTERNAL)
        Message.objects.running().filter(pk=live.spec.turn).update(**ending(outcome))
        return live.seq, final(live, outcome, None)


def content(state: Snapshot) -> dict[str, Any]:
    parts = [{"type": "reasoning", "text": state.reasoning}] if state.reasoning else []
    parts += [{"type": "tool", **tool} for tool in state.tools]
    return {"text": state.text, "parts": parts, "seq": state.seq}


def ending(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "finish": outcome.finish,
        "error_code": outcome.error_code,
        "error_message": outcome.error_message,
        "html": outcome.html,
        "lease_until": None,
    }


def final(live: LiveTurn, outcome: Outcome, usage: dict[str, Any] | None) -> Final:
    return Final(
        status=outcome.status,
        finish=outcome.finish,
        html=outcome.html,
        model_label=live.spec.model_label,
        error_code=outcome.error_code,
        error_message=outcome.error_message,
        retryable=outcome.retryable,
        retry_after=outcome.retry_after,
        usage=usage,
    )


def interrupt(turns: MessageQuerySet) -> int:
    """End turns whose process is gone; their text stays as it was last saved."""
    return sum(interrupt_one(message) for message in turns.select_related("conversation"))


def interrupt_one(message: Message) -> int:
    """1, or 0 where it has ended meanwhile."""
    facts = ending(interrupted()) | {"html": markdown.render_if_possible(message.text)}
    with transaction.atomic():
        ended = Message.objects.running().filter(pk=message.pk).update(**facts)
        if ended:
            record_orphan(message, seconds=seconds_alive(message))
    return ended


def seconds_alive(message: Message) -> float:
    """From the turn's begin to the last sign of life of its process."""
    lived = message.lease_until - LEASE - message.created_at
    return max(0.0, lived.total_seconds())

"""The engine behind every chat of this process: running turns, their threads, and the writer that saves them."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from uuid import UUID

from django.conf import settings

from chat.checkpoints import Writer
from chat.live import LiveTurn, TurnSpec
from chat.models import Status
from chat.produce import Prepare, no_thread, prepare_turn, produce
from chat.runner import Runner
from chat.wire import Refused

logger = logging.getLogger(__name__)

STEP = 0.02  # seconds between two looks while draining
ENDING = 10.0  # seconds for turns that were told to end


class LiveTurns:
    """The turns that this process is producing."""

    def __init__(self) -> None:
        self._turns: dict[UUID, LiveTurn] = {}
        self._lock = threading.Lock()

    def get(self, turn: UUID) -> LiveTurn | None:
        return self._turns.get(turn)

    def all(self) -> list[LiveTurn]:
        with self._lock:
            return list(self._turns.values())

    def add(self, live: LiveTurn) -> None:
        with self._lock:
            self._turns[live.spec.turn] = live

    def remove(self, turn: UUID) -> None:
        with self._lock:
            self._turns.pop(turn, None)


class Engine:
    def __init__(self) -> None:
        self.live_turns = LiveTurns()
        self.runner = Runner(max_turns=settings.MAX_RUNNING_TURNS, max_per_user=settings.MAX_TURNS_PER_USER)
        self._writer = Writer(self.live_turns, on_saved=self._ended)

    def start(self) -> None:
        self._writer.start()

    def submit(self, spec: TurnSpec) -> None:
        """Produce a turn whose rows are saved and whose place is reserved."""
        self.begin(LiveTurn(spec), partial(prepare_turn, spec))

    def begin(self, live: LiveTurn, prepare: Prepare) -> None:
        self.live_turns.add(live)
        try:
            self.runner.run(partial(produce, live, prepare, self._writer.wake))
        except RuntimeError:
            # No thread could be started. The job may still wait in the pool; it will find its turn ended.
            logger.exception("turn %s has no thread", live.spec.turn)
            live.stop()
            live.outcome = no_thread()
            self._writer.wake()

    def stop(self, turn: UUID) -> None:
        """Close the provider's socket if the turn runs here; elsewhere the writer's tick sees the request."""
        if live := self.live_turns.get(turn):
            live.stop()

    @property
    def is_saving(self) -> bool:
        """Whether the writer lives; without it nothing that is shown would be kept."""
        return self._writer.is_alive

    def drain(self, grace: float, hurry: threading.Event | None = None) -> None:
        """No new turns; let running ones finish for `grace` seconds or until `hurry`, end the rest, save everything."""
        self.runner.close()
        self._wait_until_idle(grace, hurry or threading.Event())
        ending = time.monotonic() + ENDING
        # Also a turn that was accepted just before the runner closed, and shows up only now.
        while self.runner.is_busy and time.monotonic() < ending:
            for live in self.live_turns.all():
                live.stop(Status.INTERRUPTED)
            time.sleep(STEP)
        self._writer.close()

    def _wait_until_idle(self, grace: float, hurry: threading.Event) -> None:
        deadline = time.monotonic() + grace
        while self.runner.is_busy and time.monotonic() < deadline and not hurry.wait(STEP):
            pass

    def _ended(self, live: LiveTurn) -> None:
        self.live_turns.remove(live.spec.turn)
        self.runner.release(live.spec.owner)


_engine: Engine | None = None


def start_engine() -> Engine:
    """Start this process's engine; `manage.py serve` does it before the first connection."""
    global _engine  # noqa: PLW0603  one engine a process, as there is one server
    _engine = Engine()
    _engine.start()
    return _engine


def current_engine() -> Engine:
    if _engine is None:
        message = "This server answers no chats: it was not started with `manage.py serve`."
        raise Refused("no_engine", message, status=503)
    return _engine


def engine_is_saving() -> bool:
    return _engine is not None and _engine.is_saving

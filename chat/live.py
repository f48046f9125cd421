"""A turn while it runs: written by its worker, read by viewers on the event loop and by the writer's thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chat import wire
from chat.models import Status
from llm import Cancellation, ProviderCall, ReasoningDelta, TextDelta, ToolCall, ToolResult

# Events that a viewer can catch up on; one that is further behind gets a snapshot. Keeps an open stream under 100 KB.
LOG_LENGTH = 512

Shown = TextDelta | ReasoningDelta | ToolCall | ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    """Who asks which model, and the id under which it is shown and billed. Values only, so that it crosses threads."""

    turn: UUID
    owner: int
    model: UUID | None
    model_label: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSpec(CallSpec):
    """What a worker needs to produce a turn."""

    conversation: UUID
    parent: UUID
    system_prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How production of a turn ended, before it is saved. `retry_after` is in seconds."""

    status: Status
    finish: str = ""
    error_code: str = ""
    error_message: str = ""
    retryable: bool = False
    retry_after: float | None = None
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """What viewers are told when a turn has ended and is saved."""

    status: str
    finish: str
    html: str
    model_label: str
    error_code: str = ""
    error_message: str = ""
    retryable: bool = False
    retry_after: float | None = None
    usage: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    seq: int
    status: str
    text: str
    reasoning: str
    tools: tuple[wire.Frame, ...] = ()
    finish: str = ""


class LiveTurn:
    def __init__(self, spec: CallSpec) -> None:
        self.spec = spec
        self.cancellation = Cancellation()
        self.outcome: Outcome | None = None
        self.final: Final | None = None
        self.calls: list[ProviderCall] = []
        """Those that have ended, by the worker's hand; all of them once there is an outcome."""
        self.seq = 0
        self.saved_seq = 0
        self.length = 0  # characters of text, reasoning and tool results so far
        self._status = Status.QUEUED
        self._stop_as = Status.STOPPED
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._tools: list[wire.Frame] = []
        self._log: deque[tuple[int, Shown]] = deque(maxlen=LOG_LENGTH)
        self._listeners: set[Callable[[], None]] = set()
        self._lock = threading.Lock()

    # --- the worker's side

    def begin(self) -> None:
        """From here on a call may be out, which whoever finds the turn without its process wants to know."""
        self._status = Status.STREAMING
        self.saved_seq = -1

    def add(self, event: Shown) -> None:
        with self._lock:
            self.seq += 1
            self._log.append((self.seq, event))
            match event:
                case TextDelta(text):
                    self._text.append(text)
                    self.length += len(text)
                case ReasoningDelta(text):
                    self._reasoning.append(text)
                    self.length += len(text)
                case _:
                    part = wire.tool_part(event)
                    self._tools.append(part)
                    self.length += sum(len(value) for value in part.values())
        self._notify()

    def stop(self, status: Status = Status.STOPPED) -> None:
        """End the provider's call from any thread; `status` is what the turn will be called."""
        if not self.cancellation.cancelled:
            self._stop_as = status
            self.cancellation.cancel()

    @property
    def stopped_as(self) -> Status:
        return self._stop_as

    # --- the writer's side

    @property
    def unsaved(self) -> bool:
        return self.seq > self.saved_seq or self.outcome is not None

    def publish(self, final: Final) -> None:
        """Tell viewers that the turn has ended. Called once, after the row is saved."""
        self.final = final
        self._notify()

    # --- the viewers' side

    def snapshot(self) -> Snapshot:
        with self._lock:
            # Joining here keeps the buffers short: one string each after every save.
            self._text, self._reasoning = ["".join(self._text)], ["".join(self._reasoning)]
            status = self.final.status if self.final else self._status
            finish = self.final.finish if self.final else ""
            return Snapshot(self.seq, status, self._text[0], self._reasoning[0], tuple(self._tools), finish)

    def since(self, seq: int) -> list[tuple[int, Shown]] | None:
        """Events after `seq`; None where the log no longer reaches back so far."""
        with self._lock:
            if seq > self.seq or (self._log and self._log[0][0] > seq + 1):
                return None
            missing = self.seq - seq
            return [self._log[i] for i in range(len(self._log) - missing, len(self._log))]

    def subscribe(self, listener: Callable[[], None]) -> None:
        with self._lock:
            self._listeners = self._listeners | {listener}

    def unsubscribe(self, listener: Callable[[], None]) -> None:
        with self._lock:
            self._listeners = self._listeners - {listener}

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()

"""From a running turn to its viewers. A viewer pulls: worker threads only ring a bell on the server's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from chat import wire
from chat.database import in_database_thread
from chat.live import Final, LiveTurn, Shown, Snapshot
from chat.models import Message
from chat.produce import INTERRUPTED_CODE
from chat.usage import usage_frame
from llm import ReasoningDelta, TextDelta, ToolCall, ToolResult, is_retryable
from registry.usage import usage_of_turn

if TYPE_CHECKING:
    from chat.engine import LiveTurns

FRAME_INTERVAL = 0.05  # seconds between two frames to one viewer: 20 a second
ROW_INTERVAL = 1.0  # seconds between two looks at a turn that runs in another process


def follow(live_turns: LiveTurns, turn: UUID, after: int | None = None) -> AsyncGenerator[wire.Frame]:
    """The frames of `turn` up to the one `done` or `failed` that ends it.

    They begin with a snapshot, or behind event `after` where the viewer names the last one that it has seen.
    """
    live = live_turns.get(turn)
    return follow_live(live, after) if live else follow_row(turn)


async def follow_live(live: LiveTurn, after: int | None) -> AsyncGenerator[wire.Frame]:
    bell = Bell(asyncio.get_running_loop())
    live.subscribe(bell.ring)
    try:
        while True:
            final, events = live.final, None if after is None else live.since(after)
            if after is None or events is None:
                state = live.snapshot()
                after = state.seq
                yield wire.snapshot(live.spec.turn, state)
            elif events:
                after = events[-1][0]
                for frame in coalesced(live.spec.turn, events):
                    yield frame
            if final is not None:
                yield wire.final(live.spec.turn, live.seq + 1, final)
                return
            await bell.wait()
            await asyncio.sleep(FRAME_INTERVAL)
    finally:
        live.unsubscribe(bell.ring)


class Bell:
    """Wakes one coroutine from any thread, at most once per `wait`, however often it is rung."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._event = asyncio.Event()
        self._rung = False

    def ring(self) -> None:
        if not self._rung:
            self._rung = True
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        await self._event.wait()
        self._event.clear()
        # Cleared before the next look at the turn: what arrives from here on rings again.
        self._rung = False


def coalesced(turn: UUID, events: list[tuple[int, Shown]]) -> list[wire.Frame]:
    """One frame for each run of text or of reasoning, one for each tool event."""
    frames = []
    for kind, run in groupby(events, key=lambda item: type(item[1])):
        items = list(run)
        last_seq = items[-1][0]
        if kind is TextDelta:
            frames.append(wire.delta(turn, last_seq, joined(items)))
        elif kind is ReasoningDelta:
            frames.append(wire.reasoning(turn, last_seq, joined(items)))
        else:
            frames += [
                wire.tool(turn, seq, wire.tool_part(event))
                for seq, event in items
                if isinstance(event, ToolCall | ToolResult)
            ]
    return frames


def joined(items: list[tuple[int, Shown]]) -> str:
    return "".join(event.text for _, event in items if isinstance(event, TextDelta | ReasoningDelta))


async def follow_row(turn: UUID) -> AsyncGenerator[wire.Frame]:
    """A turn that ended, or that another process is producing: its row is all there is to see."""
    shown = None
    while True:
        message, usage = await load_row(turn)
        if message is None:
            return
        state = row_snapshot(message)
        if state != shown:
            yield wire.snapshot(turn, state)
            shown = state
        if not message.is_running:
            yield wire.final(turn, message.seq + 1, row_final(message, usage))
            return
        await asyncio.sleep(ROW_INTERVAL)


@in_database_thread
def load_row(turn: UUID) -> tuple[Message | None, dict[str, object] | None]:
    message = Message.objects.filter(pk=turn).first()
    used = usage_of_turn(turn) if message and not message.is_running else None
    return message, usage_frame(used)


def row_snapshot(message: Message) -> Snapshot:
    reasoning = "".join(part["text"] for part in message.parts if part["type"] == "reasoning")
    tools = tuple({k: v for k, v in part.items() if k != "type"} for part in message.parts if part["type"] == "tool")
    return Snapshot(message.seq, message.status, message.text, reasoning, tools, message.finish)


def row_final(message: Message, usage: dict[str, object] | None) -> Final:
    return Final(
        status=message.status,
        finish=message.finish,
        html=message.html,
        model_label=message.model_label,
        error_code=message.error_code,
        error_message=message.error_message,
        retryable=message.error_code == INTERRUPTED_CODE or is_retryable(message.error_code),
        usage=usage,
    )

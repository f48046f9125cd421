"""Frames as server-sent events, for as long as their viewer may follow them."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.http import StreamingHttpResponse

from chat import turns, wire
from chat.database import in_database_thread

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from uuid import UUID

    from chat.sessions import SignIn

logger = logging.getLogger(__name__)

HEARTBEAT = 15.0  # seconds of silence after which a comment says that the connection lives
LOOK = 3.0  # seconds between two looks whether the viewer may still follow


class EventStream(StreamingHttpResponse):
    """Of frames, and of None for a while without one."""

    def __init__(self, frames: AsyncIterator[wire.Frame | None]) -> None:
        super().__init__(
            encoded(frames),
            content_type="text/event-stream",
            # nginx would hold back what is small, and a cache what is long.
            headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
        )


async def encoded(frames: AsyncIterator[wire.Frame | None]) -> AsyncGenerator[str]:
    try:
        async for frame in frames:
            yield ": still here\n\n" if frame is None else event(frame)
    except DatabaseError:
        # The viewer comes back and attaches; the turn itself goes on.
        logger.exception("the frames of a turn cannot be read")


def event(frame: wire.Frame) -> str:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html 9.2.5"""
    name = f"id: {frame['turn']}:{frame['seq']}\n" if "seq" in frame else ""
    data = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
    return f"event: {frame['type']}\n{name}data: {data}\n\n"


async def watched(frames: AsyncGenerator[wire.Frame], check: Callable[[], object]) -> AsyncGenerator[wire.Frame | None]:
    """`frames`, with None for each while without one, until `check` raises `Refused`; an error frame says why."""
    refused = asyncio.create_task(refusal(check))
    coming = asyncio.ensure_future(anext(frames, None))
    try:
        while True:
            done, _ = await asyncio.wait({coming, refused}, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
            if refused in done:
                yield wire.error(refused.result())
                return
            if not done:
                yield None
                continue
            if (frame := coming.result()) is None:
                return
            yield frame
            coming = asyncio.ensure_future(anext(frames, None))
    finally:
        coming.cancel(), refused.cancel()
        await asyncio.gather(coming, refused, return_exceptions=True)
        await frames.aclose()


async def refusal(check: Callable[[], object]) -> wire.Refused:
    """Waits until `check` refuses. A database that is down refuses nobody."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            await in_database_thread(check)()
        except wire.Refused as refused:
            return refused
        except DatabaseError:
            logger.exception("whether a viewer may still follow cannot be read")


async def begun(
    *first: wire.Frame | None, rest: AsyncGenerator[wire.Frame | None]
) -> AsyncGenerator[wire.Frame | None]:
    async with aclosing(rest):
        for frame in first:
            yield frame
        async for frame in rest:
            yield frame


def check_signed_in(sign_in: SignIn) -> int:
    user = sign_in.user()
    if not user.is_authenticated:
        raise turns.signed_out()
    return user.pk


def check_turn(sign_in: SignIn, turn: UUID) -> None:
    turns.check_visible(check_signed_in(sign_in), turn)

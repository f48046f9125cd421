"""The websocket of the chat page: requests in, frames of followed turns out. Nothing here waits for a provider."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from contextlib import aclosing
from typing import ClassVar
from uuid import UUID
from weakref import WeakSet

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from chat import turns, wire
from chat.broadcast import follow
from chat.database import in_database_thread
from chat.engine import current_engine
from chat.sessions import signed_in_user

logger = logging.getLogger(__name__)

SIGNED_OUT = 4401
TRY_AGAIN = 4013
# A viewer that has not acknowledged so many bytes is not reading; it may come back and attach.
MAX_UNREAD = 1024 * 1024


class ChatConsumer(AsyncWebsocketConsumer):
    open_sockets: ClassVar[WeakSet[ChatConsumer]] = WeakSet()

    async def connect(self) -> None:
        self.open_sockets.add(self)
        self.user_id = self.scope["user"].pk
        self.unread = Unread()
        self.following: dict[UUID, asyncio.Task[None]] = {}
        await self.accept()
        if self.user_id is None:
            await self.close(SIGNED_OUT)

    async def disconnect(self, code: int) -> None:
        self.open_sockets.discard(self)
        for task in self.following.values():
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            await self.answer(wire.parse_request(text_data or ""))
        except wire.Refused as refused:
            await self.say(wire.error(refused))
            if refused.status == 401:
                await self.close(SIGNED_OUT)

    async def answer(self, request: wire.Request) -> None:
        engine = current_engine()
        if not isinstance(request, wire.Ack | wire.Ping):
            await self.refuse_signed_out()
        match request:
            case wire.Send():
                await self.accepted(await in_database_thread(turns.send)(engine, self.user_id, request))
            case wire.Regenerate():
                await self.accepted(await in_database_thread(turns.regenerate)(engine, self.user_id, request))
            case wire.Stop():
                await in_database_thread(turns.stop)(engine, self.user_id, request.turn)
            case wire.Attach():
                await in_database_thread(turns.check_visible)(self.user_id, request.turn)
                self.follow(request.turn, request.after or None)
            case wire.Ack():
                self.unread.acknowledged(request.turn, request.seq)
            case wire.Ping():
                await self.say(wire.pong())

    async def refuse_signed_out(self) -> None:
        if await in_database_thread(signed_in_user)(self.scope["session"].session_key) != self.user_id:
            raise turns.signed_out()

    async def accepted(self, accepted: turns.Accepted) -> None:
        await self.say(
            wire.accepted(
                client_id=accepted.client_id,
                conversation=accepted.conversation,
                message=accepted.message,
                turn=accepted.turn,
            )
        )
        if accepted.new_title:
            await self.say(wire.title(accepted.conversation, accepted.new_title))
        # The page that sends again after a lost connection may have seen part of the answer: it gets a snapshot.
        self.follow(accepted.turn, after=None if accepted.replayed else 0)

    def follow(self, turn: UUID, after: int | None) -> None:
        """Send the turn's frames from now on; one stream a turn, however often the page asks."""
        if running := self.following.get(turn):
            running.cancel()
            # Frames of the first stream are on their way: only a snapshot says where the second one stands.
            after = None
        self.following[turn] = asyncio.create_task(self.relay(turn, after))

    async def relay(self, turn: UUID, after: int | None) -> None:
        try:
            await self.send_all(turn, after)
        except DatabaseError:
            # The page reconnects and attaches again; the turn itself goes on.
            logger.exception("the frames of turn %s cannot be read", turn)
            await self.close(TRY_AGAIN)
        finally:
            if self.following.get(turn) is asyncio.current_task():
                del self.following[turn]
                self.unread.forget(turn)

    async def send_all(self, turn: UUID, after: int | None) -> None:
        async with aclosing(follow(current_engine().live_turns, turn, after)) as frames:
            async for frame in frames:
                if self.unread.bytes > MAX_UNREAD:
                    await self.close(TRY_AGAIN)
                    return
                await self.say(frame)

    async def say(self, frame: wire.Frame) -> None:
        text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        # A snapshot is asked for, one at a time; what piles up is what comes by itself.
        if frame["type"] in {"delta", "reasoning", "tool"}:
            self.unread.sent(UUID(frame["turn"]), frame["seq"], len(text))
        await self.send(text_data=text)


async def close_all(code: int) -> None:
    for consumer in list(ChatConsumer.open_sockets):
        await consumer.close(code)


class Unread:
    """Bytes sent to a viewer and not yet acknowledged by it."""

    def __init__(self) -> None:
        self.bytes = 0
        self._frames: dict[UUID, deque[tuple[int, int]]] = {}

    def sent(self, turn: UUID, seq: int, size: int) -> None:
        self._frames.setdefault(turn, deque()).append((seq, size))
        self.bytes += size

    def acknowledged(self, turn: UUID, seq: int) -> None:
        frames = self._frames.get(turn, deque())
        while frames and frames[0][0] <= seq:
            self.bytes -= frames.popleft()[1]

    def forget(self, turn: UUID) -> None:
        self.bytes -= sum(size for _, size in self._frames.pop(turn, ()))

"""A viewer of the chat's websocket, through the whole stack that a browser's handshake passes."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from channels.testing import WebsocketCommunicator
from django.test import Client

from tests.security.policy import SOCKET_ERRORS

SECONDS = 20
SILENT = ("stop", "ack")


class Viewer:
    def __init__(self, session: str) -> None:
        from config.asgi import application  # checks the keys in the database, so not before there is one

        host = b"localhost:8000"
        headers = [(b"host", host), (b"origin", b"http://" + host), (b"cookie", f"sessionid={session}".encode())]
        self.frames: list[str] = []
        self._socket = WebsocketCommunicator(application, "/ws/chat/", headers)

    async def __aenter__(self) -> Self:
        is_open, _ = await self._socket.connect(SECONDS)
        assert is_open
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._socket.disconnect(timeout=SECONDS)

    async def say(self, **frame: Any) -> None:
        await self._socket.send_json_to(frame)

    async def hear(self) -> str:
        """The next frame's type, or the table's word for an error; `closed` when the server closed the socket."""
        event = await self._socket.receive_output(SECONDS)
        if event["type"] == "websocket.close":
            return "closed" if event["code"] == 4401 else f"closed with {event['code']}"
        self.frames.append(event["text"])
        frame = json.loads(event["text"])
        return SOCKET_ERRORS.get(frame["code"], frame["code"]) if frame["type"] == "error" else frame["type"]

    async def answer_to(self, **frame: Any) -> str:
        await self.say(**frame)
        if frame["type"] in SILENT:
            await self.say(type="ping")
        return await self.hear()


def session_of(client: Client) -> str:
    cookie = client.cookies.get("sessionid")
    return cookie.value if cookie else ""


def asked(session: str, **frame: Any) -> str:
    """What a viewer hears first who opens a socket and asks for one thing."""

    async def ask() -> str:
        async with Viewer(session) as viewer:
            return await viewer.answer_to(**frame)

    return asyncio.run(ask())


def said_over(session: str, last: tuple[str, ...], **frame: Any) -> str:
    """All that a viewer hears who asks for one thing, until a frame of one of the types in `last`."""

    async def listen() -> str:
        async with Viewer(session) as viewer:
            heard = await viewer.answer_to(**frame)
            while heard not in last:
                heard = await viewer.hear()
            return "\n".join(viewer.frames)

    return asyncio.run(listen())

"""The site's server: daphne inside this process, so that turns end in order when the process is asked to stop.

daphne has no lifespan and cancels every application within 0.15 s of SIGTERM; here the engine is drained first.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable

DRAIN_SECONDS = 20.0
# Of a websocket, in both directions: autobahn drops what is longer without a word. An answer of a million characters
# and its HTML fit in; a viewer's own frames are held to less by what they may contain.
LARGEST_FRAME = 8 * 1024 * 1024
GOODBYE_SECONDS = 5.0
# The standard codes for these are 1012 and 1013, which autobahn, under daphne, does not let a server send.
SERVICE_RESTART = 4012


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, or an OSError before anything else has been started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    listener.setblocking(False)
    return listener


def serve(listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM (turns get 20 seconds to finish) or SIGINT (they are interrupted at once)."""
    from daphne.server import Server, twisted_loop  # installs Twisted's reactor, which only a server wants

    from chat.engine import start_engine
    from config.asgi import application

    engine = start_engine()
    server = Server(
        application,
        endpoints=[f"fd:fileno={listener.fileno()}"],
        signal_handlers=False,
        ready_callable=on_ready,
        server_name="registry",
        websocket_max_message_size=LARGEST_FRAME,
        websocket_max_frame_size=LARGEST_FRAME,
    )
    shutdown = Shutdown(twisted_loop, engine.drain, server.stop)
    twisted_loop.add_signal_handler(signal.SIGTERM, shutdown.begin, DRAIN_SECONDS)
    twisted_loop.add_signal_handler(signal.SIGINT, shutdown.begin, 0.0)
    server.run()


class Shutdown:
    """Drains on the first signal and stops the server after it; a second signal cuts the waiting short."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        drain: Callable[[float, threading.Event], None],
        stop: Callable[[], None],
    ) -> None:
        self._loop, self._drain, self._stop = loop, drain, stop
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, grace: float) -> None:
        if self._thread is not None:
            self._hurry.set()
            return
        self._thread = threading.Thread(target=self._drain_and_stop, args=[grace], name="drain")
        self._thread.start()

    def _drain_and_stop(self, grace: float) -> None:
        try:
            self._drain(grace, self._hurry)
            asyncio.run_coroutine_threadsafe(say_goodbye(), self._loop).result(GOODBYE_SECONDS)
        finally:
            self._loop.call_soon_threadsafe(self._stop)


async def say_goodbye() -> None:
    """Let viewers fetch how their turns ended, which they do within a frame, and close their sockets."""
    from chat.broadcast import FRAME_INTERVAL
    from chat.consumers import close_all

    await asyncio.sleep(2 * FRAME_INTERVAL)
    await close_all(SERVICE_RESTART)

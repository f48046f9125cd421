"""Sending an answer at the pace that its script names, and breaking it off where the script says so."""

import select
import socket
import struct
import time
from collections.abc import Iterable

from llm.testing.formats import Format, Frame
from llm.testing.records import Exchange
from llm.testing.script import Fault, Script

# Long enough for the first half of a character to leave in a packet of its own.
_BETWEEN_HALVES = 0.002
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ClientLeftError(ConnectionError):
    """The client closed its side, so nothing more is generated."""


class BrokenOffError(ConnectionError):
    """The script ended the connection here."""


class Delivery:
    """One answer on one connection. Notices within a millisecond that the client has left, also while it waits."""

    def __init__(self, connection: socket.socket, exchange: Exchange, script: Script) -> None:
        self._connection = connection
        self._exchange = exchange
        self._script = script
        # A clean end of file is possible only where neither a length nor chunks say how long the body is.
        self.chunked = not script.has("drop_after")

    def stream(self, wire: Format, frames: Iterable[Frame], total: int) -> None:
        for _ in range(self._script.broken_frames):
            self._write(wire.broken_frame)
        for number, frame in enumerate(frames):
            self._pace(frame)
            fault = self._script.fault_after(self._exchange.tokens_sent, total)
            if fault == "error":
                self._write(wire.error_frame(number))
                break
            if fault:
                self.break_off(fault)
            self._write(frame.data)
            self._exchange.tokens_sent += frame.token
        if self.chunked:
            self._connection.sendall(b"0\r\n\r\n")

    def whole(self, body: bytes, total: int) -> None:
        """A body that is not streamed: it comes when the last token is due, and faults cut it in half."""
        self.wait_until(self._script.due(total))
        if fault := self._script.fault_after(total, total):
            self._connection.sendall(body[: len(body) // 2])
            self.break_off(fault)
        self._connection.sendall(body)
        self._exchange.tokens_sent = total

    def break_off(self, fault: Fault) -> None:
        if fault == "hang":
            self.wait_for_client_to_leave()
        if fault == "reset":
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            # Closed here, because the server would say goodbye with a FIN first.
            self._connection.close()
        raise BrokenOffError

    def wait_until(self, due: float) -> None:
        """Sleep until `due` seconds after the request, unless the client leaves."""
        while (left := self._exchange.began + due - time.monotonic()) > 0:
            self._listen(left)
        self._listen(0)

    def wait_for_client_to_leave(self) -> None:
        while True:
            self._listen(3600)

    def _pace(self, frame: Frame) -> None:
        sent = self._exchange.tokens_sent
        self.wait_until(self._script.due(sent) if frame.token or sent else self._script.due(0))

    def _listen(self, seconds: float) -> None:
        poller = select.poll()
        poller.register(self._connection, select.POLLIN)
        if not poller.poll(seconds * 1000):
            return
        if not self._connection.recv(1, socket.MSG_PEEK):
            raise ClientLeftError
        # The client already sent its next request; it can no longer be seen leaving, only be waited for.
        time.sleep(seconds)

    def _write(self, data: bytes) -> None:
        """One write a frame; two where the script wants characters to arrive in halves."""
        cut = _within_character(data) if self._script.has("utf8split") else 0
        if cut:
            self._send(data[:cut])
            time.sleep(_BETWEEN_HALVES)
        self._send(data[cut:])

    def _send(self, data: bytes) -> None:
        self._connection.sendall(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)


def _within_character(data: bytes) -> int:
    """Where the first character of more than one byte continues; 0 if there is none."""
    return next((position for position, byte in enumerate(data) if byte & 0xC0 == 0x80), 0)

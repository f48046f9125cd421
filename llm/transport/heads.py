"""The head of an answer, status line and headers, held to a size."""

from __future__ import annotations

import http.client
from typing import Any

from llm.transport.calls import current_call

# `http.client` allows 100 lines of 64 KiB each; the largest servers accept or send a head of 16 to 64 KiB in all.
LONGEST_HEAD = 64 * 1024
# What may come before an answer (RFC 9110, 15.2). `http.client` skips 100 alone; 101 is final, as no other protocol was
# asked for.
INTERIM = range(102, 200)


class _HeadReader:
    """What `http.client` reads a head from, as long as it is short enough."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._left = LONGEST_HEAD

    def readline(self, limit: int) -> bytes:
        line: bytes = self._reader.readline(min(limit, self._left + 1))
        if line:
            current_call.get().answer_begins()
        self._left -= len(line)
        if self._left < 0:
            raise http.client.LineTooLong("head")
        return line

    def close(self) -> None:
        self._reader.close()


class ShortHeadedResponse(http.client.HTTPResponse):
    def begin(self) -> None:
        reader: Any = self.fp
        self.fp: Any = _HeadReader(reader)
        try:
            super().begin()
            while self.status in INTERIM:
                self.headers: Any = None  # as if nothing had been read yet
                super().begin()
        finally:
            if self.fp is not None:  # closed, and let go of
                self.fp = reader

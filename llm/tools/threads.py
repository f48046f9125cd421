"""Runs the tool calls of one round side by side, each within its time, until all are done or the caller has enough."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from llm.cancellation import Cancellation
from llm.errors import Cancelled
from llm.tools import Tool, error_result
from llm.types import ToolCall, ToolResult

AT_ONCE = 8


def run_calls(calls: Sequence[tuple[Tool, ToolCall]], cancellation: Cancellation) -> list[ToolResult]:
    """Results in the order of the calls. Cancelling raises `Cancelled` at once.

    Python cannot end a function from outside: one that is cancelled or late goes on in its thread, and its result is
    dropped. So a thread belongs to one call, not to a pool that late calls would fill up, and it is a daemon, because
    the threads of `concurrent.futures` are waited for when the process ends.
    """
    return _Round(calls, cancellation).results()


class _Round:
    def __init__(self, calls: Sequence[tuple[Tool, ToolCall]], cancellation: Cancellation) -> None:
        self._calls = calls
        self._cancellation = cancellation
        self._waiting = deque(range(len(calls)))
        self._deadlines: dict[int, float] = {}
        self._results: dict[int, ToolResult] = {}
        self._done: SimpleQueue[tuple[int, ToolResult] | None] = SimpleQueue()

    def results(self) -> list[ToolResult]:
        self._cancellation.on_cancel(lambda: self._done.put(None))
        while len(self._results) < len(self._calls):
            self._start_more()
            if self._deadlines:
                self._wait()
        return [self._results[position] for position in range(len(self._calls))]

    def _start_more(self) -> None:
        while self._waiting and len(self._deadlines) < AT_ONCE:
            if self._cancellation.cancelled:
                raise Cancelled
            self._start(self._waiting.popleft())

    def _start(self, position: int) -> None:
        tool, call = self._calls[position]
        deadline = time.monotonic() + tool.timeout
        try:
            threading.Thread(target=self._run, args=(position,), name=f"llm-tool-{tool.name}", daemon=True).start()
        except RuntimeError:  # "can't start new thread"
            self._results[position] = error_result(call, "Not run: this server is too busy. Try again in a moment.")
        else:
            self._deadlines[position] = deadline

    def _run(self, position: int) -> None:
        tool, call = self._calls[position]
        self._done.put((position, tool.run(call)))

    def _wait(self) -> None:
        """For the next result, or until the next call is late."""
        try:
            done = self._done.get(timeout=max(0.0, min(self._deadlines.values()) - time.monotonic()))
        except Empty:
            self._give_up_late_ones()
            return
        if done is None:
            raise Cancelled
        position, result = done
        if self._deadlines.pop(position, None) is not None:
            self._results[position] = result

    def _give_up_late_ones(self) -> None:
        now = time.monotonic()
        for position in [position for position, deadline in self._deadlines.items() if deadline <= now]:
            del self._deadlines[position]
            tool, call = self._calls[position]
            self._results[position] = error_result(call, f"The tool did not finish within {tool.timeout:g} seconds.")

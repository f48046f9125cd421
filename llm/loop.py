"""Rounds of one answer: the model calls tools, they run, and it is asked again with their results."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeAlias

from llm.cancellation import Cancellation
from llm.errors import BadRequest
from llm.reply import Reply, ReplyBuilder
from llm.tools import Tool, error_result
from llm.tools.threads import run_calls
from llm.types import JSON, Event, Finish, FinishReason, Message, RoundEnd, ToolCall, ToolResult, ToolSpec, Usage

MAX_ROUNDS = 8
MAX_CALLS = 32

Offered: TypeAlias = ToolSpec | Tool
# One answer of the model, after what earlier rounds added and with these parameters in place of the caller's own.
Ask: TypeAlias = Callable[[Sequence[Message], Mapping[str, JSON]], Generator[Event]]

LIMIT_REACHED = (
    f"Not run: one answer may take {MAX_ROUNDS} rounds and {MAX_CALLS} tool calls, and this limit is reached. "
    "Answer with what you have."
)
NOT_WANTED = "Not run: no tools are wanted for this answer."
# After these the model did not come to the end of what it wanted to call.
_CUT: dict[FinishReason, str] = {
    "length": "Not run: the answer was cut off at its length limit, and this call may not be all of it.",
    "content_filter": "Not run: the provider's content filter stopped the answer.",
    "refusal": "Not run: the model refused to go on.",
}


def specs_of(tools: Iterable[Offered]) -> tuple[ToolSpec, ...]:
    """What the provider is told."""
    specs = tuple(each.spec if isinstance(each, Tool) else each for each in tools)
    names = [spec.name for spec in specs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadRequest(f"Two tools have the same name: {', '.join(twice)}. Give each its own.")
    return specs


class Rounds:
    """The events of an answer, over as many calls of the model as its tools need.

    Calls of a `ToolSpec` are the caller's: they end the answer, and so does every other call beside them, because the
    model wants all results at once. Without a `Tool` among `tools` there is one round, passed on as it came.
    """

    def __init__(
        self,
        ask: Ask,
        tools: Sequence[Offered],
        *,
        tool_choice: JSON = None,
        cancellation: Cancellation,
    ) -> None:
        self._ask = ask
        self._added: list[Message] = []
        self._tools = {each.name: each for each in tools if isinstance(each, Tool)}
        self._of_caller = {each.name for each in tools if isinstance(each, ToolSpec)}
        self._choice = tool_choice
        self._cancellation = cancellation
        self._calls_left = MAX_CALLS
        self._usages: list[Usage] = []
        self._ids: set[str] = set()

    def events(self) -> Iterator[Event]:
        """At the limit the model is asked once more without tools, so that whoever waits gets words made of the results
        instead of an error; a model that calls tools even then is told that they did not run, and the answer ends."""
        if not self._tools:
            yield from self._ask((), {})
            return
        for number in range(1, MAX_ROUNDS + 1):
            is_last = number == MAX_ROUNDS or self._calls_left == 0
            reply = yield from self._answer(self._params(number, is_last=is_last))
            calls = reply.tool_calls
            if not calls or not self._of_caller.isdisjoint(call.name for call in calls):
                break
            if refusal := self._refusal(reply, is_last=is_last):
                yield from (error_result(call, refusal) for call in calls)
                break
            results = self._results(calls)
            yield from results
            yield RoundEnd(number, reply.usage)
            self._added += [reply.message, Message("tool", tuple(results))]
        yield Finish(reply.finish or "unknown", self._usage())

    def _params(self, number: int, *, is_last: bool) -> dict[str, JSON]:
        """A call that the caller demanded is made in the first round; demanded again it would never end."""
        if is_last:
            return {"tool_choice": "none"}
        return {"tool_choice": "auto"} if number > 1 and self._choice not in (None, "auto") else {}

    def _refusal(self, reply: Reply, *, is_last: bool) -> str | None:
        """Why the calls of this round must not run. Not every server heeds a `tool_choice` of "none"."""
        if self._choice == "none":
            return NOT_WANTED
        return LIMIT_REACHED if is_last else _CUT.get(reply.finish or "unknown")

    def _answer(self, params: Mapping[str, JSON]) -> Generator[Event, None, Reply]:
        """Passes on everything but the end, which may not be the end."""
        builder = ReplyBuilder()
        with closing(self._ask(tuple(self._added), params)) as events:
            for event in events:
                if isinstance(event, ToolCall):
                    event = self._with_an_id_of_its_own(event)  # noqa: PLW2901  the same call
                builder.add(event)
                if not isinstance(event, Finish):
                    yield event
        reply = builder.reply()
        self._usages += [reply.usage] if reply.usage else []
        return reply

    def _with_an_id_of_its_own(self, call: ToolCall) -> ToolCall:
        """Servers that send no id, or the same one in each round, would mix up what viewers see."""
        chosen, number = call.id, len(self._ids)
        while chosen in self._ids:
            number += 1
            chosen = f"call_{number}"
        self._ids.add(chosen)
        return replace(call, id=chosen)

    def _results(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """One for each call, in their order."""
        within, beyond = calls[: self._calls_left], calls[self._calls_left :]
        self._calls_left -= len(within)
        runnable = [(self._tools[call.name], call) for call in within if call.name in self._tools]
        ran = iter(run_calls(runnable, self._cancellation))
        known = [next(ran) if call.name in self._tools else self._not_offered(call) for call in within]
        return known + [error_result(call, LIMIT_REACHED) for call in beyond]

    def _not_offered(self, call: ToolCall) -> ToolResult:
        return error_result(call, f"There is no tool of this name. Offered are: {', '.join(sorted(self._tools))}.")

    def _usage(self) -> Usage | None:
        """All rounds together."""
        return sum(self._usages[1:], start=self._usages[0]) if self._usages else None

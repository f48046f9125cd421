"""Makes a history fit for the provider that is to read it: written by another one, broken off, or with gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llm.framing import MalformedJSONError, decode_json
from llm.images import sendable
from llm.types import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult

NOT_RUN = "This call was not run."
# What every vendor takes: OpenAI allows 40 characters, Anthropic this alphabet.
CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
PARTS_OF: dict[Role, tuple[type[Part], ...]] = {
    "system": (Text,),
    "user": (Text, Image),
    "assistant": (Text, Reasoning, ToolCall),
    "tool": (ToolResult,),
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was left out of message number `message`, counted from 0, and why."""

    message: int
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    messages: tuple[Message, ...]
    dropped: tuple[Dropped, ...] = ()


def fit_history(messages: Sequence[Message], *, origin: str) -> History:
    """The conversation as `origin`, a provider at its host, takes it, and what had to be left out.

    Every tool call has its result right behind it, every result its call, ids are unique, ids and names are in a
    spelling that all providers take, arguments are a JSON object, signed reasoning goes to whom signed it, and no
    message is empty. Fitting twice changes nothing more.
    """
    fitting = _Fitting(origin)
    for number, message in enumerate(messages):
        fitting.take(number, message)
    fitting.settle()
    return History(tuple(fitting.messages), tuple(fitting.dropped))


class _Fitting:
    def __init__(self, origin: str) -> None:
        self.messages: list[Message] = []
        self.dropped: list[Dropped] = []
        self._origin = origin
        self._number = 0
        self._used_ids: set[str] = set()
        # Of the latest answer: the ids of its calls, and the calls that wait for results with the ids that were given.
        self._calls: list[str] = []
        self._waiting: list[tuple[str, ToolCall]] = []
        self._results: list[ToolResult] = []

    def take(self, number: int, message: Message) -> None:
        self._number = number
        if message.role != "tool":
            self.settle()
        parts = tuple(self._fitted(message))
        if message.role == "tool":
            self._results += [part for part in parts if isinstance(part, ToolResult)]
        elif all(isinstance(part, Reasoning) for part in parts):
            self._drop("message", "it says nothing")
        else:
            self.messages.append(replace(message, parts=parts))

    def settle(self) -> None:
        """Close the latest answer: its results stand together and in the order of the calls, which is how some servers
        match them, and a call without one gets one that says so."""
        missing = [ToolResult(call.id, call.name, NOT_RUN, is_error=True) for _, call in self._waiting]
        if results := sorted((*self._results, *missing), key=lambda result: self._calls.index(result.call_id)):
            self.messages.append(Message("tool", tuple(results)))
        self._calls, self._waiting, self._results = [], [], []

    def _fitted(self, message: Message) -> Iterator[Part]:
        for part in message.parts:
            if not isinstance(part, PARTS_OF[message.role]):
                self._drop(type(part).__name__, f"a message of the {message.role} cannot hold it")
                continue
            match part:
                case Text(text):
                    yield from [part] if text else []
                case Image():
                    yield sendable(part)
                case Reasoning():
                    yield self._reasoning(part)
                case ToolCall():
                    yield self._call(part)
                case ToolResult():
                    yield from self._result(part)

    def _reasoning(self, part: Reasoning) -> Reasoning:
        if not part.opaque or part.origin == self._origin:
            return part
        self._drop("signature of reasoning", "another provider signed it")
        return Reasoning(part.text)

    def _call(self, part: ToolCall) -> ToolCall:
        call = ToolCall(self._new_id(part.id), fitting_name(part.name), self._arguments(part.arguments))
        self._calls.append(call.id)
        self._waiting.append((part.id, call))
        return call

    def _arguments(self, text: str) -> str:
        """What a model wrote wrongly was answered with an error; some servers refuse to see it again."""
        if is_object(text):
            return text
        if text.strip():
            self._drop("arguments", "they are not a JSON object")
        return "{}"

    def _result(self, part: ToolResult) -> list[ToolResult]:
        for position, (given_id, call) in enumerate(self._waiting):
            if given_id == part.call_id:
                del self._waiting[position]
                return [replace(part, call_id=call.id, name=call.name)]
        self._drop("result", "no call in the answer before it has its id")
        return []

    def _new_id(self, wanted: str) -> str:
        chosen = wanted if CALL_ID.fullmatch(wanted) and wanted not in self._used_ids else ""
        number = len(self._used_ids)
        while not chosen or chosen in self._used_ids:
            number += 1
            chosen = f"call_{number}"
        self._used_ids.add(chosen)
        return chosen

    def _drop(self, what: str, reason: str) -> None:
        self.dropped.append(Dropped(self._number, what, reason))


def is_object(text: str) -> bool:
    try:
        return isinstance(decode_json(text), dict)
    except MalformedJSONError:
        return False


def fitting_name(name: str) -> str:
    """A tool's name as vendors want it: a model may have called something that was never offered."""
    return NOT_IN_A_NAME.sub("_", name)[:LONGEST_NAME] or "unknown"


def without_signatures(messages: Sequence[Message]) -> tuple[Message, ...]:
    """For a provider that does not take its own signatures back: another account made them, or they are too old."""
    return tuple(replace(message, parts=tuple(map(_unsigned, message.parts))) for message in messages)


def _unsigned(part: Part) -> Part:
    return Reasoning(part.text) if isinstance(part, Reasoning) else part

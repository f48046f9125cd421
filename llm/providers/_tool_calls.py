"""Tool calls of an answer in any wire format: put together from fragments, kept to a size, handed over at the end."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from llm.errors import ProviderError
from llm.framing import MalformedJSONError, decode_json
from llm.providers._reading import text_of
from llm.types import JSON, Event, Finish, FinishReason, JSONObject, ToolCall, Usage

# Of one answer. No model writes as much; a server that does wants the memory, or the time to search among its calls.
_MOST_CALLS = 128
_LONGEST_CALLS = 1024 * 1024


class CallRoom:
    """How much the tool calls of one answer may hold together."""

    def __init__(self) -> None:
        self._calls = 0
        self._length = 0

    def enter(self) -> None:
        self._calls += 1
        self._check()

    def hold(self, text: str) -> str:
        self._length += len(text)
        self._check()
        return text

    def _check(self) -> None:
        if self._length > _LONGEST_CALLS or self._calls > _MOST_CALLS:
            raise ProviderError("The provider sent more tool calls than one answer may hold. Try again.")


@dataclass(slots=True)
class _Slot:
    number: int
    id: str = ""
    name: str = ""
    # Bytes, because a list of tiny fragments or a StringIO would take many times their length.
    arguments: bytearray = field(default_factory=bytearray)
    is_taken: bool = False

    def call(self) -> ToolCall:
        arguments = self.arguments.decode("utf-8", "surrogatepass").strip()
        return ToolCall(self.id or f"call_{self.number}", self.name, arguments or "{}")


class ToolCallAssembly:
    """Fragments go to the slot of their `index`. Servers that leave it out are followed by id, then by position."""

    def __init__(self) -> None:
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}
        self._room = CallRoom()

    def add(self, fragments: Sequence[JSON]) -> None:
        known = [fragment for fragment in fragments if isinstance(fragment, dict)]
        for position, fragment in enumerate(known):
            self._merge(fragment, position if len(known) > 1 else None)

    def restart(self, index: int) -> None:
        """Forget the arguments of a call: its whole beginning is followed by fragments that say it again."""
        if slot := self._by_index.get(index):
            slot.arguments.clear()

    def take(self, index: int) -> Iterator[ToolCall]:
        """The call of an index, once: for formats that say when it is whole."""
        slot = self._by_index.get(index)
        if slot and not slot.is_taken:
            slot.is_taken = True
            yield slot.call()

    def calls(self) -> Iterator[ToolCall]:
        """All calls that were not taken, in the order in which they began."""
        return (slot.call() for slot in self._slots if not slot.is_taken)

    def _merge(self, fragment: JSONObject, position: int | None) -> None:
        function = fragment.get("function")
        function = function if isinstance(function, dict) else {}
        slot = self._slot(text_of(fragment.get("id")), fragment.get("index"), position)
        # Some servers repeat id and name in every fragment: they are set once, never appended.
        slot.id = slot.id or self._room.hold(text_of(fragment.get("id")))
        slot.name = slot.name or self._room.hold(text_of(function.get("name")))
        slot.arguments += self._room.hold(_arguments(function.get("arguments"))).encode("utf-8", "surrogatepass")

    def _slot(self, call_id: str, index: JSON, position: int | None) -> _Slot:
        if isinstance(index, int):
            return self._indexed(index, call_id)
        if call_id:
            return next((slot for slot in self._slots if slot.id == call_id), None) or self._open()
        if position is not None:
            return self._indexed(position, "")
        return self._slots[-1] if self._slots else self._open()

    def _indexed(self, index: int, call_id: str) -> _Slot:
        """The slot of an index, or a new one where a different id shows that calls share the index."""
        slot = self._by_index.get(index)
        if slot is None or (call_id and slot.id and call_id != slot.id):
            slot = self._by_index[index] = self._open()
        return slot

    def _open(self) -> _Slot:
        self._room.enter()
        self._slots.append(_Slot(len(self._slots)))
        return self._slots[-1]


def as_object(arguments: str) -> JSONObject:
    """Arguments for formats that take nothing but an object, also of a call whose arguments were none."""
    try:
        value = decode_json(arguments)
    except MalformedJSONError:
        return {}
    return value if isinstance(value, dict) else {}


def last_events(calls: Iterable[ToolCall], reason: FinishReason, usage: Usage | None) -> Iterator[Event]:
    """The calls of an answer, without those that its limit cut, and its end.

    A forced tool choice ends with "stop" (OpenAI, vLLM), and so does every call of Ollama's: the calls decide.
    """
    usable = [call for call in calls if reason != "length" or whole(call)]
    yield from usable
    yield Finish("tool_calls" if usable and reason in ("stop", "unknown") else reason, usage)


def whole(call: ToolCall) -> bool:
    """Whether the arguments arrived to their end: an answer that hit its limit may have cut them."""
    try:
        decode_json(call.arguments)
    except MalformedJSONError:
        return False
    return True


def _arguments(value: JSON) -> str:
    """Arguments are JSON text; some servers send the value itself."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)

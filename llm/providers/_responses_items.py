"""Items of which the output of a Responses answer consists: messages, thoughts and calls."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from llm.providers._reading import dicts_in, text_of
from llm.providers._responses_request import opaque_of
from llm.types import JSON, ReasoningDelta, ToolCall

Document: TypeAlias = Mapping[str, JSON]


@dataclass(slots=True)
class OutputItem:
    """Whether deltas have said the item, and what is known of the call that it is."""

    is_said: bool = False
    is_done: bool = False
    is_call: bool = False
    call_id: str = ""
    name: str = ""
    # Bytes, because tiny fragments added to a text would copy it each time.
    arguments: bytearray = field(default_factory=bytearray)

    def learn(self, item: Document) -> None:
        """What a whole item says of its call replaces what fragments said."""
        self.is_call = True
        self.call_id = text_of(item.get("call_id")) or self.call_id
        self.name = text_of(item.get("name")) or self.name
        if said := text_of(item.get("arguments")):
            self.arguments.clear()
            self.add_arguments(said)

    def add_arguments(self, fragment: str) -> None:
        self.arguments += fragment.encode("utf-8", "surrogatepass")

    def call(self, number: int) -> ToolCall:
        """`call_id` is what a result answers to, not the item's own id."""
        arguments = self.arguments.decode("utf-8", "surrogatepass").strip()
        return ToolCall(self.call_id or f"call_{number}", self.name, arguments or "{}")

    def reasoning(self, item: Document) -> Iterator[ReasoningDelta]:
        """What signs a thought comes last, and ends it: the next one is another."""
        parts = dicts_in(item.get("summary")) or dicts_in(item.get("content"))
        text = "" if self.is_said else "\n\n".join(text_of(part.get("text")) for part in parts)
        opaque = opaque_of(item)
        if text or opaque:
            yield ReasoningDelta(text, opaque)

"""Reading an answer of OpenAI's Responses API: its events, or the one object of an answer that was not streamed."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, TypeAlias

from llm.errors import ProviderError, Truncated
from llm.providers._documents import Documents
from llm.providers._errors import error_in_stream
from llm.providers._reading import dicts_in, text_of, tokens
from llm.providers._responses_items import Document, OutputItem
from llm.providers._tool_calls import CallRoom, whole
from llm.types import JSON, Event, Finish, FinishReason, ReasoningDelta, TextDelta, Usage

_INCOMPLETE: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}
_Reader: TypeAlias = Callable[["ResponseAnswer", Document], Iterable[Event]]


def is_response(document: Document) -> bool:
    """Whether a document is one of this format; one that is an error means the same in all of them."""
    return document.get("object") == "response" or text_of(document.get("type")).startswith("response.")


def events_of(documents: Documents) -> Iterator[Event]:
    answer = ResponseAnswer()
    for document in documents:
        yield from answer.read(document)
        if answer.finish:
            yield answer.finish
            return
    raise Truncated


class ResponseAnswer:
    """What is known so far about one answer. Events and items of unknown types are skipped."""

    def __init__(self) -> None:
        self.finish: Finish | None = None
        self._items: dict[int | str, OutputItem] = {}
        self._room = CallRoom()
        self._calls = 0
        self._is_refused = False

    def read(self, document: Document) -> Iterable[Event]:
        if reader := self._READERS.get(text_of(document.get("type"))):
            return reader(self, document)
        if error := error_in_stream(document):
            raise error
        return self._whole(document) if document.get("object") == "response" else ()

    def _item(self, document: Document, item: Document) -> OutputItem:
        """By position, or by id where a server sends none (llama.cpp). Relays invent a new id for each event."""
        index = document.get("output_index")
        key = index if isinstance(index, int) else text_of(document.get("item_id")) or text_of(item.get("id"))
        if key not in self._items:
            self._room.enter()
            self._items[key] = OutputItem()
        return self._items[key]

    def _say(self, document: Document, kind: type[TextDelta | ReasoningDelta]) -> Iterable[Event]:
        text = text_of(document.get("delta"))
        if not text:
            return ()
        self._item(document, {}).is_said = True
        return (kind(text),)

    def _output_text(self, document: Document) -> Iterable[Event]:
        return self._say(document, TextDelta)

    def _refusal(self, document: Document) -> Iterable[Event]:
        self._is_refused = True
        return self._say(document, TextDelta)

    def _thought(self, document: Document) -> Iterable[Event]:
        return self._say(document, ReasoningDelta)

    def _next_thought(self, document: Document) -> Iterable[Event]:
        """The parts of a summary are paragraphs."""
        return (ReasoningDelta("\n\n"),) if self._item(document, {}).is_said else ()

    def _item_added(self, document: Document) -> Iterable[Event]:
        item = document.get("item")
        if isinstance(item, dict) and item.get("type") == "function_call":
            self._learn(document, item)
        return ()

    def _arguments(self, document: Document) -> Iterable[Event]:
        self._item(document, {}).add_arguments(self._room.hold(text_of(document.get("delta"))))
        return ()

    def _arguments_done(self, document: Document) -> Iterable[Event]:
        self._learn(document, document)
        return ()

    def _learn(self, document: Document, said: Document) -> None:
        self._room.hold(text_of(said.get("call_id")) + text_of(said.get("name")))
        self._item(document, said).learn(said)

    def _item_done(self, document: Document) -> Iterator[Event]:
        """The item is whole: what deltas did not say of it comes now."""
        item = document.get("item")
        if not isinstance(item, dict) or (known := self._item(document, item)).is_done:
            return
        known.is_done = True
        match item.get("type"):
            case "message":
                yield from self._message(item, known)
            case "reasoning":
                yield from known.reasoning(item)
            case "function_call":
                known.learn(item)
                yield from self._call(known, is_whole=item.get("status") != "incomplete")

    def _message(self, item: Document, known: OutputItem) -> Iterator[Event]:
        for part in dicts_in(item.get("content")):
            refusal = text_of(part.get("refusal"))
            self._is_refused = self._is_refused or bool(refusal)
            if not known.is_said and (text := text_of(part.get("text")) or refusal):
                yield TextDelta(text)

    def _call(self, known: OutputItem, *, is_whole: bool) -> Iterator[Event]:
        """A call that the limit cut is none, unless its arguments came to their end before."""
        call = known.call(self._calls)
        if is_whole or whole(call):
            self._calls += 1
            yield call

    def _whole(self, response: Document) -> Iterator[Event]:
        yield from self._end(response, text_of(response.get("status")) or "completed")

    def _ended(self, document: Document) -> Iterator[Event]:
        response = document.get("response")
        status = text_of(document["type"]).removeprefix("response.")
        yield from self._end(response if isinstance(response, dict) else {}, status)

    def _end(self, response: Document, status: str) -> Iterator[Event]:
        if status == "failed":
            raise error_in_stream({"error": response.get("error")}) or ProviderError()
        if status not in ("completed", "incomplete"):
            raise Truncated
        if not self._items:  # not streamed, or by a relay that sends the end only
            for index, item in enumerate(dicts_in(response.get("output"))):
                yield from self._item_done({"output_index": index, "item": item})
        for known in self._items.values():
            if known.is_call and not known.is_done:
                yield from self._call(known, is_whole=status == "completed")
        self.finish = Finish(self._reason(response, status), _usage_in(response.get("usage")))

    def _reason(self, response: Document, status: str) -> FinishReason:
        if status == "incomplete":
            details = response.get("incomplete_details")
            return _INCOMPLETE.get(text_of(details.get("reason")) if isinstance(details, dict) else "", "unknown")
        if self._is_refused:
            return "refusal"
        return "tool_calls" if self._calls else "stop"

    _READERS: ClassVar[dict[str, _Reader]] = {
        "response.output_text.delta": _output_text,
        "response.refusal.delta": _refusal,
        "response.reasoning_summary_text.delta": _thought,
        "response.reasoning_text.delta": _thought,
        "response.reasoning_summary_part.added": _next_thought,
        "response.output_item.added": _item_added,
        "response.function_call_arguments.delta": _arguments,
        "response.function_call_arguments.done": _arguments_done,
        "response.output_item.done": _item_done,
        "response.completed": _ended,
        "response.incomplete": _ended,
        "response.failed": _ended,
        "response.cancelled": _ended,
    }


def _usage_in(counts: JSON) -> Usage | None:
    if not isinstance(counts, dict) or counts.get("input_tokens") is None:
        return None
    return Usage(
        input_tokens=tokens(counts, "input_tokens"),
        output_tokens=tokens(counts, "output_tokens"),
        cached_tokens=tokens(counts.get("input_tokens_details"), "cached_tokens"),
        reasoning_tokens=tokens(counts.get("output_tokens_details"), "reasoning_tokens"),
    )

"""The JSON documents of one answer, whether it was streamed or not. What they mean is for each wire format to say."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from llm.framing import (
    MalformedJSONError,
    beginning_of_answer,
    json_object,
    json_objects,
    server_sent_events,
    whole_object,
)
from llm.providers._faults import fault_in
from llm.types import JSONObject

# Documents are kept while one is looked for: a server that never says anything must not fill the memory.
MOST_AHEAD = 32


class Documents:
    """`is_whole`: one object instead of a stream. `is_done`: nothing is missing, as far as the framing can tell."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        first, chunks = beginning_of_answer(chunks)
        self.is_whole = first in (b"{", b"[")
        self.is_done = self.is_whole
        self._documents = _only(chunks) if self.is_whole else json_objects(self._before_done(chunks))

    def __iter__(self) -> Iterator[JSONObject]:
        return self._documents

    def peek(self, tells: Callable[[JSONObject], bool]) -> JSONObject:
        """The first document that `tells` what is asked; an empty one if none of the first few does. Iteration yields
        all of them all the same."""
        seen = []
        for document in islice(self._documents, MOST_AHEAD):
            seen.append(document)
            if tells(document):
                break
        self._documents = chain(seen, self._documents)
        return next(filter(tells, seen[-1:]), {})

    def _before_done(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The data of each event before `[DONE]`, without the keep-alives that some servers send as data."""
        for event in server_sent_events(chunks):
            data = event.data.strip()
            if data.startswith("[DONE]"):
                self.is_done = True
                return
            if data and not data.startswith(":"):
                yield _as_error(data) if event.event == "error" else data


def _as_error(data: str) -> str:
    """What an event named "error" says, in a shape that is known for an error without that name."""
    try:
        said = json_object(data)
    except MalformedJSONError:
        said = {}
    if not said:
        return json.dumps({"error": data})
    return data if fault_in(said) else f'{{"error": {data}}}'


def _only(chunks: Iterable[bytes]) -> Iterator[JSONObject]:
    yield whole_object(chunks)

"""The JSON documents of one answer, whether it was streamed or not. What they mean is for each wire format to say."""

from collections.abc import Iterable, Iterator
from itertools import chain

from llm.framing import beginning_of_answer, json_objects, server_sent_events, whole_object
from llm.types import JSONObject


class Documents:
    """`is_whole`: one object instead of a stream. `is_done`: nothing is missing, as far as the framing can tell."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        first, chunks = beginning_of_answer(chunks)
        self.is_whole = first in (b"{", b"[")
        self.is_done = self.is_whole
        self._documents = _only(chunks) if self.is_whole else json_objects(self._before_done(chunks))

    def __iter__(self) -> Iterator[JSONObject]:
        return self._documents

    def peek(self) -> JSONObject:
        """The first document, which iteration yields all the same; an empty one where there is none."""
        first = next(self._documents, None)
        if first is None:
            return {}
        self._documents = chain([first], self._documents)
        return first

    def _before_done(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The data of each event before `[DONE]`, without the keep-alives that some servers send as data."""
        for event in server_sent_events(chunks):
            data = event.data.strip()
            if data.startswith("[DONE]"):
                self.is_done = True
                return
            if data and not data.startswith(":"):
                yield data


def _only(chunks: Iterable[bytes]) -> Iterator[JSONObject]:
    yield whole_object(chunks)

"""The free question of a connection test: which models are there? It can prove much; that it is refused proves little.

Many servers have no list, some show it to everybody, and a key may be allowed to chat and not to list.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches

from llm.answers import UNEXPECTED_SHAPE
from llm.cancellation import Cancellation
from llm.errors import LLMError, TimedOut, Truncated
from llm.framing import MalformedJSONError, decode_json
from llm.providers._base import ModelList
from llm.transport import Answer, Sender

MOST_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What an HTTP answer to the question showed. No `names`: there is no list, or it is empty."""

    names: tuple[str, ...] = ()
    proves_key: bool = False
    is_complete: bool = False

    @property
    def summary(self) -> str:
        return f"Model ids listed: {len(self.names)}." if self.names else "No model is listed."

    def lacks(self, model: str) -> bool:
        return bool(self.names) and self.is_complete and model not in self.names

    def hint(self, model: str) -> str:
        """What to do about a model that is not there; "" where the list does not help."""
        if near := near_names(model, self.names):
            return f"Check the model id. Similar ones are listed: {', '.join(near)}."
        if self.names and self.is_complete:
            return f"Pick a model that is listed, such as {', '.join(self.names[:MOST_NAMES_SHOWN])}."
        return ""


def ask_for_models(question: ModelList, transport: Sender, cancellation: Cancellation) -> Listing:
    """Raises an `LLMError` if no HTTP answer comes."""
    try:
        with transport.send(question.request, cancellation) as answer:
            names = names_in(answer, question) if 200 <= answer.status < 300 else ()
    except LLMError as error:
        if error.status is None:
            raise
        return Listing()
    # Without a name in it the document may be anything, a refusal with status 200 too.
    return Listing(names=names, proves_key=question.proves_key and bool(names), is_complete=question.is_complete)


def names_in(answer: Answer, question: ModelList) -> tuple[str, ...]:
    """Empty if the answer is no such list: that is for the chat to find out."""
    body = bytearray()
    with suppress(TimedOut, Truncated):
        for chunk in answer:
            body += chunk
    with suppress(MalformedJSONError, *UNEXPECTED_SHAPE):
        return tuple(question.names(decode_json(body.decode("utf-8", "replace"))))
    return ()


def near_names(model: str, names: Sequence[str]) -> list[str]:
    by_lower_case = {name.lower(): name for name in names}
    return [by_lower_case[name] for name in get_close_matches(model.lower(), by_lower_case, n=MOST_NAMES_SHOWN)]

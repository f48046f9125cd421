"""The wire formats that the scripted provider writes, and the addresses under which clients look for them.

Made by hand from the vendors' documents and from answers of real servers, and not with the code that reads them, so
that a misreading cannot agree with itself. Each also refuses what its vendor refuses: a test of a sender, too.
"""

import re
from collections.abc import Iterator

from llm.testing.formats import paths
from llm.testing.formats.base import Asked, Format, Frame, Refusal
from llm.testing.formats.chat_completions import ChatCompletions, FilteredChatCompletions
from llm.testing.formats.doors import DATED, RESOURCE
from llm.testing.formats.messages import Messages
from llm.testing.formats.ndjson_chat import NdjsonChat
from llm.testing.formats.pages import Page, pages
from llm.testing.formats.responses import Responses

__all__ = ["FORMATS", "Asked", "Format", "Frame", "Page", "Refusal", "complaint_of", "format_at", "lost", "page_at"]

_PLAIN, _MESSAGES, _NDJSON = ChatCompletions(), Messages(), NdjsonChat()
_DATED, _DEPLOYED = FilteredChatCompletions(DATED), FilteredChatCompletions(RESOURCE)

FORMATS: dict[str, Format] = {
    **dict.fromkeys(paths.CHAT_COMPLETIONS, _PLAIN),
    **dict.fromkeys(paths.RESPONSES, Responses()),
    **dict.fromkeys(paths.MESSAGES, _MESSAGES),
    **dict.fromkeys(paths.NDJSON_CHAT, _NDJSON),
    paths.DATED_RESPONSES: Responses(DATED),
    paths.DEPLOYED_CHAT_COMPLETIONS: _DEPLOYED,
    paths.DEPLOYED_RESPONSES: Responses(RESOURCE),
}
_PAGES = pages(plain=_PLAIN, messages=_MESSAGES, ndjson=_NDJSON, dated=_DATED, deployed=_DEPLOYED)


def format_at(path: str) -> Format | None:
    return _DATED if re.fullmatch(paths.DATED_CHAT_COMPLETIONS, path) else FORMATS.get(path)


def page_at(asked: Asked, method: str) -> Page | None:
    return next((page for page in _PAGES if page.answers(asked, method)), None)


def complaint_of(wire: Format, asked: Asked) -> Refusal | None:
    """The first reason not to serve a request."""
    return next(_complaints(wire, asked), None)


def _complaints(wire: Format, asked: Asked) -> Iterator[Refusal]:
    yield from wire.admission(asked)
    if not isinstance(asked.body, dict):
        yield Refusal(message="We could not parse the JSON body of your request.")
    yield from wire.complaints(asked)


def lost(path: str) -> Refusal:
    """An address that is none."""
    resource = {"error": {"code": "404", "message": "Resource not found"}}
    body = resource if path.startswith(paths.DEPLOYMENTS) else {"detail": "Not Found"}
    return Refusal(status=404, message="Not Found", body=body)

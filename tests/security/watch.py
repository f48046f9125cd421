"""Watches the whole test session: no key that a test stores may come back in an answer or a log line.

Whichever test it is, what it seals is a secret from then on, and so are the site's own keys and the tokens that it
hands out. Each worker of pytest-xdist watches itself, and each test starts with an empty list.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.conf import settings

from llm.providers import PROVIDERS
from tests.security.canaries import spellings

# A shorter text could stand anywhere by chance.
SHORTEST = 12
KEY_VARIABLES = [provider.key_env for provider in PROVIDERS.values() if provider.key_env]
# Where a token is shown, once, to whom it is made for.
TOKENS = "/api/tokens"


class Watch:
    def __init__(self) -> None:
        self._sealed: set[str] = set()
        self._tokens: set[str] = set()
        self._found: list[str] = []

    def begin(self) -> None:
        self._sealed, self._tokens, self._found = set(), set(), []

    def learn(self, *secrets: str) -> None:
        self._sealed |= {secret for secret in secrets if len(secret) >= SHORTEST}

    def learn_token(self, token: str) -> None:
        self._tokens.add(token)

    def take_found(self) -> list[str]:
        """What was found since the last time, each with the place where it stood."""
        found, self._found = self._found, []
        return found

    def answer(self, method: str, path: str, query: str, response: Any) -> None:
        """A redirect to the login page repeats the address; a token that its sender wrote into it got out before."""
        if not response.streaming:
            head = "".join(f"{name}: {value}\n" for name, value in response.items())
            is_new_token = method == "POST" and path.startswith(TOKENS)
            tokens = set() if is_new_token else {token for token in self._tokens if token not in query}
            self._look(f"{method} {path}", head.encode() + response.content, tokens)

    def record(self, record: logging.LogRecord) -> None:
        text = message_of(record)
        if record.exc_info and record.exc_info[0]:
            text += "".join(traceback.format_exception(*record.exc_info))
        self._look(f"a line of the logger {record.name}", text.encode(errors="replace"), self._tokens)

    def _look(self, where: str, data: bytes, tokens: set[str]) -> None:
        for secret in self._sealed | tokens | of_the_site():
            if any(spelling in data for spelling in spellings(secret)):
                self._found.append(f"{secret[:4]}...{secret[-3:]} in {where}")


def message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that do not fit: the handler will say so
        return f"{record.msg} {record.args}"


def of_the_site() -> set[str]:
    """As settings and environment are at this moment: tests change both."""
    of_environment = {os.environ.get(name, "") for name in KEY_VARIABLES}
    texts = {settings.SECRET_KEY, settings.ENCRYPTION_KEY, *of_environment}
    return {text for text in texts if len(text) >= SHORTEST}


@contextmanager
def listening(watch: Watch) -> Iterator[None]:
    from django.test.client import AsyncClientHandler, ClientHandler
    from knox.models import AuthTokenManager

    from registry.envelope import KeyRing

    def sealing(seal: Any) -> Any:
        def sealed(ring: KeyRing, text: str, *context: str) -> str:
            watch.learn(*secrets_in(text))
            return seal(ring, text, *context)

        return sealed

    def making_tokens(create: Any) -> Any:
        def created(manager: Any, *args: Any, **kwargs: Any) -> Any:
            row, token = create(manager, *args, **kwargs)
            watch.learn_token(token)
            return row, token

        return created

    def answering(call: Any) -> Any:
        def answered(handler: Any, environ: dict[str, Any]) -> Any:
            response = call(handler, environ)
            watch.answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], response)
            return response

        return answered

    def answering_async(call: Any) -> Any:
        async def answered(handler: Any, scope: dict[str, Any]) -> Any:
            response = await call(handler, scope)
            watch.answer(scope["method"], scope["path"], str(scope["query_string"]), response)
            return response

        return answered

    with ExitStack() as undo:
        for owner, name, around in (
            (KeyRing, "seal", sealing),
            (AuthTokenManager, "create", making_tokens),
            (ClientHandler, "__call__", answering),
            (AsyncClientHandler, "__call__", answering_async),
        ):
            original = getattr(owner, name)
            setattr(owner, name, around(original))
            undo.callback(setattr, owner, name, original)
        make_record = logging.getLogRecordFactory()
        undo.callback(logging.setLogRecordFactory, make_record)
        logging.setLogRecordFactory(noting(watch, make_record))
        yield


def noting(watch: Watch, make_record: Any) -> Any:
    def note(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        watch.record(record)
        return record

    return note


def secrets_in(text: str) -> list[str]:
    """A key, or the values of headers, which are sealed as an object."""
    try:
        headers = json.loads(text)
    except ValueError:
        return [text]
    return [value for value in headers.values() if isinstance(value, str)] if isinstance(headers, dict) else [text]


@pytest.fixture(scope="session")
def canary_watch() -> Iterator[Watch]:
    watch = Watch()
    with listening(watch):
        yield watch


@pytest.fixture(autouse=True)
def nothing_leaks(canary_watch: Watch) -> Iterator[None]:
    canary_watch.begin()
    yield
    fail_if_found(canary_watch)


def fail_if_found(watch: Watch) -> None:
    if found := watch.take_found():
        pytest.fail(f"A secret got out: {'; '.join(found)}", pytrace=False)

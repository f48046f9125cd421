"""Sends a request and hands back the bytes of its answer, inside the limits of a policy and of time."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import lru_cache
from typing import Protocol, Self

import requests

from llm.addresses import AddressPolicy
from llm.cancellation import Cancellation
from llm.errors import NotAnAPI, ProviderError, Truncated
from llm.transport.calls import Call, Timeouts
from llm.transport.connections import GuardedAdapter
from llm.transport.failures import FAMILIES, failure_of, llm_error
from llm.transport.request_headers import check_headers
from llm.types import HttpRequest

__all__ = ["Answer", "OpenAnswer", "Sender", "Timeouts", "Transport", "transport_for"]

LONGEST_BODY = 32 * 1024 * 1024
CHUNK = 65536
# Long enough for the last bytes of an answer whose end the parser has seen already, too short for anyone to notice.
SETTLING = 0.02
# The status has decided; a body that says more about it is a few hundred bytes, and a retry may wait for it.
REFUSAL_BODY = 5

USER_AGENT = "dynamic-model-registry"

_API_CONTENT = re.compile(
    r"(application|text)/(json|[\w.-]+\+json|(x-)?ndjson|(x-)?jsonl|(x-)?json-?lines|event-stream)"
    # Servers of a few lines never say what they send. A parser sees whether it is an answer or a page.
    r"|text/plain",
    re.IGNORECASE,
)


class Answer(Protocol):
    """What a provider answered. Names in `headers` are lower-case; iterating yields the body's bytes as they come."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    def __iter__(self) -> Iterator[bytes]: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *raised: object) -> None: ...
    def close(self) -> None: ...
    def settle(self) -> None: ...


class Sender(Protocol):
    def send(self, request: HttpRequest, cancellation: Cancellation | None = None) -> Answer: ...


class OpenAnswer:
    """An open answer. Leaving it before its end closes the connection, which makes most servers stop generating."""

    def __init__(self, response: requests.Response, call: Call) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._raw = response.raw
        self._call = call
        self._size = 0
        self._exhausted = False

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._next_chunk():
            self._size += len(chunk)
            if self._size > LONGEST_BODY:
                raise Truncated("The provider's answer is longer than 32 MiB. What arrived until then is kept.")
            yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Without reading another byte: the garbage collector may be what closes it, in any thread."""
        self._raw.close()
        self._call.finish()

    def settle(self) -> None:
        """The parser saw the end: take that of the body too if it is there, so that the connection can serve again."""
        if not self._exhausted and self._call.error is None:
            self._call.ending(SETTLING)
            with suppress(*FAMILIES):
                self._raw.read1(CHUNK)

    def _next_chunk(self) -> bytes:
        self._call.reading()
        try:
            # `iter_content` and `iter_lines` hold back a body without chunks until 512 bytes or its end have come.
            chunk: bytes = self._raw.read1(CHUNK)
        except FAMILIES as error:
            raise failure_of(self._call, error) from None
        self._call.received()
        self._exhausted = not chunk
        return chunk


class Transport:
    """One pool of connections for one policy. `ca_file` names certificates to trust instead of the public ones."""

    def __init__(self, policy: AddressPolicy, *, timeouts: Timeouts = Timeouts(), ca_file: str = "") -> None:  # noqa: B008  frozen
        self.policy = policy
        self.timeouts = timeouts
        # The verdict on a URL is a pure function; names are judged each time that they are resolved.
        self._checked_url = lru_cache(maxsize=256)(policy.check)
        self._adapter = GuardedAdapter(policy, ca_file=ca_file)
        # A transport that nobody holds any more leaves no idle connection open; calls under way keep theirs.
        weakref.finalize(self, self._adapter.close)

    def send(self, request: HttpRequest, cancellation: Cancellation | None = None) -> OpenAnswer:
        """The answer, whatever its status, unless it cannot come from an LLM API."""
        prepared = self._prepared(request)
        call = Call(self.timeouts)
        if cancellation is not None:
            cancellation.on_cancel(call.cancel)
        with ExitStack() as unless_answered:
            unless_answered.callback(call.finish)
            answer = OpenAnswer(self._exchange(prepared, call), call)
            unless_answered.callback(answer.close)
            _refuse_foreign(answer.status, answer.headers)
            if answer.status >= 300:
                call.ending(REFUSAL_BODY)
            unless_answered.pop_all()
        return answer

    def _prepared(self, request: HttpRequest) -> requests.PreparedRequest:
        url = self._checked_url(request.url)
        check_headers(request.headers)
        headers = {"Accept-Encoding": "identity", "User-Agent": USER_AGENT, **request.headers}
        prepared = requests.PreparedRequest()
        # The URL is sent as the policy read it: no third parser has a say, and a call costs a sixth less.
        prepared.method, prepared.url = request.method, url
        try:
            prepared.prepare_headers(headers)
            prepared.prepare_body(request.body, None)
        except FAMILIES as error:
            raise llm_error(error) from None
        return prepared

    def _exchange(self, request: requests.PreparedRequest, call: Call) -> requests.Response:
        call.raise_if_ended()
        try:
            return self._adapter.exchange(request, call)
        except FAMILIES as error:
            failure = failure_of(call, error)
            failure.unanswered = call.is_sent
            raise failure from None


@lru_cache(maxsize=64)
def transport_for(policy: AddressPolicy) -> Transport:
    """The transport that all calls under equal policies share, with its connections."""
    return Transport(policy)


def _refuse_foreign(status: int, headers: Mapping[str, str]) -> None:
    if status < 200 or 300 <= status < 400:
        raise NotAnAPI(
            "The address redirects elsewhere, and redirects are not followed. Check the base URL.", status=status
        )
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ProviderError(
            "The provider sent a compressed answer although none was asked for. Check the base URL.", status=status
        )
    kind = headers.get("content-type", "").partition(";")[0].strip()
    if status < 300 and kind and not _API_CONTENT.fullmatch(kind):
        raise NotAnAPI(status=status)

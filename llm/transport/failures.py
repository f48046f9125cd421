"""What the exceptions of `requests`, `urllib3` and the socket layer mean. `connections` raises some of them."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TypeAlias

import requests.exceptions as r
import urllib3.exceptions as u
from urllib3.util.ssl_match_hostname import CertificateError

from llm.errors import BadRequest, LLMError, NotAnAPI, ProviderError, TimedOut, Truncated, Unreachable, Untrusted
from llm.transport.calls import Call, Phase

# A server that had given up a kept connection did so before our request came: its close was under way already and is
# here within half a round trip. 0.1 s covers the longest routes on earth; a later close can follow a billed answer.
AT_ONCE = 0.1

_Row: TypeAlias = tuple[tuple[type[BaseException], ...], Callable[[], LLMError]]


def _unknown_name() -> LLMError:
    return Unreachable("The provider's host name is not known. Check the spelling of the address.")


def _unusable_address() -> LLMError:
    return BadRequest("The provider's address is not a valid URL. Correct it; most end in /v1.")


def _unusable_header() -> LLMError:
    return BadRequest("A header of this connection holds a character that headers may not hold. Enter it again.")


def _unreadable() -> LLMError:
    return ProviderError("The provider's answer cannot be decoded. Try again, or pick another model.")


TABLE: tuple[_Row, ...] = (
    ((ssl.SSLError, u.SSLError, r.SSLError, CertificateError), Untrusted),
    ((u.NameResolutionError, socket.gaierror), _unknown_name),
    ((u.ConnectTimeoutError, r.ConnectTimeout), Unreachable),
    ((u.TimeoutError, r.Timeout, TimeoutError), TimedOut),
    ((u.ProxyError, r.ProxyError, u.ProxySchemeUnknown, u.ProxySchemeUnsupported, r.InvalidProxyURL), Unreachable),
    ((ConnectionRefusedError, u.PoolError, u.TimeoutStateError), Unreachable),
    ((u.IncompleteRead, u.InvalidChunkLength, r.ChunkedEncodingError), Truncated),
    # RemoteDisconnected is a ConnectionResetError as well as a BadStatusLine: it must not reach the row of the latter.
    ((ConnectionError, http.client.IncompleteRead), Truncated),
    ((http.client.InvalidURL, u.LocationValueError, r.InvalidURL, r.MissingSchema), _unusable_address),
    ((r.InvalidSchema, r.URLRequired), _unusable_address),
    ((r.InvalidHeader, UnicodeError), _unusable_header),
    ((u.ResponseNotChunked, u.BodyNotHttplibCompatible, u.HeaderParsingError, u.InvalidHeader), NotAnAPI),
    ((http.client.BadStatusLine, http.client.LineTooLong, http.client.UnknownProtocol), NotAnAPI),
    ((http.client.UnknownTransferEncoding,), NotAnAPI),
    ((http.client.ImproperConnectionState, http.client.NotConnected, http.client.UnimplementedFileMode), Unreachable),
    ((http.client.HTTPException,), NotAnAPI),  # raised as it is for more than 100 headers
    ((u.DecodeError, r.ContentDecodingError, r.InvalidJSONError, r.StreamConsumedError), _unreadable),
    ((u.ResponseError, r.RetryError, r.TooManyRedirects, r.HTTPError), ProviderError),
    ((u.UnrewindableBodyError, r.UnrewindableBodyError), ProviderError),
    ((u.ProtocolError,), Truncated),
    ((r.ConnectionError,), Unreachable),
)
FAMILIES: tuple[type[Exception], ...] = (
    r.RequestException,
    u.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


def llm_error(error: BaseException) -> LLMError:
    """The meaning of the innermost exception that has one; `requests` and `urllib3` wrap each other up to four deep."""
    for inner in reversed(list(_wrapped(error))):
        for kinds, meaning in TABLE:
            if isinstance(inner, kinds):
                return meaning()
    return Unreachable()


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    yield error
    inner = getattr(error, "reason", None) or next(
        (arg for arg in error.args[::-1] if isinstance(arg, Exception)), None
    )
    if isinstance(inner, Exception):
        yield from _wrapped(inner)


def failure_of(call: Call, error: BaseException) -> LLMError:
    """Why `call` failed: what ended it if something of ours did, else `error` in the light of how far the call was."""
    if call.error is not None:
        return call.error
    meaning = llm_error(error)
    if not isinstance(meaning, Unreachable | Truncated):
        return meaning
    if call.phase is Phase.CONNECTING:
        return meaning if isinstance(meaning, Unreachable) else Unreachable()
    if call.phase is Phase.ANSWERING:
        return Truncated()
    return Unreachable() if _was_stale(call) else _unanswered()


def _was_stale(call: Call) -> bool:
    """The server gave up a kept connection while nobody used it: the request was not read (RFC 9112, 9.3.1)."""
    return call.reused_connection and not call.answered and call.seconds_since_sent() <= AT_ONCE


def _unanswered() -> LLMError:
    return Truncated("The provider closed the connection without an answer. Try again or pick another model.")

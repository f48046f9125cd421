"""The table of foreign exceptions is complete, and each of them means what it should."""

import http.client
import importlib
import inspect
import pkgutil
import socket
import ssl

import pytest
import requests.adapters
import requests.exceptions
import urllib3
import urllib3.exceptions

from llm.errors import NotAnAPI, TimedOut, Truncated, Unreachable, Untrusted
from llm.transport.calls import Call, Timeouts
from llm.transport.failures import FAMILIES, TABLE, failure_of, llm_error

# A row for the root of a family would hide that a class below it is new.
ROOTS = {requests.exceptions.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException}
KNOWN = tuple(kind for kinds, _ in TABLE for kind in kinds if kind not in ROOTS)
# Cookies are neither kept nor looked up by name.
UNREACHED = {"CookieConflictError"}
# Other ways to the network, most of which need packages that are not installed.
UNUSED = ("urllib3.contrib", "urllib3.http2")


def modules():
    yield http.client
    for package in (requests, urllib3):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith(UNUSED):
                yield importlib.import_module(found.name)


def exceptions_of(module):
    own = (value for value in vars(module).values() if inspect.isclass(value) and value.__module__ == module.__name__)
    return {kind for kind in own if issubclass(kind, Exception) and not issubclass(kind, Warning)} - ROOTS


def foreign_exceptions():
    found = {kind for module in modules() for kind in exceptions_of(module)}
    return {kind for kind in found if kind.__name__ not in UNREACHED}


def without_a_row():
    return {kind.__name__ for kind in foreign_exceptions() if not issubclass(kind, KNOWN)}


def not_caught():
    return {kind.__name__ for kind in foreign_exceptions() if not issubclass(kind, FAMILIES)}


def test_every_exception_of_the_libraries_has_a_row_and_is_caught():
    assert len(foreign_exceptions()) > 60
    assert without_a_row() == set()
    assert not_caught() == set()


@pytest.mark.parametrize(
    ("module", "root"),
    [
        (requests.exceptions, requests.exceptions.RequestException),
        (urllib3.exceptions, urllib3.exceptions.HTTPError),
        (http.client, http.client.HTTPException),
        (requests.adapters, Exception),
    ],
)
def test_an_exception_that_a_library_grows_is_noticed(monkeypatch, module, root):
    planted = type("Planted", (root,), {"__module__": module.__name__})
    monkeypatch.setattr(module, "Planted", planted, raising=False)
    assert without_a_row() == {"Planted"}
    assert not_caught() == ({"Planted"} if root is Exception else set())


def test_no_row_names_an_exception_that_is_mapped_before():
    """Such a row would look like a decision and be none."""
    seen = []
    for kinds, _ in TABLE:
        assert [kind for kind in kinds if issubclass(kind, tuple(seen))] == []
        seen += kinds


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (http.client.RemoteDisconnected("x"), Truncated),
        (http.client.BadStatusLine("x"), NotAnAPI),
        (http.client.LineTooLong("x"), NotAnAPI),
        (ConnectionResetError(), Truncated),
        (ConnectionRefusedError(), Unreachable),
        (TimeoutError(), TimedOut),
        (ssl.SSLError(), Untrusted),
        (socket.gaierror(), Unreachable),
        (OSError(113, "no route"), Unreachable),
        (ValueError("I/O operation on closed file"), Unreachable),
        (
            requests.exceptions.ConnectionError(urllib3.exceptions.ReadTimeoutError(None, None, "Read timed out.")),
            TimedOut,
        ),
        (
            requests.exceptions.ConnectionError(
                urllib3.exceptions.ProtocolError("Connection aborted.", http.client.RemoteDisconnected("x"))
            ),
            Truncated,
        ),
    ],
)
def test_the_innermost_exception_decides(error, meaning):
    assert type(llm_error(error)) is meaning


@pytest.mark.parametrize("reused", [True, False])
def test_a_close_before_the_answer_is_safe_to_repeat_only_on_a_kept_connection(reused):
    call = Call(Timeouts())
    call.connected(reused=reused)
    assert failure_of(call, ConnectionResetError()).retryable is reused
    call.finish()


def test_once_the_answer_has_begun_every_failure_of_the_connection_is_a_cut():
    call = Call(Timeouts())
    call.connected(reused=True)
    call.received()
    assert type(failure_of(call, ssl.SSLError())) is Truncated
    call.finish()


def test_a_reset_while_connecting_is_unreachable():
    call = Call(Timeouts())
    assert type(failure_of(call, ConnectionResetError())) is Unreachable
    call.finish()

"""Connections that go where a policy lets them and that a `Call` can end: resolve, check, connect, check again."""

from __future__ import annotations

import socket
import ssl
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import lru_cache
from itertools import zip_longest
from typing import Any, ClassVar, NoReturn

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.wait import wait_for_write

from llm.addresses import AddressPolicy, Origin, canonical_host, plain_address
from llm.errors import Blocked
from llm.transport.calls import Call, current_call
from llm.transport.heads import ShortHeadedResponse
from llm.transport.threads import start

MOST_ADDRESSES = 4
# The deadlines of the call come first, because they know what they are for. The socket's own are a net below them: as
# short as they, it won the race now and then, and cut an answer whose `idle` is longer than its `first_byte`.
NET_BELOW = 5
POOLED_HOSTS = 64
POOLED_CONNECTIONS = 64


class _GuardedConnection(HTTPConnection):
    policy: ClassVar[AddressPolicy]
    scheme: ClassVar[str] = "http"
    response_class = ShortHeadedResponse
    call: Call | None = None

    def _new_conn(self) -> socket.socket:
        call = current_call.get()
        # The TLS class keeps brackets around IPv6 hosts in some paths and drops them in others.
        host = self._dns_host.strip("[]")
        origin = Origin(self.scheme, canonical_host(f"[{host}]" if ":" in host else host), self.port)
        records = self._resolve(origin, call)
        if not all(self._admitted(origin, record[4]) for record in records):
            # One bad record spoils the name.
            raise Blocked(detail=f"{origin}: an address of this name is not allowed")
        return self._connect_to_one(_interleaved(records)[:MOST_ADDRESSES], origin, call)

    def connect(self) -> None:
        super().connect()
        self.call = current_call.get()
        self.call.connected(reused=False)
        self.sock.settimeout(self.call.timeouts.total + NET_BELOW)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None and self.call is None:
            self.call = current_call.get()
            self.call.hold(self.sock)
            self.call.connected(reused=True)
        super().request(*args, **kwargs)
        current_call.get().sent()

    def leave_call(self) -> None:
        if self.call is not None:
            self.call.finish()
            self.call = None

    def _admitted(self, origin: Origin, sockaddr: tuple[Any, ...]) -> bool:
        return self.policy.admits(origin, plain_address(sockaddr[0]))

    def _resolve(self, origin: Origin, call: Call) -> list[Any]:
        try:
            records = _resolved(origin.host, origin.port, call)
        except (socket.gaierror, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(socket.EAI_NONAME)
            raise NameResolutionError(origin.host, self, reason) from None
        if not records:
            raise NewConnectionError(self, "the name has no address")
        return records

    def _connect_to_one(self, records: list[Any], origin: Origin, call: Call) -> socket.socket:
        failure: OSError | None = None
        for position, (family, kind, protocol, _, sockaddr) in enumerate(records):
            sock = socket.socket(family, kind, protocol)
            try:
                return self._connected(
                    sock, sockaddr, origin, call, patience=call.seconds_left() / (len(records) - position)
                )
            except OSError as error:
                failure = error
                sock.close()
            except BaseException:
                sock.close()
                raise
        call.raise_if_ended()
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "no connection in time")
        raise NewConnectionError(self, "connection refused")

    def _connected(
        self, sock: socket.socket, sockaddr: tuple[Any, ...], origin: Origin, call: Call, *, patience: float
    ) -> socket.socket:
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        sock.setblocking(False)
        # Started before the call holds it: shutting down a socket that has not begun to connect would do nothing.
        with suppress(BlockingIOError):
            sock.connect(sockaddr)
        call.hold(sock)
        if not wait_for_write(sock, patience):
            raise TimeoutError
        call.raise_if_ended()
        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, "connect failed")
        if not self._admitted(origin, sock.getpeername()):
            raise Blocked(detail=f"{origin}: the peer is not allowed")
        sock.settimeout(call.seconds_left() + NET_BELOW)
        return sock


class _GuardedTLSConnection(_GuardedConnection, HTTPSConnection):
    scheme = "https"


class _ReleasingPool(HTTPConnectionPool):
    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.leave_call()
        super()._put_conn(conn)


class _ReleasingTLSPool(_ReleasingPool, HTTPSConnectionPool):
    pass


def _resolved(host: str, port: int, call: Call) -> list[Any]:
    """`getaddrinfo` has no timeout and cannot be interrupted: another thread waits for it, this one only for `call`."""
    answer: Future[list[Any]] = Future()
    start(_look_up, host, port, answer, name="llm-dns")
    call.interruptible_by(answer.cancel)
    try:
        return answer.result()
    except CancelledError:
        call.raise_if_ended()
        raise


def _look_up(host: str, port: int, answer: Future[list[Any]]) -> None:
    with suppress(InvalidStateError):  # nobody waits any more
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)


def _interleaved(records: list[Any]) -> list[Any]:
    """One of each family in turn, so that dead addresses of one do not hide the other (RFC 8305, section 4)."""
    of_family: dict[int, list[Any]] = {}
    for record in records:
        of_family.setdefault(record[0], []).append(record)
    return [record for turn in zip_longest(*of_family.values()) for record in turn if record is not None]


@lru_cache(maxsize=8)
def _trusting(ca_file: str) -> ssl.SSLContext:
    """Reading the certificates takes 13 ms, so all connections share what `requests` would read again for each."""
    context = create_urllib3_context()
    context.load_verify_locations(ca_file or DEFAULT_CA_BUNDLE_PATH)
    return context


class GuardedAdapter(HTTPAdapter):
    """The connections of one policy, as pools know nothing of policies.

    Without a `Session` there are no redirects (which `requests` reads whole even when told not to follow them: measured
    153 MB), cookies, proxies or `.netrc` to be switched off, and a call costs a tenth less.
    """

    def __init__(self, policy: AddressPolicy, *, ca_file: str) -> None:
        self._pools = _pool_classes(policy)
        self._trust = _trusting(ca_file)
        super().__init__(pool_connections=POOLED_HOSTS, pool_maxsize=POOLED_CONNECTIONS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def cert_verify(self, conn: Any, *_: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> NoReturn:
        """A proxy would resolve and connect for us, unchecked."""
        raise Blocked(detail="a proxy")

    def exchange(self, request: PreparedRequest, call: Call) -> Response:
        """Send `request` on behalf of `call`; the body is left unread."""
        token = current_call.set(call)
        patience = (call.timeouts.connect, call.timeouts.total + NET_BELOW)
        try:
            return self.send(request, stream=True, timeout=patience)
        finally:
            current_call.reset(token)


def _pool_classes(policy: AddressPolicy) -> dict[str, type[HTTPConnectionPool]]:
    """Classes of this policy alone: urllib3 hands its connections no argument of ours."""
    plain = type("Connection", (_GuardedConnection,), {"policy": policy})
    secure = type("TLSConnection", (_GuardedTLSConnection,), {"policy": policy})
    return {
        "http": type("Pool", (_ReleasingPool,), {"ConnectionCls": plain}),
        "https": type("TLSPool", (_ReleasingTLSPool,), {"ConnectionCls": secure}),
    }

"""Connections: a name is resolved once in a run, what it resolves to is checked, and the connection goes to that very address.

Nothing resolves the name a second time, so that it cannot lead elsewhere by then. The URL keeps the name, and TLS checks the certificate
for it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx
from httpcore import SOCKET_OPTION

from armready.online.addresses import Address
from armready.online.errors import UnansweredError

CONNECT_SECONDS = 3.0
CONNECTIONS = 32
_MOST_ADDRESSES = 4

FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)

LookUp = Callable[[str], Iterable[str]]


def system_addresses(host: str) -> list[str]:
    """What the system's resolver says."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class Resolver:
    """The addresses of names; each is asked for once, and the first answer stands."""

    def __init__(self, look_up: LookUp = system_addresses) -> None:
        self._look_up = look_up
        self._lock = threading.Lock()
        self._asked: dict[str, _Resolution] = {}

    def addresses(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host; none when it is unknown, or its resolver takes too long."""
        with self._lock:
            query = self._asked.get(host)
            if query is None:
                query = self._asked[host] = _Resolution(host, self._look_up)
                query.start()
        query.join(CONNECT_SECONDS)
        return query.found


class _Resolution(threading.Thread):
    """One question to the resolver; a daemon, so that a resolver that hangs does not hold up the end of the program."""

    def __init__(self, host: str, look_up: LookUp) -> None:
        super().__init__(daemon=True)
        self._host = host
        self._look_up = look_up
        self.found: tuple[Address, ...] = ()

    def run(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.found = tuple(dict.fromkeys(ip_address(each) for each in self._look_up(self._host)))


class Clock(threading.local):
    """When the request of this thread has to be over, in monotonic time."""

    end = float("inf")

    def left(self, timeout: float | None) -> float:
        """The time for the next step of a request.

        Raises:
            httpcore.ReadTimeout: there is none.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this request is up")
        return left if timeout is None else min(left, timeout)


class Network(httpcore.NetworkBackend):
    """Opens connections to checked addresses only.

    Args:
        clock: bounds every step, so that an answer that drips does not last.
        checked: host and port -> the addresses that may be connected to; None: those that the name has (a proxy of the user's own).
    """

    def __init__(self, clock: Clock, checked: Callable[[str, int], tuple[Address, ...]] | None) -> None:
        self._clock = clock
        self._checked = checked
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers."""
        hosts = [str(each) for each in self._checked(host, port)][:_MOST_ADDRESSES] if self._checked else [host]
        problem: Exception = httpcore.ConnectError("no address")
        for each in hosts:
            try:
                stream = self._plain.connect_tcp(each, port, self._clock.left(timeout), local_address, socket_options)
                return _BoundedStream(stream, self._clock)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: nothing is asked through a socket of this machine."""
        raise httpcore.ConnectError("no socket of this machine is asked")


class _BoundedStream(httpcore.NetworkStream):
    """A connection whose every step ends with the time of the request."""

    def __init__(self, stream: httpcore.NetworkStream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout)), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Transport(httpx.BaseTransport):
    """What httpx sends requests through: a pool of connections that are opened by `Network` alone."""

    def __init__(self, context: ssl.SSLContext, network: Network, proxy: httpcore.Proxy | None = None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, proxy=proxy, max_connections=CONNECTIONS, keepalive_expiry=5.0, network_backend=network
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; what fails raises httpcore's own errors (`FAILURES`)."""
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def proxy_at(url: str) -> httpcore.Proxy:
    """The proxy that the user's environment names.

    Raises:
        UnansweredError: it is of no kind that can be used.
    """
    try:
        named = httpx.Proxy(url if "://" in url else f"http://{url}")
        return httpcore.Proxy(str(named.url), auth=named.raw_auth)
    except (httpx.InvalidURL, ValueError) as error:
        raise UnansweredError("the proxy of the environment cannot be used") from error

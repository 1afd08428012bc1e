"""HTTP for look-ups: timeouts, one deadline for the whole run, retries that respect Retry-After, and hosts that are given up at once.

Proxies come from the environment; certificates from the system's store, which is where a private CA belongs (`SSL_CERT_FILE` counts).
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import truststore

from armready import __version__
from armready.online.errors import UnansweredError

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
RUN_SECONDS = 90.0
LONGEST_WAIT = 15.0
RETRIES = 2
MAX_BYTES = 32_000_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read completely.

    Attributes:
        status: of the last request.
        headers: with lower-case names.
        body: its bytes.
        url: where it came from after redirects.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass
class Web:
    """A client that many threads share.

    Attributes:
        deadline: monotonic time after which nothing is asked any more.
        unreachable: scheme, host and port -> why nothing more is sent there in this run.
    """

    deadline: float = field(default_factory=lambda: time.monotonic() + RUN_SECONDS)
    unreachable: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._resolving: dict[str, _Resolution] = {}
        self._client = httpx.Client(
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
            headers={"User-Agent": f"armready/{__version__}"},
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET", data: Mapping[str, str] | None = None
    ) -> Answer:
        """One answer, redirects followed. Authorization is sent to the first host alone, and never from TLS to plain HTTP.

        Raises:
            UnansweredError: no connection, no time left, too many redirects, too much data, or busy beyond patience.
        """
        try:
            return self._followed(url, dict(headers or {}), method, data)
        except ValueError as error:
            raise UnansweredError(f"{without_credentials(url)} is no address") from error

    def _followed(self, url: str, sent: dict[str, str], method: str, data: Mapping[str, str] | None) -> Answer:
        for _ in range(6):
            answer = self._patiently(method, url, sent, data)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            target = urljoin(url, location)
            if urlsplit(target).scheme not in ("https", urlsplit(url).scheme):
                raise UnansweredError(f"{_host(url)} redirects to an unprotected address")
            if _host(target) != _host(url):
                sent.pop("Authorization", None)
            url = target
        raise UnansweredError(f"{_host(url)} redirects too often")

    def _patiently(self, method: str, url: str, headers: Mapping[str, str], data: Mapping[str, str] | None) -> Answer:
        for attempt in range(RETRIES + 1):
            answer = self._once(method, url, headers, data)
            if answer.status not in _BUSY:
                return answer
            wait = _seconds(answer.headers.get("retry-after")) or 0.5 * 2**attempt
            if attempt == RETRIES or wait > LONGEST_WAIT or time.monotonic() + wait > self.deadline:
                break
            time.sleep(wait)
        reason = "asks to come back later" if answer.status == 429 else f"answers {answer.status}"
        raise UnansweredError(f"{_host(url)} {reason}")

    def _once(self, method: str, url: str, headers: Mapping[str, str], data: Mapping[str, str] | None) -> Answer:
        host, origin = _host(url), f"{urlsplit(url).scheme}://{_host(url)}"
        if origin in self.unreachable:
            raise UnansweredError(self.unreachable[origin])
        if _is_metadata_service(urlsplit(url).hostname or ""):
            raise UnansweredError(f"{host} is never asked")
        if time.monotonic() > self.deadline:
            raise UnansweredError("the time for look-ups is up")
        if not self._resolved(url):
            raise UnansweredError(self._give_up(origin, f"{host} cannot be reached (unknown host)"))
        try:
            with self._client.stream(method, url, headers=dict(headers), data=data) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES or time.monotonic() > self.deadline:
                        raise UnansweredError(f"{host} answers at too great a length")
                return Answer(response.status_code, dict(response.headers.items()), bytes(body), url)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise UnansweredError(self._give_up(origin, f"{host} cannot be reached ({_cause(error)})")) from error
        except httpx.HTTPError as error:
            raise UnansweredError(f"{host} does not answer ({type(error).__name__})") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise UnansweredError(f"{host or 'an address'} cannot be asked") from error

    def _give_up(self, origin: str, reason: str) -> str:
        with self._lock:
            return self.unreachable.setdefault(origin, reason)

    def _resolved(self, url: str) -> bool:
        """Whether the host's name is known: asked once and with a time limit, which the system's resolver does not have."""
        parts = urlsplit(url)
        if _proxied(parts.scheme, parts.hostname or ""):
            return True
        with self._lock:
            query = self._resolving.get(parts.netloc)
            if query is None:
                query = self._resolving[parts.netloc] = _Resolution(parts.hostname or "")
                query.start()
        query.join(CONNECT_SECONDS)
        return query.known


class _Resolution(threading.Thread):
    """One question to the resolver; a daemon, so that a resolver that hangs does not hold up the end of the program."""

    def __init__(self, host: str) -> None:
        super().__init__(daemon=True)
        self._host = host
        self.known = False

    def run(self) -> None:
        with contextlib.suppress(OSError, UnicodeError):
            self.known = bool(socket.getaddrinfo(self._host, None))


@lru_cache(64)
def _proxied(scheme: str, host: str) -> bool:
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)


def without_credentials(url: str) -> str:
    """A URL that may be shown: no user, no password, no query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _seconds(value: str | None) -> float:
    return float(value) if value and value.strip().isdigit() else 0.0


def _cause(error: BaseException) -> str:
    """The innermost reason in a few words."""
    text = str(error).lower()
    if "certificate" in text:
        return "its certificate is not trusted"
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection in time"
    if "name or service" in text or "resolution" in text or "nodename" in text or "getaddrinfo" in text:
        return "unknown host"
    return "TLS failed" if "ssl" in text else "no connection"


def _is_metadata_service(host: str) -> bool:
    """Cloud machines give credentials to whoever asks at these addresses; a scanned file must not make us ask."""
    if host == "metadata.google.internal":
        return True
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False

"""HTTP for look-ups: timeouts, one deadline for the whole run, retries that respect Retry-After, and hosts that are given up at once.

A scanned file names most of what is asked here. So every hop is checked: this machine, private networks and the services that hand out
credentials are asked, and plain HTTP is spoken, only where the user's own configuration names the host; and a redirect leads there only
from such a host. Proxies come from the environment, which is the user's; they resolve names themselves, so that what can be checked then is
the name and what this machine would make of it. Certificates come from the system's store, which is where a private CA belongs
(`SSL_CERT_FILE` counts).
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
import truststore

from armready import __version__
from armready.online.addresses import Address, Hosts, Target, hands_out_credentials, is_local_name, is_public
from armready.online.connect import CONNECT_SECONDS, FAILURES, Clock, Network, Resolver, Transport, proxy_at
from armready.online.errors import UnansweredError

READ_SECONDS = 10.0
REQUEST_SECONDS = 30.0
RUN_SECONDS = 90.0
LONGEST_WAIT = 15.0
RETRIES = 2
REDIRECTS = 5
MAX_BYTES = 32_000_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 500, 502, 503, 504})
_SECRETS = ("authorization", "cookie", "proxy-authorization")


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
        trusted: hosts that the user's own configuration names; only these may lie at private addresses.
        plain: those of them that may be asked over plain HTTP.
        deadline: monotonic time after which nothing is asked any more.
        resolver: the addresses of names.
        unreachable: scheme, host and port -> why nothing more is sent there in this run.
    """

    trusted: Hosts = field(default_factory=Hosts)
    plain: Hosts = field(default_factory=Hosts)
    deadline: float = field(default_factory=lambda: time.monotonic() + RUN_SECONDS)
    resolver: Resolver = field(default_factory=Resolver)
    unreachable: dict[tuple[str, str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._clock = Clock()
        self._clients: dict[str, httpx.Client] = {}

    @property
    def allowed(self) -> str:
        """The hosts that may be asked at private addresses and over plain HTTP; empty for none."""
        hosts = (f"{mark}{host}:{port}" for mark, each in (("", self.trusted), ("http ", self.plain)) for host, port in each.named)
        return " ".join(sorted(hosts))

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        data: Mapping[str, str] | None = None,
        limit: int = MAX_BYTES,
        public: bool = False,
    ) -> Answer:
        """One answer, redirects followed. Secrets are sent to the first host alone, and data is never sent on.

        Args:
            url: where to.
            headers: as they are sent.
            method: GET, HEAD or POST.
            data: of a form.
            limit: the most bytes that are read.
            public: somebody else than the user and the scanned tree chose the address: no private one is asked, whoever names it.

        Raises:
            UnansweredError: no connection, an address that is not asked, no time left, too many redirects, too much data, or busy beyond
                patience.
        """
        target = Target.of(url)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        private = not public and target in self.trusted
        for _ in range(REDIRECTS + 1):
            answer = self._patiently(_Request(method=method, target=target, headers=sent, data=data, limit=limit, private=private))
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            target = self._next(target, location, data)
            if target.origin != Target.of(answer.url).origin:
                sent = {name: value for name, value in sent.items() if name not in _SECRETS}
            private = private and target in self.trusted
        raise UnansweredError(f"{target.shown} redirects too often")

    def _next(self, target: Target, location: str, data: Mapping[str, str] | None) -> Target:
        try:
            following = Target.of(target.url.join(location))
        except (httpx.InvalidURL, ValueError) as error:
            raise UnansweredError(f"{target.shown} redirects to something that is no address") from error
        if target.secure and not following.secure:
            raise UnansweredError(f"{target.shown} redirects to an unprotected address")
        if data is not None and following.origin != target.origin:
            raise UnansweredError(f"{target.shown} redirects what was sent to another host")
        return following

    def _patiently(self, request: _Request) -> Answer:
        for attempt in range(RETRIES + 1):
            answer = self._once(request)
            if answer.status not in _BUSY:
                return answer
            wait = _seconds(answer.headers.get("retry-after")) or 0.5 * 2**attempt
            if attempt == RETRIES or wait > LONGEST_WAIT or time.monotonic() + wait > self.deadline:
                break
            time.sleep(wait)
        reason = "asks to come back later" if answer.status == 429 else f"answers {answer.status}"
        raise UnansweredError(f"{request.target.shown} {reason}")

    def _once(self, request: _Request) -> Answer:
        target = request.target
        host = target.shown
        if target.origin in self.unreachable:
            raise UnansweredError(self.unreachable[target.origin])
        if time.monotonic() > self.deadline:
            raise UnansweredError("the time for look-ups is up")
        proxy = _proxy(target.url.scheme, target.host)
        self._check(target, private=request.private, proxied=bool(proxy))
        self._clock.end = min(self.deadline, time.monotonic() + REQUEST_SECONDS)
        try:
            with self._client(proxy).stream(request.method, target.url, headers=request.headers, data=request.data) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > request.limit or time.monotonic() > self._clock.end:
                        raise UnansweredError(f"{host} answers at too great a length")
                return Answer(response.status_code, dict(response.headers.items()), bytes(body), str(target.url))
        except FAILURES as error:
            reason = _cause(error)
            if reason:
                raise UnansweredError(self._give_up(target, f"{host} cannot be reached ({reason})")) from error
            raise UnansweredError(f"{host} does not answer ({type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError) as error:
            raise UnansweredError(f"{host} cannot be asked ({type(error).__name__})") from error

    def _check(self, target: Target, *, private: bool, proxied: bool) -> None:
        """Refuse what a scanned file may not make us ask.

        Raises:
            UnansweredError: plain HTTP, an address that is not public, or no address at all.
        """
        named = private and target in self.trusted
        if is_local_name(target.host) and not named:
            raise UnansweredError(_refused(target, "is a name of this machine or network"))
        if target.literal is not None and not _may_ask(target, target.literal, named=named):
            raise UnansweredError(_refused(target, "is no public address"))
        if not target.secure and target not in self.plain and not (named and target.on_this_machine):
            raise UnansweredError(f"{target.shown} is not asked over plain HTTP unless your configuration names it (insecure-registries)")
        addresses = self._addresses(target)
        if not addresses and not proxied:
            raise UnansweredError(self._give_up(target, f"{target.shown} cannot be reached (unknown host)"))
        for address in addresses:
            if not _may_ask(target, address, named=named):
                raise UnansweredError(_refused(target, f"leads to {address}, which is no public address"))

    def _addresses(self, target: Target) -> tuple[Address, ...]:
        return (target.literal,) if target.literal is not None else self.resolver.addresses(target.host)

    def _connectable(self, host: str, port: int) -> tuple[Address, ...]:
        """The addresses that were checked, checked once more: a connection is used by all threads."""
        target = Target.of(f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/")
        named = target in self.trusted
        return tuple(each for each in self._addresses(target) if _may_ask(target, each, named=named))

    def _client(self, proxy: str) -> httpx.Client:
        with self._lock:
            if proxy not in self._clients:
                context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                network = Network(self._clock, None if proxy else self._connectable)
                self._clients[proxy] = httpx.Client(
                    transport=Transport(context, network, proxy_at(proxy) if proxy else None),
                    timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None),
                    headers={"User-Agent": f"armready/{__version__}"},
                    follow_redirects=False,
                    trust_env=False,
                )
            return self._clients[proxy]

    def _give_up(self, target: Target, reason: str) -> str:
        with self._lock:
            return self.unreachable.setdefault(target.origin, reason)


@dataclass(frozen=True, slots=True)
class _Request:
    """One hop."""

    method: str
    target: Target
    headers: dict[str, str]
    data: Mapping[str, str] | None
    limit: int
    private: bool


def _may_ask(target: Target, address: Address, *, named: bool) -> bool:
    """Whether an address is public, or the user names its host; what hands out credentials has to be named by its address."""
    return is_public(address) or (named and (target.literal is not None or not hands_out_credentials(address)))


def _refused(target: Target, why: str) -> str:
    return f"{target.shown} {why}; it is asked only if your own configuration names it (private-hosts)"


@lru_cache(64)
def _proxy(scheme: str, host: str) -> str:
    """The proxy that the environment names for a host; empty for none."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    return "" if proxy and proxy_bypass(host) else proxy


def without_credentials(url: str) -> str:
    """A URL that may be shown: no user, no password, no query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _seconds(value: str | None) -> float:
    return float(value) if value and value.strip().isdigit() else 0.0


def _cause(error: Exception) -> str:
    """Why there is no connection, in a few words; empty when there was one."""
    text = str(error).lower()
    if isinstance(error, httpcore.ConnectTimeout):
        return "no connection in time"
    if not isinstance(error, httpcore.ConnectError | httpcore.ProxyError):
        return ""
    if "certificate" in text:
        return "its certificate is not trusted"
    if "name or service" in text or "resolution" in text or "nodename" in text or "getaddrinfo" in text:
        return "unknown host"
    return "TLS failed" if "ssl" in text else "no connection"

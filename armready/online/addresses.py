"""Where a URL leads: one reading of its host and port, which addresses are public, and which hosts the user's own configuration names.

A scanned repository chooses names, and names lead anywhere: so what counts is the address behind a name, not how it is spelled.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from armready.core.startup import dataclass, regex
from armready.online.errors import UnansweredError

Address = IPv4Address | IPv6Address

_HOST = regex(r"[a-z0-9_](?:[a-z0-9_-]*)(?:\.[a-z0-9_][a-z0-9_-]*)*")
_NUMBER = regex(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253

# Names that no public resolver should know (RFC 6761, RFC 6762, RFC 8375, ICANN's reservation of 2024), beside those of a single label.
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp", ".private", ".localdomain")

# IANA's special-purpose registries, 2026-11: what does not lead to one host on the public network.
_SPECIAL_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))

# Where clouds hand credentials and settings to whoever asks (2026-11): AWS, Azure, GCP, Alibaba, Oracle. A name never leads here.
_CREDENTIAL_SERVICES = tuple(map(IPv4Network, ("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"))) + tuple(
    map(IPv6Network, ("fe80::/10", "fd00:ec2::/32", "fd20:ce::/64"))
)
_NEVER_A_HOST = tuple(map(IPv4Network, ("0.0.0.0/8", "224.0.0.0/3"))) + tuple(map(IPv6Network, ("::/128", "ff00::/8")))

# IPv6 prefixes in front of an IPv4 address: mapped, translated (RFC 2765), NAT64 (RFC 6052).
_LAST_32_BITS = tuple(map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
_6TO4 = IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)


@dataclass(frozen=True, slots=True)
class Target:
    """The one reading of a URL that is checked, connected to and sent.

    Attributes:
        url: as it is sent.
        host: lower case, ASCII, without brackets.
        port: also where the URL leaves it out.
    """

    url: httpx.URL
    host: str
    port: int

    @classmethod
    def of(cls, url: str | httpx.URL) -> Target:
        """Read a URL.

        Raises:
            UnansweredError: it names no host in a usual spelling, or a user.
        """
        try:
            parsed = httpx.URL(url)
            host = parsed.raw_host.decode("ascii")
        except (httpx.InvalidURL, ValueError) as error:
            raise UnansweredError("something is no address") from error
        port = _PORTS.get(parsed.scheme, 0) if parsed.port is None else parsed.port
        if not 0 < port < 65536 or parsed.scheme not in _PORTS or parsed.userinfo or not _is_host(host):
            raise UnansweredError(f"{host[:60] or 'something'} is no address that is asked")
        return cls(parsed, host, port)

    @property
    def secure(self) -> bool:
        """It is asked behind TLS."""
        return self.url.scheme == "https"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.url.scheme, self.host, self.port

    @property
    def shown(self) -> str:
        """Host and, where it is written, port."""
        return self.url.netloc.decode("ascii")

    @property
    def on_this_machine(self) -> bool:
        """It is this machine, by its spelling."""
        return self.host == "localhost" or (self.literal is not None and self.literal.is_loopback)

    @property
    def literal(self) -> Address | None:
        """The address, where one is written in the place of a name."""
        return _literal(self.host)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_host(host: str) -> bool:
    """Whether a host is an address as addresses are written, or a name: no octal, hexadecimal or short numbers, zones or trailing dots."""
    if _literal(host) is not None:
        return "%" not in host
    return len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) is not None and not _NUMBER.fullmatch(host)


def is_local_name(host: str) -> bool:
    """Whether a name can only be one of the user's own network."""
    return _literal(host) is None and ("." not in host or host.endswith(_LOCAL_NAMES))


def is_public(address: Address) -> bool:
    """Whether an address is one of a single host on the public network; an IPv4 address inside an IPv6 address counts too."""
    if isinstance(address, IPv4Address):
        return not _in(address, _SPECIAL_V4) and not _in(address, _CREDENTIAL_SERVICES)
    inner = embedded(address)
    if inner is not None and not is_public(inner):
        return False
    if any(address in network for network in _LAST_32_BITS) or address in _6TO4:
        return True
    return address in _GLOBAL_V6 and not _in(address, _SPECIAL_V6)


def embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for or leads through."""
    number = int(address)
    if any(address in network for network in _LAST_32_BITS) or number >> 32 & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(number & 0xFFFFFFFF)
    return IPv4Address(number >> 80 & 0xFFFFFFFF) if address in _6TO4 else None


def hands_out_credentials(address: Address) -> bool:
    """Whether clouds answer there with credentials, or nobody can be."""
    inner = embedded(address) if isinstance(address, IPv6Address) else None
    return any(_in(each, (*_CREDENTIAL_SERVICES, *_NEVER_A_HOST)) for each in (address, inner) if each is not None)


def _in(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Hosts that the user's own configuration names.

    Attributes:
        named: host, or `*.` and a domain, with a port; `*` for every port.
    """

    named: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str], ports: Iterable[int] = (443,)) -> Hosts:
        """Read `host`, `host:port`, `host:*`, `*.domain` or a URL.

        Args:
            names: as they are written; paths behind them do not count.
            ports: those of a name without one.
        """
        return cls(frozenset(each for name in names for each in _named(name, tuple(ports))))

    def __or__(self, other: Hosts) -> Hosts:
        """The hosts of both."""
        return Hosts(self.named | other.named)

    def __contains__(self, target: Target) -> bool:
        """Whether a target's host is named with its port."""
        return any(port in ("*", str(target.port)) and _matches(pattern, target.host) for pattern, port in self.named)


def _named(name: str, ports: Iterable[int]) -> Iterable[tuple[str, str]]:
    scheme, separator, rest = name.strip().lower().rpartition("://")
    netloc = rest.partition("/")[0].rpartition("@")[2]
    if separator and scheme in _PORTS:
        ports = (_PORTS[scheme],)
    host, colon, port = netloc.rpartition(":")
    if not colon or netloc.endswith("]"):
        host, port = netloc, ""
    host = host.strip("[]")
    return [(host, port)] if port else [(host, str(each)) for each in ports]


def _matches(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern

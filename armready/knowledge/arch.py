"""Architectures in names: which part of a word names one, for which operating system, and how each source spells it.

The one place that knows the spellings: `x86_64` for `uname -m` is `amd64` for dpkg, `x64` for Node, `aarch_64` (the other one) for protoc.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from armready.core.startup import regex


class Arch(StrEnum):
    """Families of architectures; the values are those of Go and OCI."""

    AMD64 = "amd64"
    X86 = "386"
    ARM64 = "arm64"
    ARM = "arm"


class Token(NamedTuple):
    """A part of a text that names an architecture.

    Attributes:
        start: offset in the text.
        end: offset in the text, exclusive.
        text: as written.
        arch: what it names.
        foreign: it belongs to another operating system: `darwin_amd64`, `win-x64`.
    """

    start: int
    end: int
    text: str
    arch: Arch
    foreign: bool = False


# Borders are what is neither letter nor digit; so `_` is one, and `x86_64` must come before `x86`.
_TOKEN = regex(
    r"(?<![a-z0-9])(?:"
    r"(?P<amd64>amd64|x86[_-]64|x64|linux64|linux-64(?!-?bit)|64-?bit)"
    r"|(?P<arm64>arm64(?:v8)?|aarch_?64|armv8|linuxarm64)"
    r"|(?P<x86>i[3456]86|386|x86|linux32)"
    r"|(?P<arm>arm32v[5-7]|armv[5-7]l?|armhf|armel|arm)"
    r")(?:v[1-4])?(?![a-z0-9])",
    re.IGNORECASE,
)
_FAMILY = {"amd64": Arch.AMD64, "arm64": Arch.ARM64, "x86": Arch.X86, "arm": Arch.ARM}
_FOREIGN = regex(
    r"(?<![a-z])(?:darwin|mac(?:os)?x?(?:_?\d[\d_.]*)?|osx|apple|windows|win(?:32|64)?|mingw(?:32|64)?|msvc|cygwin|freebsd|openbsd|netbsd|dragonfly|"
    r"solaris|illumos|sunos|android|ios|aix|plan9)(?![a-z])",
    re.IGNORECASE,
)
_LINUX = regex(r"linux|(?<![a-z])(?:gnu|musl|ubuntu|debian|alpine|el\d|deb|rpm)(?![a-z])", re.IGNORECASE)
_QUICK = regex(r"64|86|arm|linux32", re.IGNORECASE)
_SEGMENT_END = regex(r"[/\s\"'=,;:|&()]")
_WIDEST_SEGMENT = 200


def may_name(text: str) -> bool:
    """Whether a text may name an architecture, alone or with what stands beside it; a quick answer that errs on this side only."""
    return _QUICK.search(text) is not None


def tokens(text: str) -> tuple[Token, ...]:
    """Every part of `text` that names an architecture, in order."""
    if not may_name(text):
        return ()
    return tuple(_token(text, found) for found in _TOKEN.finditer(text))


def amd64_tokens(text: str) -> tuple[Token, ...]:
    """The parts of `text` that name 64-bit x86, of Linux or of no operating system in particular."""
    return tuple(token for token in tokens(text) if token.arch is Arch.AMD64 and not token.foreign)


def names_arm64(text: str) -> bool:
    """Whether `text` names 64-bit Arm, of Linux or of no operating system in particular."""
    return any(token.arch is Arch.ARM64 and not token.foreign for token in tokens(text))


def _token(text: str, found: re.Match[str]) -> Token:
    kind = found.lastgroup or ""
    start, end = found.start(kind), found.end()
    return Token(start=start, end=end, text=text[start:end], arch=_FAMILY[kind], foreign=_is_foreign(text, start, end))


def _is_foreign(text: str, start: int, end: int) -> bool:
    """Whether the path segment around a token, or a neighbour when the token is a whole segment, names another system than Linux."""
    left, right = _segment(text, start, end)
    foreign = _names_foreign(text[left:right])
    if foreign is not None or (left, right) != (start, end):
        return bool(foreign)
    before = text[_segment(text, left - 1, left - 1)[0] : left - 1] if left and text[left - 1] == "/" else ""
    after = text[right + 1 : _segment(text, right + 1, right + 1)[1]] if text[right : right + 1] == "/" else ""
    return any(map(_names_foreign, (before, after)))


@lru_cache(1_000)
def _names_foreign(segment: str) -> bool | None:
    """Whether a text names another system than Linux; None when it names none."""
    if _LINUX.search(segment):
        return False
    return True if _FOREIGN.search(segment) else None


def _segment(text: str, start: int, end: int) -> tuple[int, int]:
    before = _SEGMENT_END.search(text[max(start - _WIDEST_SEGMENT, 0) : start][::-1])
    after = _SEGMENT_END.search(text, end, end + _WIDEST_SEGMENT)
    return (
        start - before.start() if before else max(start - _WIDEST_SEGMENT, 0),
        after.start() if after else min(len(text), end + _WIDEST_SEGMENT),
    )


class Spelling(NamedTuple):
    """How one source names the two architectures.

    Attributes:
        source: what prints or holds the name, as people call it.
        amd64: its name for 64-bit x86.
        arm64: its name for 64-bit Arm.
        of_target: it names the architecture that is built for, not that of the machine the step runs on.
        also: what else it prints for 64-bit Arm on other systems than Linux.
    """

    source: str
    amd64: str
    arm64: str
    of_target: bool = False
    also: tuple[str, ...] = ()

    def of(self, arch: Arch) -> str:
        """The name of `arch`, of the two that it can tell."""
        return self.arm64 if arch is Arch.ARM64 else self.amd64


UNAME = Spelling("uname -m", "x86_64", "aarch64", also=("arm64",))
DPKG = Spelling("dpkg --print-architecture", "amd64", "arm64")
TARGETARCH = Spelling("TARGETARCH", "amd64", "arm64", of_target=True)
BUILDARCH = Spelling("BUILDARCH", "amd64", "arm64")
TARGETPLATFORM = Spelling("TARGETPLATFORM", "linux/amd64", "linux/arm64", of_target=True)
BUILDPLATFORM = Spelling("BUILDPLATFORM", "linux/amd64", "linux/arm64")

_VARIABLES = {each.source: each for each in (TARGETARCH, BUILDARCH, TARGETPLATFORM, BUILDPLATFORM)} | {
    "HOSTTYPE": Spelling("HOSTTYPE", "x86_64", "aarch64"),
    "RUNNER_ARCH": Spelling("RUNNER_ARCH", "X64", "ARM64"),
}
_COMMANDS = (
    (regex(r"uname\s+(?:-m|--machine|-p|-i|--processor)\b"), UNAME),
    (regex(r"(?:^|[|;&(]\s*)arch\s*(?:$|\|)"), UNAME._replace(source="arch")),
    (regex(r"dpkg\s+--print-architecture\b|dpkg-architecture\s"), DPKG),
    (regex(r"apk\s+--print-arch\b"), Spelling("apk --print-arch", "x86_64", "aarch64")),
    (regex(r"rpm\s+(?:-E|--eval)\s*['\"]?%\{?_arch"), Spelling("rpm -E %_arch", "x86_64", "aarch64")),
    (regex(r"go\s+env\s+(?:GOHOST|GO)ARCH\b"), Spelling("go env GOARCH", "amd64", "arm64")),
    (regex(r"process\.arch\b"), Spelling("process.arch", "x64", "arm64")),
    (regex(r"platform\.machine\(\)"), Spelling("platform.machine()", "x86_64", "aarch64", also=("arm64",))),
)
_VARIABLE = regex(r"\$\{?([A-Z_]+)\b")
_SUBSTITUTION = regex(r"\$\(|`|%x\(|\$\(shell\b")
_PIPED = regex(r"\|\s*(?:sed|awk|tr|grep|cut|perl|python)|/")


def probe(text: str) -> Spelling | None:
    """The source that a shell word reads an architecture from: `$(uname -m)`, `${TARGETARCH}`; None when it reads none.

    A word that rewrites what it reads (`$(uname -m | sed …)`, `${TARGETARCH/…}`) has spellings of its own; see `rewrites`.
    """
    variable = _VARIABLE.search(text)
    if variable and variable[1] in _VARIABLES:
        return _VARIABLES[variable[1]]
    if not _SUBSTITUTION.search(text):
        return None
    return command_probe(text.replace("`", " ").replace("$(", " "))


def command_probe(text: str) -> Spelling | None:
    """The source that a command reads an architecture from: `uname -m`."""
    return next((spelling for pattern, spelling in _COMMANDS if pattern.search(text.strip(" )"))), None)


def rewrites(text: str) -> bool:
    """Whether a word that probes changes what it read, so that the usual spellings say nothing."""
    return bool(_PIPED.search(text)) or bool(re.search(r"\$\{[A-Z]+[^A-Z}]", text))

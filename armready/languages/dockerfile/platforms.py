"""Platforms, and BuildKit's automatic arguments that name them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from armready.core.startup import regex

AUTOMATIC = frozenset(f"{side}{what}" for side in ("BUILD", "TARGET") for what in ("PLATFORM", "OS", "ARCH", "VARIANT"))

# Spellings of the architectures, as containerd normalises them.
_ARCHITECTURES = {
    "amd64": "amd64",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "arm64": "arm64",
    "aarch64": "arm64",
    "386": "386",
    "i386": "386",
    "armhf": "arm",
    "armel": "arm",
    "arm": "arm",
}
# What BuildKit takes as a platform of one word: containerd's list of operating systems and architectures (platforms/database.go).
_ONE_WORD = regex(
    r"aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|macos|nacl|netbsd|openbsd|plan9|solaris|windows|zos"
    r"|386|amd64(?:p32)?|arm(?:be)?|arm64(?:be)?|ppc|ppc64(?:le)?|loong64|mips(?:64)?(?:le)?|mips64p32(?:le)?|riscv(?:64)?|s390x?|sparc(?:64)?|wasm"
)
_COMPONENT = regex(r"[A-Za-z0-9_.-]+")
_SYSTEM = regex(r"[A-Za-z0-9_-]+(?:\([A-Za-z0-9_.-]*\))?")
_MOST_COMPONENTS = 3
_KNOWN_OTHERS = frozenset({"ppc64le", "s390x", "riscv64", "mips64le", "mips64", "loong64", "ppc64", "wasm"})


class PlatformKind(StrEnum):
    """What a stage is built for: the target, the build machine, one constant platform, or something that only a build tells."""

    TARGET = "target"
    BUILD = "build"
    CONSTANT = "constant"
    UNKNOWN = "unknown"


class Platform(NamedTuple):
    """The platform of a stage: for a constant one the value of the flag as written after expansion, and its normalised architecture."""

    kind: PlatformKind
    value: str = ""
    arch: str = ""
    os: str = "linux"


class Automatic(NamedTuple):
    """One assignment of the automatic arguments."""

    build: str
    target: str

    def value(self, name: str) -> str:
        """What BuildKit sets `name` to on Linux."""
        arch = self.build if name.startswith("BUILD") else self.target
        what = name.removeprefix("BUILD").removeprefix("TARGET")
        return {"PLATFORM": f"linux/{arch}", "OS": "linux", "ARCH": arch, "VARIANT": ""}[what]


AMD64 = Automatic("amd64", "amd64")
ARM64 = Automatic("amd64", "arm64")
NATIVE_ARM64 = Automatic("arm64", "arm64")


def normalize(platform: str) -> tuple[str, str]:
    """The architecture and the operating system of a platform such as `linux/x86_64` or `arm64`; empty for what is neither."""
    parts = platform.strip().lower().split("/")
    if len(parts) == 1:
        arch = _ARCHITECTURES.get(parts[0], parts[0] if parts[0] in _KNOWN_OTHERS else "")
        return (arch, "linux") if arch else ("", parts[0])
    return _ARCHITECTURES.get(parts[1], parts[1]), parts[0]


def refused(platform: str) -> bool:
    """Whether BuildKit refuses the value of a `--platform`: a list, an empty part, or one word that is no system and no architecture."""
    system, *rest = platform.split("/")
    if len(rest) >= _MOST_COMPONENTS or not _SYSTEM.fullmatch(system) or not all(map(_COMPONENT.fullmatch, rest)):
        return True
    word = system.lower().partition("(")[0]
    return not rest and not _ONE_WORD.fullmatch(word) and word not in _ARCHITECTURES

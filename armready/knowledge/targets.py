"""The machines that are compared: the same Python and the same libc on x86-64 and on aarch64, with their markers and wheel tags."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from armready.core.startup import regex

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.tags import Tag

X86_64 = "x86_64"
AARCH64 = "aarch64"
GLIBC = "glibc"
MUSL = "musl"

# The marker that names Linux on arm64.
LINUX_ARM64 = "sys_platform == 'linux' and platform_machine == 'aarch64'"

# glibc of the machines that are compared: that of Ubuntu 24.04 and RHEL 10. What an older one lacks is the base image's matter: a wheel
# that needs glibc 2.34 on arm64 is there for whoever has Debian 12.
DEFAULT_GLIBC = (2, 39)
# The Python versions that a project without any declaration is judged for.
PYTHONS: tuple[tuple[int, int], ...] = ((3, 8), (3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14))

_OTHER_SYSTEM = regex(r"(?:^|[._-])(?:mac|macos|osx|darwin|win|win32|win64|windows)(?=[._-])")

# A version of the last bug-fix release that is high enough for every `python_full_version` marker.
_MICRO = 20


class Target(NamedTuple):
    """A Linux machine with CPython on it. `libc_version` counts for glibc only."""

    python: tuple[int, int]
    arch: str = AARCH64
    libc: str = GLIBC
    libc_version: tuple[int, int] = DEFAULT_GLIBC

    def on(self, arch: str) -> Target:
        """The same machine with another processor."""
        return self._replace(arch=arch)

    @property
    def python_name(self) -> str:
        """The Python as people write it: 3.11."""
        return f"{self.python[0]}.{self.python[1]}"

    def environment(self, *, system: str = "linux") -> dict[str, str]:
        """Every marker variable on this machine; `system` may be `darwin` or `win32` to ask about the other ones."""
        machine = self.arch
        if system == "darwin" and machine == AARCH64:
            machine = "arm64"
        if system == "win32":
            machine = "AMD64" if machine == X86_64 else "ARM64"
        full = f"{self.python_name}.{_MICRO}"
        return {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "nt" if system == "win32" else "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "6.8.0",
            "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
            "platform_version": "#1 SMP",
            "python_full_version": full,
            "python_version": self.python_name,
            "sys_platform": system,
            "extra": "",
        }


def platforms(target: Target) -> list[str]:
    """The platform tags that pip accepts on the target, best first, as PEP 600 and PEP 656 have it."""
    arch = target.arch
    if target.libc == MUSL:
        return [f"musllinux_1_{minor}_{arch}" for minor in range(2, -1, -1)] + [f"linux_{arch}"]
    tags = []
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    for minor in range(target.libc_version[1], (5 if arch == X86_64 else 17) - 1, -1):
        tags.append(f"manylinux_2_{minor}_{arch}")
        if minor in legacy:
            tags.append(f"{legacy[minor]}_{arch}")
    return [*tags, f"linux_{arch}"]


@lru_cache(maxsize=64)
def tags(target: Target) -> dict[Tag, int]:
    """The wheel tags that fit the target, with their rank, the best being 0."""
    from packaging.tags import compatible_tags, cpython_tags

    names = platforms(target)
    interpreter = f"cp{target.python[0]}{target.python[1]}"
    found = [*cpython_tags(target.python, [interpreter], names), *compatible_tags(target.python, interpreter, names)]
    return {tag: rank for rank, tag in reversed(list(enumerate(found)))}


@lru_cache(maxsize=4096)
def _parse(tag: str) -> frozenset[Tag]:
    from packaging.tags import parse_tag

    return parse_tag(tag)


@lru_cache(maxsize=65536)
def fits(tag: str, target: Target) -> bool:
    """Whether a wheel with this compressed tag (`cp39-abi3-manylinux_2_28_aarch64`) can be installed on the target."""
    try:
        return not tags(target).keys().isdisjoint(_parse(tag))
    except ValueError:
        return False


def is_for_another_system(path: str) -> bool:
    """Whether the name of a file says that it is for macOS or Windows: `requirements-windows.txt`, `env.mac.yml`."""
    return _OTHER_SYSTEM.search(path.rpartition("/")[2].lower()) is not None


@lru_cache(maxsize=8192)
def _marker(text: str) -> Marker | None:
    from packaging.markers import InvalidMarker, Marker

    try:
        return Marker(text)
    except (InvalidMarker, RecursionError):
        return None


@lru_cache(maxsize=65536)
def marker_holds(text: str, target: Target, extra: str = "", system: str = "linux") -> bool | None:
    """Whether a marker is true on the target; None when it cannot be read or depends on the kernel's version."""
    if not text:
        return True
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

    marker = _marker(text)
    if marker is None or "platform_release" in text or "platform_version" in text:
        return None
    try:
        return marker.evaluate(target.environment(system=system) | {"extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError, RecursionError):
        return None

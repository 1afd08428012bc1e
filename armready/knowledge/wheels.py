"""What an installer takes of the files of one release, and how arm64 differs from x86-64 in that.

The question is never whether an aarch64 wheel exists, but what the installer does on aarch64 and what it does on x86-64 with the same
Python and the same libc: a package that is compiled on both, or broken on both, stops nobody's move to arm64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote

from armready.knowledge.targets import AARCH64, X86_64, Target, fits

SDIST_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")


class Outcome(StrEnum):
    """What is installed: a wheel, a build of the source distribution, or nothing."""

    WHEEL = "wheel"
    SDIST = "sdist"
    NONE = "none"


class Difference(NamedTuple):
    """The same release on both processors."""

    x86_64: Outcome
    aarch64: Outcome

    @property
    def blocks(self) -> bool:
        """It installs on x86-64 and does not on arm64."""
        return self.x86_64 is not Outcome.NONE and self.aarch64 is Outcome.NONE

    @property
    def compiles(self) -> bool:
        """It is compiled on arm64 where x86-64 gets a wheel."""
        return self.x86_64 is Outcome.WHEEL and self.aarch64 is Outcome.SDIST

    @property
    def matters(self) -> bool:
        """There is something to report."""
        return self.blocks or self.compiles


def file_name(url: str) -> str:
    """The file name at the end of a URL or path, decoded."""
    return unquote(url.partition("#")[0].partition("?")[0].replace("\\", "/").rpartition("/")[2])


def wheel_tag(name: str) -> str | None:
    """The compressed tag of a wheel's file name, or None when it is not one."""
    if not name.endswith(".whl"):
        return None
    parts = name[:-4].rsplit("-", 3)
    return "-".join(parts[1:]) if len(parts) == 4 and "-" in parts[0] else None


def is_sdist(name: str) -> bool:
    """Whether a file of a release is its source distribution."""
    return name.endswith(SDIST_ENDINGS)


def outcome(names: Iterable[str], target: Target, *, builds: bool = True, wheels: bool = True) -> Outcome:
    """What an installer makes of these files on the target.

    Args:
        names: file names of one release.
        target: the machine.
        builds: whether source distributions may be built there.
        wheels: whether wheels may be used (`--no-binary` says no).
    """
    has_sdist = False
    for name in names:
        tag = wheel_tag(name)
        if tag is not None and wheels and fits(tag, target):
            return Outcome.WHEEL
        has_sdist = has_sdist or is_sdist(name)
    return Outcome.SDIST if has_sdist and builds else Outcome.NONE


def difference(names: Sequence[str], target: Target, *, builds: bool = True, wheels: bool = True) -> Difference:
    """What these files mean on the target's Python and libc, on either processor."""
    return Difference(
        outcome(names, target.on(X86_64), builds=builds, wheels=wheels),
        outcome(names, target.on(AARCH64), builds=builds, wheels=wheels),
    )


def is_native(names: Iterable[str]) -> bool:
    """Whether the release has wheels that are tied to a platform."""
    return any((tag := wheel_tag(name)) is not None and not tag.endswith("-any") for name in names)

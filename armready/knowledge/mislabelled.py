"""Wheels that an arm64 machine installs and that do not work there: libraries for another processor, or too old on arm64 alone."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from armready.knowledge.tables import table

_TABLE = "mislabelled_wheels"


class Mislabelled(NamedTuple):
    """Releases of a package whose wheels for arm64 are wrong.

    Attributes:
        first: the first such release.
        last: the last one.
        macos: the wheel for macOS on arm64 is wrong; else the one that Linux arm64 takes.
        severity: `error` when every use fails, else `warning`.
        inside: what the wheel holds, in words.
        good: the first release that is known to be good.
    """

    first: Version
    last: Version
    macos: bool
    severity: str
    inside: str
    good: str

    def concerns(self, release: str) -> bool:
        """Whether a release is one of them; what is no version is not."""
        try:
            return self.first <= Version(release) <= self.last
        except InvalidVersion:
            return False


@lru_cache(maxsize=1024)
def mislabelled(name: str) -> Mislabelled | None:
    """The row of a normalised distribution name."""
    row = table(_TABLE).find(name)
    if row is None:
        return None
    first, last = Version(row["first"]), Version(row["last"])
    return Mislabelled(
        first=first, last=last, macos=row["system"] == "macos", severity=row["severity"], inside=row["inside"], good=row["good"]
    )


def works(name: str, release: str) -> bool:
    """Whether nothing is known against the wheel that Linux arm64 takes of a release."""
    known = mislabelled(name)
    return known is None or known.macos or not known.concerns(release)


def measured() -> str:
    """The ISO date of the newest fact."""
    return table(_TABLE).as_of

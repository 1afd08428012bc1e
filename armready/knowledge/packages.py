"""Python packages with native code: which releases have a Linux aarch64 wheel, for which Python and which libc.

Availability is a set of versions with holes, not a floor, and what was never seen is unknown. The rows come from the file lists in the
lock files of public projects (complete or partial), from listings of the index, and from the notes of two porting guides.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple

from packaging.version import InvalidVersion, Version

from armready.core.finding import Confidence
from armready.knowledge.mislabelled import mislabelled, works
from armready.knowledge.tables import table
from armready.knowledge.targets import AARCH64, MUSL, PYTHONS, Target
from armready.knowledge.wheels import Difference, Outcome

_TABLE = "python_packages"


class Evidence(StrEnum):
    """Where a row comes from, the strongest first."""

    INDEX = "index"
    LOCK = "lock"
    LOCK_PRESENT = "lock<="
    ADVISOR = "advisor"
    CHANGELOG = "changelog"
    ISSUE = "issue"
    UNVERIFIED = "unverified"


class Package(NamedTuple):
    """One row.

    Attributes:
        name: normalised distribution name.
        imports: the modules it brings.
        kind: native, native+pure (an `any` wheel always exists), native->pure, x86_only, sdist_only, fetcher (downloads binaries),
            embedded (native code in an `any` wheel), meta, arm_only.
        x86_only: no release runs on arm64.
        arm_glibc: the first release with a manylinux aarch64 wheel; empty: none or unknown.
        x86_from: the first with an x86-64 wheel, where old pins go below it.
        last_without: a release that was seen without an aarch64 wheel, the latest before `arm_glibc`.
        holes: later releases without one.
        by_python: CPython -> the first release with an aarch64 wheel that fits it.
        x86_by_python: CPython -> the first and the last release with an x86-64 wheel that fits it, for every CPython that has one; the last
            is empty where the newest release has one. Empty when that is not known.
        alike: releases from `x86_from` on that are alike on both: without any wheel for x86-64, or early ones that had one for both.
        sdist: yes, no, some, or empty (unknown).
        alternative: what to use on arm64.
        note: what else is known.
        needs: what building it from source takes.
    """

    name: str
    imports: tuple[str, ...]
    kind: str
    x86_only: bool
    arm_glibc: str
    x86_from: str
    last_without: str
    holes: tuple[str, ...]
    by_python: dict[tuple[int, int], str]
    x86_by_python: dict[tuple[int, int], tuple[str, str]]
    alike: tuple[str, ...]
    sdist: str
    evidence: Evidence
    alternative: str
    note: str
    needs: str


# The row of a package that the table does not hold.
UNLISTED = Package(
    name="",
    imports=(),
    kind="native",
    x86_only=False,
    arm_glibc="",
    x86_from="",
    last_without="",
    holes=(),
    by_python={},
    x86_by_python={},
    alike=(),
    sdist="",
    evidence=Evidence.INDEX,
    alternative="",
    note="",
    needs="",
)


class Verdict(NamedTuple):
    """What is known of one release on one Python and libc.

    `difference` is None when nothing is known or nothing differs in a way that could be told.
    """

    difference: Difference | None
    confidence: Confidence = Confidence.LOW
    above: str = ""
    below: str = ""


_FINE = Verdict(None, Confidence.HIGH)
_UNKNOWN = Verdict(None, Confidence.LOW)


@lru_cache(maxsize=1024)
def package(name: str) -> Package | None:
    """The row of a normalised distribution name."""
    row = table(_TABLE).find(name)
    if row is None:
        return None
    return Package(
        name=name,
        imports=tuple(filter(None, row["imports"].split(","))),
        kind=row["kind"],
        x86_only=row["x86_only"] == "yes",
        arm_glibc=row["arm_glibc"],
        x86_from=row["x86_from"],
        last_without=row["last_without"],
        holes=tuple(filter(None, row["holes"].split(","))),
        by_python=_by_python(row["by_python"]),
        x86_by_python={python: _range(text) for python, text in _by_python(row["x86_by_python"]).items()},
        alike=tuple(filter(None, row["alike"].split(","))),
        sdist=row["sdist"],
        evidence=Evidence(row["confidence"]),
        alternative=row["alternative"],
        note=row["note"],
        needs=row["needs"],
    )


def _by_python(text: str) -> dict[tuple[int, int], str]:
    items = (item.partition(":") for item in filter(None, text.split(";")))
    return {(int(python[2]), int(python[3:])): first for python, _, first in items}


def _range(text: str) -> tuple[str, str]:
    first, _, last = text.partition("..")
    return first, last


def as_of() -> str:
    """The ISO date of the newest fact."""
    return table(_TABLE).as_of


@cache
def by_import() -> dict[str, tuple[str, ...]]:
    """Module -> the distributions that bring it."""
    found: dict[str, list[str]] = {}
    for row in table(_TABLE).rows():
        for module in filter(None, row["imports"].split(",")):
            found.setdefault(module, []).append(row["name"])
    return {module: tuple(names) for module, names in found.items()}


@lru_cache(maxsize=8192)
def version(text: str) -> Version | None:
    """A version, or None when it is not one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def builds(row: Package) -> Outcome:
    """What arm64 gets of a release without a wheel: a build, unless no source distribution is known."""
    return Outcome.NONE if row.sdist == "no" else Outcome.SDIST


def judge(row: Package, release: str, target: Target) -> Verdict:
    """What the table knows of a release on a target (its architecture is ignored: both are compared)."""
    wanted = version(release)
    if wanted is None or row.kind not in ("native", "x86_only"):
        return _UNKNOWN
    if wanted.is_prerelease and not row.x86_only and row.evidence is Evidence.INDEX:
        return _UNKNOWN  # the table was made of final releases
    if target.python not in PYTHONS and not row.x86_only:
        return _off_the_table(row, release, target)
    if not row.x86_only and not _x86_has_a_wheel(row, wanted, target):
        return _FINE
    if row.x86_only or not row.arm_glibc:
        return _never(row, wanted)
    if target.libc == MUSL:
        return _UNKNOWN
    first = Version(row.arm_glibc)
    if row.x86_from and wanted < Version(row.x86_from):
        return _FINE
    public = Version(wanted.public)
    on_python = row.by_python.get(target.python)
    if any(public == Version(hole) for hole in row.holes):
        if on_python is None or Version(on_python) > public:
            return _UNKNOWN
        return Verdict(
            Difference(Outcome.WHEEL, builds(row)), _sure(row), above=_above(row, wanted, target), below=_below(row, wanted, target)
        )
    if wanted >= first:
        return _FINE
    if row.by_python and (on_python is None or Version(on_python) > _first_of_any(row)):
        return _FINE
    return Verdict(Difference(Outcome.WHEEL, builds(row)), _confidence_below(row, wanted), above=_above(row, wanted, target))


def _off_the_table(row: Package, release: str, target: Target) -> Verdict:
    """What is likely on a Python that the table does not cover.

    A release that differs on the oldest Python of the table differed on older ones too; where it begins to be good is not known for them.
    """
    if not (3, 0) <= target.python < PYTHONS[0]:
        return _UNKNOWN
    likely = judge(row, release, target._replace(python=PYTHONS[0]))
    return Verdict(likely.difference, likely.confidence.at_most(Confidence.MEDIUM)) if likely.difference is not None else _UNKNOWN


def _x86_has_a_wheel(row: Package, wanted: Version, target: Target) -> bool:
    """Whether x86-64 can have a wheel of the release on the target's Python; what is not known can be."""
    if any(Version(wanted.public) == Version(each) for each in row.alike):
        return False
    if not row.x86_by_python:
        return True
    first, last = row.x86_by_python.get(target.python, ("", ""))
    return bool(first) and Version(first) <= wanted and (not last or wanted <= Version(last))


def never(row: Package, target: Target) -> bool:
    """Whether the newest release has a wheel for x86-64 on the target's Python and no release has one for arm64, as the index says."""
    if row.kind != "native" or row.evidence is not Evidence.INDEX or row.arm_glibc:
        return False
    first, last = row.x86_by_python.get(target.python, ("", ""))
    return bool(first) and not last


def _first_of_any(row: Package) -> Version:
    """The release from which a Python has arm64 wheels when it had x86-64 ones before: later ones began on both processors together."""
    earliest = min((Version(each) for each in row.by_python.values()), default=Version(row.arm_glibc))
    return max(earliest, Version(row.arm_glibc))


def _never(row: Package, wanted: Version) -> Verdict:
    """A package none of whose releases has an aarch64 wheel."""
    if row.evidence is Evidence.UNVERIFIED:
        return Verdict(Difference(Outcome.WHEEL, builds(row)) if row.x86_only else None, Confidence.LOW)
    if not row.x86_only and row.evidence is not Evidence.INDEX:
        return _UNKNOWN
    gets = Outcome.NONE if row.kind == "x86_only" or row.sdist in ("no", "") else Outcome.SDIST
    return Verdict(Difference(Outcome.WHEEL, gets), _sure(row))


def _sure(row: Package) -> Confidence:
    return Confidence.HIGH if row.evidence in (Evidence.INDEX, Evidence.LOCK) else Confidence.MEDIUM


def _confidence_below(row: Package, wanted: Version) -> Confidence:
    """How sure it is that a release before the first known one has no aarch64 wheel."""
    if row.evidence in (Evidence.UNVERIFIED, Evidence.LOCK_PRESENT):
        return Confidence.LOW
    if row.evidence is Evidence.INDEX and row.x86_by_python:
        return Confidence.HIGH
    last = Version(row.last_without) if row.last_without else None
    if last is not None and wanted.release[:1] != last.release[:1]:
        return Confidence.LOW
    if row.evidence is Evidence.INDEX:
        return Confidence.HIGH
    if last is not None:
        if wanted == last:
            return Confidence.HIGH if row.evidence is Evidence.LOCK else Confidence.MEDIUM
        return Confidence.MEDIUM if wanted < last else Confidence.LOW
    return Confidence.LOW if row.evidence is Evidence.LOCK else Confidence.MEDIUM


def good(row: Package, wanted: str, target: Target) -> bool:
    """Whether the table knows an aarch64 wheel of this release for the target."""
    release, first = version(wanted), row.by_python.get(target.python)
    if release is None or first is None or not row.arm_glibc or row.x86_only:
        return False
    if target.libc == MUSL or not works(row.name, wanted):
        return False
    return release >= max(Version(first), Version(row.arm_glibc)) and not any(release == Version(hole) for hole in row.holes)


def _above(row: Package, wanted: Version, target: Target) -> str:
    """The nearest release above that is known to be good, if one is known."""
    known = {row.arm_glibc, *row.by_python.values(), *_mended(row)}
    better = sorted(Version(each) for each in known if each and Version(each) > wanted and good(row, each, target))
    return str(better[0]) if better else ""


def _mended(row: Package) -> tuple[str, ...]:
    """The release from which the wheels of a package work."""
    known = mislabelled(row.name)
    return (known.good,) if known is not None else ()


def _below(row: Package, wanted: Version, target: Target) -> str:
    known = {row.arm_glibc, *row.by_python.values()}
    older = sorted(Version(each) for each in known if each and Version(each) < wanted and good(row, each, target))
    return str(older[-1]) if older else ""


def concerned(row: Package, release: str, targets: tuple[Target, ...]) -> tuple[tuple[Target, Verdict], ...]:
    """The targets on which a release differs, with what is known of it there."""
    judged = ((target, judge(row, release, target)) for target in targets)
    return tuple((target, verdict) for target, verdict in judged if verdict.difference is not None and verdict.difference.matters)


def all_pythons(libc: str = "glibc") -> tuple[Target, ...]:
    """A target for each Python that the table knows."""
    return tuple(Target(python, AARCH64, libc) for python in PYTHONS)

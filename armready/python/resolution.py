"""What an installer takes of a package whose whole file list is known: on x86-64 and on arm64, with the same Python and the same libc."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from armready.core.known import PackageAnswer, PackageFile
from armready.knowledge.packages import version
from armready.knowledge.targets import AARCH64, X86_64, Target
from armready.knowledge.wheels import SDIST_ENDINGS, Outcome, is_sdist, outcome, wheel_tag

Releases = Mapping[Version, tuple[PackageFile, ...]]


class Choice(NamedTuple):
    """What one processor gets: a release and in which form; no release when nothing fits."""

    release: Version | None
    outcome: Outcome


class Resolution(NamedTuple):
    """Both processors.

    Attributes:
        x86_64: what it gets.
        aarch64: what arm64 gets.
        above: the nearest later release with a wheel for arm64.
        below: the nearest earlier one.
    """

    x86_64: Choice
    aarch64: Choice
    above: str = ""
    below: str = ""

    @property
    def blocks(self) -> bool:
        """It installs on x86-64 and not on arm64."""
        return self.x86_64.release is not None and self.aarch64.release is None

    @property
    def compiles(self) -> bool:
        """It is compiled on arm64 alone."""
        return self.x86_64.outcome is Outcome.WHEEL and self.aarch64.outcome is Outcome.SDIST

    @property
    def older(self) -> bool:
        """Arm64 gets a wheel of an earlier release."""
        one, other = self.x86_64.release, self.aarch64.release
        return one is not None and other is not None and other < one and self.aarch64.outcome is Outcome.WHEEL


def releases(answer: PackageAnswer) -> Releases:
    """The files of an answer by release; names that tell no version are left out."""
    return _releases(answer.name, answer.files)


@lru_cache(512)
def _releases(name: str, files: tuple[PackageFile, ...]) -> Releases:
    found: dict[Version, list[PackageFile]] = {}
    for file in files:
        release = version(_version_in(file.name, name))
        if release is not None:
            found.setdefault(release, []).append(file)
    return {release: tuple(found[release]) for release in sorted(found)}


def _version_in(file: str, name: str) -> str:
    if file.endswith(".whl"):
        return file.split("-")[1] if wheel_tag(file) else ""
    ending = next((each for each in SDIST_ENDINGS if file.endswith(each)), "")
    stem = file.removesuffix(ending)
    for match in re.finditer("-", stem):
        if canonicalize_name(stem[: match.start()]) == name:
            return stem[match.end() :]
    return ""


def resolve(known: Releases, specifier: str, target: Target, *, builds: bool = True, wheels: bool = True) -> Resolution | None:
    """What an installer takes on either processor; None for specifiers that cannot be read.

    Args:
        known: all releases.
        specifier: PEP 440; empty for any.
        target: the machine; its architecture is ignored.
        builds: whether source distributions may be built.
        wheels: whether wheels may be used.
    """
    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    candidates = _candidates(known, wanted, target)
    x86_64, aarch64 = (_choose(candidates, known, target.on(arch), builds, wheels) for arch in (X86_64, AARCH64))
    above, below = nearest(known, (target,), aarch64.release or x86_64.release)
    return Resolution(x86_64, aarch64, above, below)


def nearest(known: Releases, targets: Sequence[Target], middle: Version | None) -> tuple[str, str]:
    """The nearest final releases above and below with a wheel for arm64 on every target; empty where there is none."""
    if middle is None:
        return "", ""
    good = [release for release in known if not release.is_prerelease and _has_wheels(known[release], targets)]
    above = next((str(release) for release in good if release > middle), "")
    below = next((str(release) for release in reversed(good) if release < middle), "")
    return above, below


def _has_wheels(files: Sequence[PackageFile], targets: Sequence[Target]) -> bool:
    offered = [file for file in files if not file.yanked]
    return all(_gets(offered, target.on(AARCH64), builds=False, wheels=True) is Outcome.WHEEL for target in targets)


def _candidates(known: Releases, wanted: SpecifierSet, target: Target) -> list[Version]:
    """The releases that may be installed, newest first: no yanked ones unless pinned, pre-releases only if nothing else is there."""
    pinned = any(each.operator in ("==", "===") and not each.version.endswith(".*") for each in wanted)
    allowed = [
        release
        for release in reversed(tuple(known))
        if wanted.contains(release, prereleases=True) and (pinned or any(not file.yanked for file in known[release]))
    ]
    stable = [release for release in allowed if not release.is_prerelease]
    return allowed if pinned or wanted.prereleases or not stable else stable


def _choose(candidates: Sequence[Version], known: Releases, target: Target, builds: bool, wheels: bool) -> Choice:
    for release in candidates:
        gets = _gets(known[release], target, builds=builds, wheels=wheels)
        if gets is not Outcome.NONE:
            return Choice(release, gets)
    return Choice(None, Outcome.NONE)


def _gets(files: Sequence[PackageFile], target: Target, *, builds: bool, wheels: bool) -> Outcome:
    return outcome((file.name for file in files if _for_python(file.requires_python, target.python)), target, builds=builds, wheels=wheels)


@lru_cache(4096)
def _for_python(requires: str, python: tuple[int, int]) -> bool:
    if not requires:
        return True
    try:
        return SpecifierSet(requires).contains(f"{python[0]}.{python[1]}.20", prereleases=True)
    except InvalidSpecifier:
        return True


def has_sdist(known: Releases, release: Version | None) -> bool:
    """Whether a release has a source distribution."""
    return release is not None and any(is_sdist(file.name) for file in known.get(release, ()))

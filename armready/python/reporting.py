"""What the rules on Python share: their levels, their words, their needles and their edits."""

from __future__ import annotations

from armready.core.file import File
from armready.core.finding import Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.needles import both
from armready.core.project import Project
from armready.core.startup import regex
from armready.knowledge.mislabelled import works
from armready.knowledge.packages import Package, all_pythons, as_of, good, package, version
from armready.knowledge.wheels import Outcome
from armready.python.branches import Branching
from armready.python.dependencies import NOT_ARM, ON_ARM, Dependency, Form
from armready.python.locked import LockedPackage
from armready.python.project import Judged, on_pythons, python_project

# Needles of everything that tells a program on which processor it runs, with those of the names that it compares: all hold 64 or 86.
ARCH_NEEDLES = (
    both(
        (
            b"machine",
            b"uname",
            b"get_platform",
            b"get_config_var",
            b"_multiarch",
            b"maxsize",
            b"calcsize",
            b"architecture",
            b"processor",
            b"dpkg",
            b"platform.platform",
            b"cpu_info",
            b'"arch"',
            b"'arch'",
            b"sizeof",
        ),
        (b"64", b"86"),
    ),
)

_URL = regex(r"https?://|ftp://|urlretrieve|urlopen|requests\.get|\bcurl\b|\bwget\b")

NEEDS_LOCK = "run the lock command again afterwards"


def alternative(judged: Judged) -> str:
    """What to use on arm64, as the end of a message."""
    if judged.row.alternative:
        return f"; on arm64: {judged.row.alternative}"
    return ""


def nearest(judged: Judged) -> str:
    """The nearest good releases, as a part of a message."""
    if judged.above and judged.below:
        return f"; {judged.above} (above) and {judged.below} (below) have one"
    if judged.above:
        return f"; {judged.above} has one"
    return f"; {judged.below} has one" if judged.below else ""


def fact(judged: Judged | None = None) -> str:
    """The date of what a message rests on, as its end, with the declaration that brings in what it is about."""
    if judged is not None and judged.brought:
        return f"; it comes with {judged.dependency.name} (resolved by uv, index of {judged.as_of})"
    return f" (index of {judged.as_of})" if judged is not None and judged.as_of else f" (known {as_of()})"


def dependency_level(judged: Judged, usual: Severity) -> Severity:
    """What only some install, or what still builds, is a warning at most."""
    level = usual
    if judged.dependency.scope.weakens:
        level = level.at_most(Severity.WARNING)
    if judged.outcome is Outcome.SDIST and not judged.x86_only:
        level = level.at_most(Severity.WARNING)
    return level


def split(dependency: Dependency, name: str, specifier: str) -> tuple[Edit, ...]:
    """A second line for arm64 below a requirement line, and the marker on the first; empty when the file is not made of lines."""
    if dependency.form is not Form.REQUIREMENT or dependency.quote or dependency.hashed or dependency.append is None or dependency.marker:
        return ()
    restricted = dependency.add_marker(NOT_ARM)
    if restricted is None:
        return ()
    return (Edit(restricted.location, f"{restricted.text}{dependency.newline}{name}{specifier} ; {ON_ARM}"),)


def surely_good(row: Package | None, version: str) -> bool:
    """Whether the table knows an arm64 wheel of the release."""
    return row is not None and any(good(row, version, target) for target in all_pythons())


def _downloads_something(file: File) -> bool:
    return _URL.search(file.text) is not None


def comparison_fix(file: File, found: Branching) -> Fix | None:
    """Extend the comparisons with aarch64."""
    if not found.edits:
        return None
    fix = Fix("Include aarch64, as Linux calls it", found.edits)
    if file.parse(_downloads_something):
        return fix.demoted(Applicability.UNSAFE, "the file downloads something, which is not known to exist for arm64")
    return fix


def bump(project: Project, judged: Judged) -> Fix | None:
    """Raise a pin to the nearest release that is known to be good."""
    dependency = judged.dependency
    old, new = version(dependency.pin) if dependency.pin else None, version(judged.above) if judged.above else None
    if old is None or new is None or dependency.version is None or dependency.hashed or judged.brought:
        return None
    if dependency.form not in (Form.REQUIREMENT, Form.STRING) or python_project(project).lock_for(dependency.path) is not None:
        return None
    near = old.release[:1] == new.release[:1] and (old.release[0] > 0 or old.release[:2] == new.release[:2])
    edits = (Edit(dependency.version, f"=={judged.above}"),)
    title = f"Raise {dependency.name} to {judged.above}, which has an arm64 wheel"
    return Fix(title, edits, Applicability.UNSAFE if near else Applicability.DISPLAY, ("x86-64 gets the new release too",))


def concerned_pythons(found: LockedPackage) -> str:
    """The Python versions that a locked package concerns, when not all."""
    return "" if found.every else on_pythons(tuple(found.pythons))


def known_good(found: LockedPackage) -> str:
    """The release from which the table knows an arm64 wheel, as a part of a message."""
    row, locked = package(found.locked.name), version(found.locked.version)
    if row is None or locked is None or row.x86_only:
        return f"; on arm64: {row.alternative}" if row is not None and row.alternative else ""
    known = {each for each in (row.arm_glibc, *row.by_python.values()) if works(row.name, each)}
    better = sorted(each for each in map(version, known) if each is not None and each > locked)
    return f"; {better[0]} has one" if better else ""


def relock(found: LockedPackage) -> str:
    """The command that locks a package anew, as a part of a message."""
    return f"; lock again with `{found.command}`" if found.command else ""


def remedy(found: LockedPackage) -> str:
    """What helps and how to get it, as a part of a message; empty where no release is known that has a wheel."""
    helps = known_good(found)
    return helps + relock(found) if helps else ""

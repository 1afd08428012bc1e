"""The Python dependencies of a project in the second pass: each declaration, with the machines it is for and what is known of it there.

Computed once per project; the rules of the PY10x and PY14x series each report their own part of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from posixpath import dirname
from typing import Any

from armready.core.bounded import load_toml
from armready.core.errors import ParseProblem
from armready.core.finding import Confidence, Severity
from armready.core.known import PackageAnswer
from armready.core.project import Project, join
from armready.core.startup import dataclass, regex
from armready.knowledge.packages import UNLISTED, Evidence, Package, never, package, version
from armready.knowledge.packages import judge as table_says
from armready.knowledge.targets import AARCH64, GLIBC, PYTHONS, X86_64, Target, is_for_another_system, marker_holds
from armready.knowledge.wheels import Outcome
from armready.python.dependencies import Dependency, allows, upper_bound
from armready.python.images import PythonImage
from armready.python.locks import Lock
from armready.python.manifest import Manifest, Policy
from armready.python.policies import SETTINGS_FILES
from armready.python.resolution import has_sdist, nearest, releases, resolve

_ACCELERATOR = regex(r"nvidia-.+-cu1[12]$|nvidia-|triton$|intel-openmp$|mkl$|tbb$|intel-cmplr-|tcmlib$|umf$")
_ARM64_MARKER = regex(r"aarch64|arm64")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_PIN_FILES = (".python-version", "runtime.txt")


@dataclass(frozen=True)
class Judged:
    """A declaration that differs between the processors.

    Attributes:
        dependency: the declaration.
        row: what the table holds of the package.
        outcome: what arm64 gets: a build or nothing.
        x86_only: no release of the package runs on arm64.
        confidence: how it is known.
        pythons: the Python versions concerned; empty when it does not depend on them.
        above: the nearest release above that is good, or empty.
        below: the nearest one below.
        as_of: the day of the index that says so; empty when it is the embedded table.
        gets: the releases that x86-64 and arm64 get, where arm64's is an older one.
        brought: the release that the declaration brings with it and that differs; empty when it is the declared package itself.
    """

    dependency: Dependency
    row: Package
    outcome: Outcome
    x86_only: bool
    confidence: Confidence
    pythons: tuple[str, ...] = ()
    above: str = ""
    below: str = ""
    as_of: str = ""
    gets: tuple[str, str] | None = None
    brought: str = ""

    @property
    def what(self) -> str:
        """The release in words: `tensorflow==2.9.1`."""
        if self.brought:
            return self.brought
        return f"{self.dependency.name}{self.dependency.specifier}"


class PythonProject:
    """Everything the rules on dependencies ask."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._policies: dict[str, Policy] = {}

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """The manifests of this run by path."""
        return dict(self.project.facts(Manifest))

    @cached_property
    def locks(self) -> dict[str, Lock]:
        """The locks of this run by path, and those beside the project files of a run that does not know them."""
        found = dict(self.project.facts(Lock))
        for path in [] if self.project.complete else self.manifests:
            folder, _, name = path.rpartition("/")
            for lock in _LOCKS if name == "pyproject.toml" else ():
                beside = f"{folder}/{lock}" if folder else lock
                if beside not in found and self.project.exists(beside):
                    found.update((beside, fact) for fact in self.project.facts_in(beside, Lock))
        return found

    @cached_property
    def images(self) -> list[PythonImage]:
        """What the Dockerfiles of this run say about Python."""
        return [image for _, image in self.project.facts(PythonImage)]

    def targets(self, path: str, requires: str = "") -> tuple[Target, ...]:
        """The machines that what a file declares is installed on, in the order of their Python versions."""
        images = self._images_for(path)
        chosen = [tuple(map(int, each.split(".")[:2])) for each in self.project.settings.pythons]
        if not chosen and any(image.python for image in images):
            return tuple(sorted({Target(image.python or PYTHONS[-1], AARCH64, image.libc) for image in images}))
        pythons = [each for each in PYTHONS if each in chosen] if chosen else self._pythons(path, requires)
        libcs = sorted({image.libc for image in images}) or [GLIBC]
        return tuple(Target(python, AARCH64, libc) for python in pythons for libc in libcs)

    def _pythons(self, path: str, requires: str) -> Sequence[tuple[int, int]]:
        pinned = self._pinned_python(dirname(path))
        if pinned is not None:
            return (pinned,)
        requires = requires or self._requires(path)
        return [python for python in PYTHONS if not requires or _accepts(requires, python)] or PYTHONS

    @cached_property
    def _images_by_file(self) -> dict[str, list[PythonImage]]:
        """The images by the files that their build names, and by their own."""
        found: dict[str, list[PythonImage]] = {}
        for image in self.images:
            for path in {*image.installs, image.location.path}:
                found.setdefault(path, []).append(image)
        return found

    @cached_property
    def _images_by_folder(self) -> dict[str, list[PythonImage]]:
        """The images that ship what they install, by the folder of their Dockerfile."""
        found: dict[str, list[PythonImage]] = {}
        for image in self.images:
            if image.installs_something and image.ships:
                found.setdefault(dirname(image.location.path), []).append(image)
        return found

    def _images_for(self, path: str) -> list[PythonImage]:
        """The images whose build installs this file: those that name it, else those of the nearest folder."""
        if path in self._images_by_file:
            return self._images_by_file[path]
        folder = dirname(path)
        while folder and folder not in self._images_by_folder:
            folder = dirname(folder)
        return self._images_by_folder.get(folder, [])

    def _pinned_python(self, folder: str) -> tuple[int, int] | None:
        while True:
            for name in _PIN_FILES:
                try:
                    text = self.project.tree.read(f"{folder}/{name}" if folder else name, 64).decode("ascii", "replace")
                except ParseProblem:
                    continue
                match = re.match(r"\s*(?:python-|cpython-)?3\.(\d+)", text)
                if match and (3, int(match[1][:9])) in PYTHONS:
                    return (3, int(match[1][:9]))
            if not folder:
                return None
            folder = dirname(folder)

    def _requires(self, path: str) -> str:
        own = self.manifest(path)
        if own is not None and own.requires_python:
            return own.requires_python
        folder = dirname(path)
        while True:
            for name in ("pyproject.toml", "setup.cfg", "setup.py"):
                manifest = self.manifest(f"{folder}/{name}" if folder else name)
                if manifest is not None and manifest.requires_python:
                    return manifest.requires_python
            if not folder:
                return ""
            folder = dirname(folder)

    def manifest(self, path: str) -> Manifest | None:
        """The manifest that a file is; a file outside of this run is read on demand."""
        if path in self.manifests:
            return self.manifests[path]
        found = self.project.facts_in(path, Manifest) if self.project.exists(path) else []
        return found[0] if found else None

    def lock_for(self, path: str) -> Lock | None:
        """The lock that decides what a manifest installs: the nearest one at or above its folder."""
        folder = dirname(path)
        while True:
            for name in _LOCKS:
                beside = f"{folder}/{name}" if folder else name
                lock = self.locks.get(beside)
                if lock is None and self.project.exists(beside):
                    found = self.project.facts_in(beside, Lock)
                    lock = found[0] if found else None
                if lock is not None and lock.packages:
                    return lock
            if not folder:
                return None
            folder = dirname(folder)

    def locks_package(self, path: str, name: str) -> bool:
        """Whether the lock of a manifest holds files of a package."""
        lock = self.lock_for(path)
        return lock is not None and any(each.name == name and each.recorded for each in lock.packages)

    def decided_by_lock(self, dependency: Dependency) -> bool:
        """Whether a lock holds the package, in the version that is asked for: then the table has no say."""
        lock = self.lock_for(dependency.path)
        entries = [each for each in lock.packages if each.name == dependency.name and each.recorded] if lock else []
        if not entries:
            return False
        pin = version(dependency.pin) if dependency.pin else None
        return pin is None or any(version(each.version) == pin for each in entries)

    def constraints(self, path: str) -> dict[str, str]:
        """Name -> specifiers from the constraints files that a requirements file names, one level deep."""
        manifest = self.manifest(path)
        found: dict[str, str] = {}
        for include in manifest.includes if manifest else ():
            target = join(dirname(path), include.target)
            other = self.manifest(target) if include.constraint and target else None
            for dependency in other.dependencies if other else ():
                if dependency.pin and not dependency.marker:
                    found[dependency.name] = dependency.specifier
        return found

    def image_without_compiler(self, path: str) -> PythonImage | None:
        """The image whose build names this file, or is described by it, and that is known to have no compiler."""
        return next((image for image in self._images_by_file.get(path, ()) if image.compiler is False and image.ships), None)

    def policy(self, manifest: Manifest | None, folder: str) -> Policy:
        """What the installer of a manifest is told about builds: in it, and in the settings of Poetry and uv in its folder."""
        if folder not in self._policies:
            settings = (self._settings(f"{folder}/{name}" if folder else name, read) for name, read in SETTINGS_FILES.items())
            self._policies[folder] = Policy().joined(*settings)
        return self._policies[folder].joined(manifest.policy) if manifest else self._policies[folder]

    def _settings(self, path: str, read: Callable[[dict[str, Any]], Policy]) -> Policy:
        if not self.project.exists(path):
            return Policy()
        try:
            return read(load_toml(self.project.tree.read(path, 65_536).decode("utf-8", "replace")))
        except ParseProblem:
            return Policy()

    def image_with_glibc(self, path: str) -> PythonImage | None:
        """The image that this file is installed in, of the oldest glibc, when the base images tell it."""
        images = [image for image in self._images_for(path) if image.ships and image.glibc is not None]
        return min(images, key=lambda image: image.glibc or (0, 0), default=None)

    def is_frozen_accelerator(self, dependency: Dependency) -> bool:
        """Whether a line of a frozen file pins what only torch's closure for x86-64 needs, which has a rule of its own."""
        if not dependency.frozen or not _ACCELERATOR.match(dependency.name):
            return False
        return dependency.path in self._with_torch

    @cached_property
    def _with_torch(self) -> frozenset[str]:
        """The manifests that declare torch."""
        return frozenset(path for path, each in self.manifests.items() if any(one.name == "torch" for one in each.dependencies))

    @cached_property
    def judged(self) -> tuple[Judged, ...]:
        """Every declaration that differs, at most one entry for each package and declaration."""
        found = []
        for path, manifest in self.manifests.items():
            if is_for_another_system(path):
                continue
            targets = self.targets(path, manifest.requires_python)
            bounds = self.constraints(path)
            paired = Counter(each.name for each in manifest.dependencies if _ARM64_MARKER.search(each.marker))
            for dependency in manifest.dependencies:
                judged = self._judge(manifest, dependency, targets, bounds, paired)
                if judged is not None:
                    found.append(judged)
            found += self._brought(path, manifest, targets)
        return tuple(found)

    def _brought(self, path: str, manifest: Manifest, targets: tuple[Target, ...]) -> Iterator[Judged]:
        """What comes with the dependencies of a manifest, as a resolver said, and differs."""
        known = self.project.settings.known
        declared = {dependency.name: dependency for dependency in manifest.dependencies}
        for package_ in known.closures.get(path, ()):
            dependency, answer = declared.get(package_.root), known.packages.get(package_.name)
            if dependency is None or answer is None or self.decided_by_lock(dependency):
                continue
            specifier = f"=={package_.version}"
            judged = by_index(dependency, answer, specifier, targets, self.policy(manifest, dirname(path)).may_build(package_.name))
            if judged is not None:
                yield replace(judged, brought=f"{package_.name}{specifier}")

    def _judge(
        self,
        manifest: Manifest,
        dependency: Dependency,
        targets: tuple[Target, ...],
        bounds: dict[str, str],
        paired: Mapping[str, int],
    ) -> Judged | None:
        """What an index says of a declaration. `paired`: of how many declarations of a package the marker names arm64."""
        if not dependency.name or dependency.url or dependency.constraint:
            return None
        policy = self.policy(manifest, dirname(manifest.path))
        row = package(dependency.name)
        looked_up = self.project.settings.known.packages.get(dependency.name)
        if (row is None and looked_up is None) or not policy.may_use_wheel(dependency.name):
            return None
        reached = tuple(target for target in targets if installed_on(dependency, target))
        if not reached:
            return None
        if row is not None and row.x86_only:
            # One of a pair, the other of which is for arm64, has the marker that it should have.
            others = paired.get(dependency.name, 0) - bool(_ARM64_MARKER.search(dependency.marker))
            return None if others else _x86_only(dependency, row)
        if self.decided_by_lock(dependency):
            return None
        specifier = dependency.specifier or bounds.get(dependency.name, "")
        if looked_up is not None:
            return by_index(dependency, looked_up, specifier, reached, policy.may_build(dependency.name))
        assert row is not None
        return _pinned(dependency, row, specifier, reached, policy.may_build(dependency.name))


def installed_on(dependency: Dependency, target: Target) -> bool:
    """Whether a declaration counts on the target and on its x86-64 counterpart; an extra named in the marker is taken as chosen."""
    marker = dependency.marker
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
    chosen = extra[1] if extra else ""
    return all(marker_holds(marker, target.on(arch), chosen) is not False for arch in (X86_64, AARCH64))


def _x86_only(dependency: Dependency, row: Package) -> Judged:
    sure = {Evidence.INDEX: Confidence.HIGH, Evidence.LOCK: Confidence.HIGH, Evidence.UNVERIFIED: Confidence.LOW}
    return Judged(dependency=dependency, row=row, outcome=Outcome.NONE, x86_only=True, confidence=sure.get(row.evidence, Confidence.MEDIUM))


def _pinned(dependency: Dependency, row: Package, specifier: str, targets: tuple[Target, ...], builds: bool) -> Judged | None:
    """A pin, or a range whose every release is judged alike."""
    bound = upper_bound(specifier) if specifier else None
    if bound is None:
        return _any_release(dependency, row, targets, builds)
    release, included = bound
    asked = str(release)
    pinned = re.fullmatch(r"={2,3}[^*,]+", specifier) is not None
    if not pinned:
        if not row.arm_glibc or not row.last_without or not allows(specifier, row.last_without):
            return None
        first = version(row.arm_glibc)
        if first is None or release > first or (release == first and included):
            return None
        asked = row.last_without
    elif "===" in specifier or "==" in specifier:
        asked = specifier.lstrip("=")
    verdicts = [(target, table_says(row, asked, target)) for target in targets]
    bad = [(target, verdict) for target, verdict in verdicts if verdict.difference is not None and verdict.difference.matters]
    if not bad:
        return None
    verdict = bad[-1][1]
    assert verdict.difference is not None
    outcome = verdict.difference.aarch64 if builds else Outcome.NONE
    pythons = () if len(bad) == len(targets) and len(targets) > 1 else tuple(each.python_name for each, _ in bad)
    return Judged(
        dependency=dependency,
        row=row,
        outcome=outcome,
        x86_only=False,
        confidence=verdict.confidence,
        pythons=pythons,
        above=verdict.above,
        below=verdict.below,
    )


def _any_release(dependency: Dependency, row: Package, targets: tuple[Target, ...], builds: bool) -> Judged | None:
    """A declaration without an upper bound: it differs only where no release at all has a wheel for arm64."""
    bad = [target.python_name for target in targets if never(row, target) and target.libc == GLIBC]
    if not bad:
        return None
    outcome = Outcome.SDIST if builds and row.sdist == "yes" else Outcome.NONE
    pythons = () if len(bad) == len(targets) and len(targets) > 1 else tuple(bad)
    return Judged(dependency=dependency, row=row, outcome=outcome, x86_only=False, confidence=Confidence.HIGH, pythons=pythons)


def by_index(dependency: Dependency, answer: PackageAnswer, specifier: str, targets: tuple[Target, ...], builds: bool) -> Judged | None:
    """What an index says of a declaration: its whole file list, so that nothing has to be deduced."""
    known = releases(answer)
    resolved = [(target, resolve(known, specifier, target, builds=builds)) for target in targets]
    bad = [(target, found) for target, found in resolved if found is not None and (found.blocks or found.compiles or found.older)]
    if not bad:
        return None
    _, found = bad[-1]
    row = package(answer.name) or UNLISTED._replace(name=answer.name)
    row = row._replace(sdist="yes" if has_sdist(known, found.x86_64.release) else "no")
    pythons = () if len(bad) == len(targets) and len(targets) > 1 else tuple(each.python_name for each, _ in bad)
    outcome = Outcome.NONE if found.blocks else Outcome.SDIST if found.compiles else Outcome.WHEEL
    above, below = nearest(known, targets, found.aarch64.release or found.x86_64.release)
    gets = (str(found.x86_64.release), str(found.aarch64.release)) if found.older else None
    return Judged(
        dependency=dependency,
        row=row,
        outcome=outcome,
        x86_only=False,
        confidence=Confidence.HIGH,
        pythons=pythons,
        above=above,
        below=below,
        as_of=answer.as_of,
        gets=gets,
    )


def _accepts(requires: str, python: tuple[int, int]) -> bool:
    return any(allows(requires, f"{python[0]}.{python[1]}.{micro}") for micro in (20, 0))


def python_project(project: Project) -> PythonProject:
    """Return what a project declares, worked out once."""
    return project.derive(PythonProject)


def level(usual: Severity, dependency: Dependency) -> Severity:
    """The severity of a finding about a declaration: what only some install is a warning at most."""
    return usual.at_most(Severity.WARNING) if dependency.scope.weakens else usual


def on_pythons(pythons: tuple[str, ...]) -> str:
    """` on Python 3.9 and 3.10`, or nothing."""
    if not pythons:
        return ""
    if len(pythons) == 1:
        return f" on Python {pythons[0]}"
    return f" on Python {', '.join(pythons[:-1])} and {pythons[-1]}"


def declarations(project: Project) -> Iterator[tuple[Manifest, Dependency]]:
    """Every declared dependency of the run, but for files of other systems."""
    for path, manifest in python_project(project).manifests.items():
        for dependency in manifest.dependencies if not is_for_another_system(path) else ():
            yield manifest, dependency

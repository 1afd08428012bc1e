"""What the locks of a project mean on arm64: the walk of each lock on each machine it is for, joined into one record per package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import dirname

from armready.core.source import Location
from armready.knowledge.packages import package
from armready.knowledge.targets import AARCH64, X86_64, Target
from armready.knowledge.wheels import Outcome
from armready.python.dependencies import Dependency, Scope
from armready.python.locks import Edge, Lock, Locked, LockKind, Reached, reach
from armready.python.manifest import Manifest, Policy
from armready.python.project import PythonProject

_COMMANDS = {
    LockKind.UV: "uv lock --upgrade-package {}",
    LockKind.POETRY: "poetry update {}",
    LockKind.PDM: "pdm update {}",
}


@dataclass
class LockedPackage:
    """An entry of a lock that does not do on arm64 what it does on x86-64.

    Attributes:
        lock: the lock.
        locked: the entry.
        outcome: what arm64 gets of it; None when nothing is recorded for it.
        trail: the names from the direct requirement to it.
        scope: the strongest scope that reaches it.
        pythons: the Python versions concerned.
        every: whether those are all that the lock is for.
        declared: the direct requirement, when a manifest of the run declares it.
    """

    lock: Lock
    locked: Locked
    outcome: Outcome | None
    trail: tuple[str, ...]
    scope: Scope
    pythons: list[str] = field(default_factory=list)
    every: bool = False
    declared: Dependency | None = None

    @property
    def what(self) -> str:
        """The release in words."""
        return f"{self.locked.name}=={self.locked.version}"

    @property
    def location(self) -> Location:
        """Where a person can change something: the direct requirement, else the entry."""
        return self.declared.location if self.declared is not None else self.locked.location

    @property
    def path_in_words(self) -> str:
        """` (through docling -> deepsearch-glm)`, or nothing for a direct requirement."""
        return f" (through {' -> '.join(self.trail)})" if len(self.trail) > 1 else ""

    @property
    def command(self) -> str:
        """What makes the lock anew for this package; empty when no command does."""
        return _COMMANDS.get(self.lock.kind, "").format(self.locked.name)


def manifest_of(python: PythonProject, lock: Lock) -> Manifest | None:
    """The project file that a lock belongs to."""
    folder = dirname(lock.path)
    return python.manifest(f"{folder}/pyproject.toml" if folder else "pyproject.toml")


def roots_of(python: PythonProject, lock: Lock) -> tuple[Edge, ...]:
    """Where the walk of a lock starts: in the lock, or in the manifest beside it."""
    if lock.roots:
        return lock.roots
    manifest = manifest_of(python, lock)
    if manifest is None or lock.kind is LockKind.PYLOCK:
        return ()
    return tuple(
        Edge(name=each.name, marker=each.marker, extras=(), version=each.specifier, scope=each.scope)
        for each in manifest.dependencies
        if each.name and not each.constraint and each.scope is not Scope.BUILD
    )


def supported(python: PythonProject, lock: Lock) -> tuple[Target, ...]:
    """The arm64 machines that a lock was made for."""
    return tuple(target for target in python.targets(lock.path, lock.requires_python) if lock.supports(target))


def excluded(python: PythonProject, lock: Lock) -> bool:
    """Whether a lock was made for Linux x86-64 and leaves Linux arm64 out."""
    targets = python.targets(lock.path, lock.requires_python)
    return bool(lock.environments) and any(lock.supports(each.on(X86_64)) for each in targets) and not any(map(lock.supports, targets))


def locked_packages(python: PythonProject) -> Iterator[LockedPackage]:
    """Every such entry of every lock, once for each package and version."""
    for lock in python.locks.values():
        yield from _of_lock(python, lock)


def _of_lock(python: PythonProject, lock: Lock) -> Iterator[LockedPackage]:
    roots = roots_of(python, lock)
    if not roots and not lock.flat:
        return
    manifest = manifest_of(python, lock)
    policy = python.policy(manifest, dirname(lock.path))
    targets = supported(python, lock)
    found: dict[tuple[str, str], LockedPackage] = {}
    for target in targets:
        on_x86 = reach(lock, roots, target.on(X86_64)) if not all(each.recorded for each in lock.packages) else {}
        for key, reached in reach(lock, roots, target.on(AARCH64)).items():
            outcome = _outcome(reached.locked, target, policy)
            if outcome is Outcome.WHEEL or (outcome is None and key in on_x86):
                continue
            record = found.setdefault(key, record_of(lock, reached, outcome))
            record.pythons.append(target.python_name)
            if outcome is Outcome.NONE:
                record.outcome = outcome
    for record in found.values():
        record.every = len(record.pythons) == len(targets) > 1
        record.declared = declared_in(python, lock, record.trail[0])
        if not _is_reported_otherwise(python, record):
            yield record


def _outcome(locked: Locked, target: Target, policy: Policy) -> Outcome | None:
    """What arm64 gets; `WHEEL` when nothing differs from x86-64, None when nothing is recorded."""
    if not locked.recorded:
        return None
    difference = locked.difference(target)
    if difference is None or not policy.may_use_wheel(locked.name):
        return Outcome.WHEEL
    if difference.aarch64 is Outcome.SDIST and not policy.may_build(locked.name):
        return Outcome.NONE
    return difference.aarch64


def record_of(lock: Lock, reached: Reached, outcome: Outcome | None) -> LockedPackage:
    """The record of an entry that was reached."""
    return LockedPackage(lock=lock, locked=reached.locked, outcome=outcome, trail=reached.trail, scope=reached.scope)


def declared_in(python: PythonProject, lock: Lock, name: str) -> Dependency | None:
    """The direct requirement in the manifest beside the lock, else in one below its folder."""
    beside = manifest_of(python, lock)
    folder = dirname(lock.path)
    inside = [each for path, each in python.manifests.items() if path.endswith("pyproject.toml") and path.startswith(folder)]
    for manifest in ([beside] if beside else []) + inside:
        for dependency in manifest.dependencies:
            if dependency.name == name and not dependency.constraint and dependency.scope is not Scope.BUILD:
                return dependency
    return None


def _is_reported_otherwise(python: PythonProject, record: LockedPackage) -> bool:
    """A direct requirement that exists for x86-64 only is reported where it is declared, with its fix."""
    row = package(record.locked.name)
    return row is not None and row.x86_only and any(each.x86_only and each.dependency == record.declared for each in python.judged)

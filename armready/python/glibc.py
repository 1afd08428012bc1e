"""Wheels for arm64 that need a newer glibc than the base image has, while those for x86-64 do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname

from armready.knowledge.targets import AARCH64, GLIBC, X86_64, Target
from armready.knowledge.wheels import Outcome
from armready.python.images import PythonImage
from armready.python.locked import LockedPackage, declared_in, manifest_of, record_of, roots_of, supported
from armready.python.locks import Lock, Locked, reach
from armready.python.manifest import Manifest
from armready.python.project import Judged, PythonProject, by_index, installed_on


@dataclass(frozen=True)
class TooOld:
    """What arm64 cannot take as a wheel on the glibc of an image.

    Attributes:
        image: where it is installed.
        locked: the entry of a lock, or None.
        judged: the declaration, judged by an index, or None.
        needed: the glibc that the wheel for arm64 needs; empty when only the index knows.
    """

    image: PythonImage
    locked: LockedPackage | None = None
    judged: Judged | None = None
    needed: str = ""


def too_old(python: PythonProject) -> Iterator[TooOld]:
    """Every such release of the locks, and of the declarations that an index was asked about."""
    for lock in python.locks.values():
        image = python.image_with_glibc(lock.path)
        if image is not None:
            yield from _in_lock(python, lock, image)
    for path, manifest in python.manifests.items():
        image = python.image_with_glibc(path)
        if image is not None and image.glibc is not None:
            yield from _declared(python, manifest, image, image.glibc)


def _in_lock(python: PythonProject, lock: Lock, image: PythonImage) -> Iterator[TooOld]:
    roots = roots_of(python, lock)
    if (not roots and not lock.flat) or not any(each.floors for each in lock.packages):
        return
    manifest = manifest_of(python, lock)
    policy = python.policy(manifest, dirname(lock.path))
    found: dict[tuple[str, str], TooOld] = {}
    targets = [each for each in supported(python, lock) if each.libc == GLIBC]
    for target in targets:
        for key, reached in reach(lock, roots, target.on(AARCH64)).items():
            needed = _needed(reached.locked, target, image)
            if not needed or not policy.may_use_wheel(reached.locked.name):
                continue
            builds = reached.locked.sdist and policy.may_build(reached.locked.name)
            record = record_of(lock, reached, Outcome.SDIST if builds else Outcome.NONE)
            record = found.setdefault(key, TooOld(image, record, needed=f"2.{needed}")).locked or record
            record.pythons.append(target.python_name)
    for each in found.values():
        assert each.locked is not None
        each.locked.every = len(each.locked.pythons) == len(targets) > 1
        each.locked.declared = declared_in(python, lock, each.locked.trail[0])
        yield each


def _needed(locked: Locked, target: Target, image: PythonImage) -> int:
    """The N of the glibc 2.N that arm64 needs when the image's suffices for x86-64 alone; 0 when nothing differs."""
    if not locked.floors or image.glibc is None or locked.difference(target) is not None:
        return 0
    x86, arm = locked.glibc_needed(target.on(X86_64)), locked.glibc_needed(target.on(AARCH64))
    return arm if x86 <= image.glibc[1] < arm else 0


def _declared(python: PythonProject, manifest: Manifest, image: PythonImage, glibc: tuple[int, int]) -> Iterator[TooOld]:
    newer = [each for each in python.targets(manifest.path, manifest.requires_python) if each.libc == GLIBC]
    older = [each._replace(libc_version=glibc) for each in newer]
    for dependency in manifest.dependencies:
        answer = python.project.settings.known.packages.get(dependency.name)
        if answer is None or dependency.url or dependency.constraint or python.decided_by_lock(dependency):
            continue
        policy = python.policy(manifest, dirname(manifest.path))
        builds = policy.may_build(dependency.name)
        if not policy.may_use_wheel(dependency.name):
            continue
        fresh, aged = (
            by_index(dependency, answer, dependency.specifier, tuple(each for each in targets if installed_on(dependency, each)), builds)
            for targets in (newer, older)
        )
        if fresh is None and aged is not None:
            yield TooOld(image, judged=aged)

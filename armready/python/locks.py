"""Lock files: what was locked, what of it a machine reaches, and what differs between x86-64 and arm64.

A missing aarch64 wheel means something only for a package that arm64 reaches: uv leaves out the wheels of packages that a marker excludes,
and Poetry keeps the markers on the edges of the graph. So every answer comes from a walk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from armready.core.source import Location
from armready.core.startup import dataclass, regex
from armready.knowledge.targets import AARCH64, DEFAULT_GLIBC, GLIBC, MUSL, PYTHONS, X86_64, Target, fits, marker_holds
from armready.knowledge.wheels import Difference, difference, is_native, wheel_tag
from armready.python.dependencies import Scope, allows

_ORDER = {Scope.RUNTIME: 0, Scope.BUILD: 1, Scope.EXTRA: 2, Scope.GROUP: 3, Scope.TEST: 4}


_NO_WHEEL = 999
_LEGACY = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17, "linux": 0}
_MANYLINUX = regex(r"(manylinux1|manylinux2010|manylinux2014|linux|manylinux_2_(\d+))_(x86_64|aarch64)")


class LockKind(StrEnum):
    """The format of a lock."""

    UV = "uv"
    POETRY = "poetry"
    PDM = "pdm"
    PYLOCK = "pylock"
    PEX = "pex"


@dataclass(frozen=True, slots=True)
class Edge:
    """A dependency of a locked package, or a root of the graph.

    Attributes:
        name: the package that is asked for.
        marker: when it is.
        extras: its extras that are asked for.
        version: the locked version (uv) or the accepted ones (others); empty for any.
        scope: of a root, when it is installed.
    """

    name: str
    marker: str = ""
    extras: tuple[str, ...] = ()
    version: str = ""
    scope: Scope = Scope.RUNTIME


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry of a lock.

    Attributes:
        name: normalised.
        version: as locked; empty for a source tree.
        location: the entry.
        edges: what it depends on; a marker may test `extra`.
        extras: extra -> what it adds, where the format keeps them apart.
        markers: package-level markers of which one must hold; empty for none.
        scope: when it is installed, where the format says so.
        python: the Python versions that it supports.
        native: it has wheels for single platforms.
        recorded: it has at least one artifact, or is a source tree.
        differences: targets on which x86-64 and arm64 get different things.
        sdist: it has a source distribution.
        floors: what its wheels need of glibc, where arm64 needs a newer one; see `floors`.
    """

    name: str
    version: str
    location: Location
    edges: tuple[Edge, ...] = ()
    extras: tuple[tuple[str, tuple[Edge, ...]], ...] = ()
    markers: tuple[str, ...] = ()
    scope: Scope = Scope.RUNTIME
    python: str = ""
    native: bool = False
    recorded: bool = True
    differences: tuple[tuple[tuple[int, int], str, Difference], ...] = ()
    sdist: bool = False
    floors: tuple[tuple[str, int, int], ...] = ()

    def glibc_needed(self, target: Target) -> int:
        """The N of the oldest glibc 2.N on which a wheel fits the target's Python and processor."""
        fitting = [each for each in self.floors if fits(f"{each[0]}-linux_{target.arch}", target)]
        return min((x86 if target.arch == X86_64 else arm for _, x86, arm in fitting), default=_NO_WHEEL)

    def difference(self, target: Target) -> Difference | None:
        """What differs on a target, or None."""
        return next((each for python, libc, each in self.differences if python == target.python and libc == target.libc), None)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file: a fact.

    Attributes:
        path: the file.
        kind: its format.
        packages: its entries.
        roots: where the walk starts; empty when the manifest beside it has to tell.
        flat: entries carry their own markers, so that no walk is needed.
        requires_python: the Python versions it was locked for.
        environments: markers of the environments it was locked for; empty for all.
        head: the place to point at for the whole file.
        single: why it holds the files of one platform only; empty when it does not.
    """

    path: str
    kind: LockKind
    packages: tuple[Locked, ...]
    head: Location
    roots: tuple[Edge, ...] = ()
    flat: bool = False
    requires_python: str = ""
    environments: tuple[str, ...] = ()
    single: str = ""

    def supports(self, target: Target) -> bool:
        """Whether the lock was made for environments like this one."""
        return not self.environments or any(marker_holds(each, target) is not False for each in self.environments)


@dataclass(frozen=True, slots=True)
class Reached:
    """An entry that a target installs.

    Attributes:
        locked: the entry.
        trail: the names from the direct requirement to it.
        scope: the strongest scope that reaches it.
    """

    locked: Locked
    trail: tuple[str, ...]
    scope: Scope


def differences(files: Sequence[str]) -> tuple[tuple[tuple[int, int], str, Difference], ...]:
    """On which Python and libc the files of one release mean different things on the two processors."""
    if not is_native(files) or _mirrored(files):
        return ()
    found = []
    for libc in (GLIBC, MUSL):
        for python in PYTHONS:
            what = difference(files, Target(python, AARCH64, libc))
            if what.matters:
                found.append((python, libc, what))
    return tuple(found)


def floors(files: Iterable[str]) -> tuple[tuple[str, int, int], ...]:
    """The glibc 2.N that the wheels of a release need: interpreter and ABI, N on x86-64, N on arm64.

    Empty where a wheel fits any machine, and where arm64 needs no newer one for any interpreter. A missing wheel needs `_NO_WHEEL`.
    """
    found: dict[str, dict[str, int]] = {}
    for tag in filter(None, map(wheel_tag, files)):
        interpreter, _, platform = tag.rpartition("-")
        if platform == "any":
            return ()
        for part in platform.split("."):
            match = _MANYLINUX.fullmatch(part)
            if match:
                least = found.setdefault(interpreter, {})
                needed = int(match[2][:9]) if match[2] else _LEGACY[match[1]]
                least[match[3]] = min(least.get(match[3], _NO_WHEEL), needed)
    known = tuple((key, least.get(X86_64, _NO_WHEEL), least.get(AARCH64, _NO_WHEEL)) for key, least in found.items())
    return known if any(x86 < arm < _NO_WHEEL for _, x86, arm in known) else ()


def _mirrored(files: Iterable[str]) -> bool:
    """Whether each Linux x86-64 wheel has an aarch64 counterpart that needs no newer libc than the default one: then nothing can differ."""
    kinds: dict[str, set[tuple[str, str]]] = {X86_64: set(), AARCH64: set()}
    for name in files:
        tag = wheel_tag(name)
        if tag is None:
            continue
        interpreter, _, platform = tag.rpartition("-")
        for part in platform.split("."):
            for arch, seen in kinds.items():
                if not part.endswith(arch) or "linux" not in part:
                    continue
                family = "musl" if part.startswith("musl") else "glibc"
                if arch == AARCH64 and part.startswith("manylinux_2_") and int(part.split("_")[2][:9]) > DEFAULT_GLIBC[1]:
                    continue
                if arch == AARCH64 and part.startswith("musllinux_1_") and int(part.split("_")[2][:9]) > 2:
                    continue
                seen.add((interpreter, family))
    return kinds[X86_64] <= kinds[AARCH64]


def reach(lock: Lock, roots: Sequence[Edge], target: Target) -> dict[tuple[str, str], Reached]:
    """The entries that a target installs, by name and version, each with the shortest trail from a root."""
    if lock.flat and not roots:
        return {
            (each.name, each.version): Reached(each, (each.name,), each.scope)
            for each in lock.packages
            if not each.markers or any(marker_holds(marker, target) is not False for marker in each.markers)
        }
    by_name: dict[str, list[Locked]] = {}
    for each in lock.packages:
        by_name.setdefault(each.name, []).append(each)
    found: dict[tuple[str, str], Reached] = {}
    seen: set[tuple[str, str, str]] = set()
    queue: deque[tuple[Edge, tuple[str, ...], Scope]] = deque()
    for edge in sorted(roots, key=lambda each: _ORDER[each.scope]):
        if marker_holds(edge.marker, target) is False:
            continue
        queue.append((edge, (), edge.scope))
        while queue:
            asked, trail, scope = queue.popleft()
            for locked in _chosen(by_name.get(asked.name, []), asked, target):
                path = (*trail, locked.name)
                found.setdefault((locked.name, locked.version), Reached(locked, path, scope))
                for extra in ("", *asked.extras):
                    if (locked.name, locked.version, extra) in seen:
                        continue
                    seen.add((locked.name, locked.version, extra))
                    queue.extend((edge, path, scope) for edge in _edges(locked, extra, target))
    return found


def _edges(locked: Locked, extra: str, target: Target) -> Iterator[Edge]:
    candidates = locked.edges if not extra else (*locked.edges, *next((edges for name, edges in locked.extras if name == extra), ()))
    for edge in candidates:
        if marker_holds(edge.marker, target, extra) is not False:
            yield edge


def _chosen(candidates: list[Locked], edge: Edge, target: Target) -> list[Locked]:
    """The entries of one name that an edge means on the target."""
    fitting = [each for each in candidates if not each.markers or any(marker_holds(marker, target) is not False for marker in each.markers)]
    if len(fitting) <= 1:
        return fitting
    exact = [each for each in fitting if edge.version and (each.version == edge.version or allows(edge.version, each.version))]
    fitting = exact or fitting
    supported = [each for each in fitting if not each.python or allows(each.python, f"{target.python_name}.20")]
    return supported or fitting

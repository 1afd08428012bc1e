"""How far a repository is: what stands against arm64, per family, per image and per workload.

What counts are images, builds that push, workloads, and files of dependencies, not files of a kind that happen to exist. What could not be
judged is unknown, and never ready. Ignored findings do not count; what the baseline knows does, since it is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from armready.core.classify import BUILD_KINDS, LOCK_KINDS, MANIFEST_KINDS, PIPELINE_KINDS, Kind
from armready.core.config import Settings
from armready.core.facts import DockerfileFact
from armready.core.finding import Confidence, Finding, Severity
from armready.core.project import Graph, Project
from armready.core.startup import imported
from armready.core.tree import MemoryTree

if TYPE_CHECKING:
    from armready.builds.facts import ImageBuild
    from armready.kubernetes.facts import Workload
    from armready.kubernetes.own_images import OwnBuild
    from armready.run.passes import Analysis
    from armready.run.registry import Registry

_BUILD = "armready.builds.facts:ImageBuild"
_WORKLOAD = "armready.kubernetes.facts:Workload"
_MANIFEST = "armready.python.manifest:Manifest"
_UNKNOWN_BASE = "DF116"

# What counts in a family although it holds no image, build, workload or dependency, once something stands against it.
FAMILIES: Mapping[str, frozenset[Kind]] = {
    "Images": frozenset({Kind.DOCKERFILE}),
    "CI and builds": PIPELINE_KINDS | BUILD_KINDS,
    "Kubernetes": frozenset(
        {
            Kind.KUBERNETES,
            Kind.KUSTOMIZATION,
            Kind.HELM_CHART,
            Kind.HELM_VALUES,
            Kind.HELM_TEMPLATE,
            Kind.CLOUDFORMATION,
        }
    )
    - PIPELINE_KINDS,
    "Python": MANIFEST_KINDS | LOCK_KINDS | {Kind.PYTHON, Kind.NOTEBOOK},
}


class State(StrEnum):
    """How near to arm64 something is, the nearest first.

    `READY` it was judged, and nothing is known against it. `UNKNOWN` it could not be judged. `DOUBTFUL` there are warnings. `BLOCKED`
    there are errors, or it cannot run on arm64 as it stands.
    """

    READY = "ready"
    UNKNOWN = "unknown"
    DOUBTFUL = "doubtful"
    BLOCKED = "blocked"

    def at_least(self, other: State) -> State:
        """The worse of the two."""
        return max(self, other, key=list(State).index)


class Family(NamedTuple):
    """How many of the images, builds, workloads or dependency files of a repository are in each state."""

    name: str
    ready: int
    unknown: int
    doubtful: int
    blocked: int

    @property
    def total(self) -> int:
        """How many there are."""
        return self.ready + self.unknown + self.doubtful + self.blocked

    @property
    def states(self) -> dict[State, int]:
        """The numbers that are not 0, the worst first."""
        counts = {State.BLOCKED: self.blocked, State.DOUBTFUL: self.doubtful, State.UNKNOWN: self.unknown, State.READY: self.ready}
        return {state: number for state, number in counts.items() if number}


class Image(NamedTuple):
    """An image that the repository builds.

    Attributes:
        path: its Dockerfile.
        names: what builds push it as.
        bases: the base images of the stages that ship.
        state: by the findings in the Dockerfile and at its builds, and those elsewhere that point at it.
        reasons: the codes of those findings.
    """

    path: str
    names: tuple[str, ...]
    bases: tuple[str, ...]
    state: State
    reasons: tuple[str, ...]


class Placed(NamedTuple):
    """A workload, and whether it can run on arm64 nodes.

    Attributes:
        path: its manifest.
        line: where it stands.
        title: `Deployment/web`.
        state: by its images and its placement.
        reason: what stands against it, in words.
    """

    path: str
    line: int
    title: str
    state: State
    reason: str


class Readiness(NamedTuple):
    """How far a repository is."""

    families: tuple[Family, ...]
    images: tuple[Image, ...]
    workloads: tuple[Placed, ...]


def readiness(analysis: Analysis, registry: Registry) -> Readiness:
    """How far a repository is, by what both passes found with the rules that are selected."""
    against = dict[str, list[Finding]]()
    unknown = dict[str, list[Finding]]()
    for finding in _counting(analysis, registry):
        sure = finding.confidence is not Confidence.LOW
        if finding.severity is Severity.INFO and sure:
            continue
        for path in {finding.path, *(each.location.path for each in finding.related if sure)}:
            (against if sure else unknown).setdefault(path, []).append(finding)
    builds = _facts(analysis, _BUILD)
    images = tuple(_images(analysis, against, unknown, _Builds(builds, registry.settings)))
    workloads = tuple(_workloads(analysis, against))
    own = {path: [each for each in found if each.path == path] for path, found in against.items()}
    counted: Mapping[str, dict[str, list[State]]] = {
        "Images": {each.path: [each.state] for each in images},
        "CI and builds": _pushing(builds, own),
        "Kubernetes": _by_path((each.path, each.state) for each in workloads),
        "Python": _dependencies(analysis, own, unknown),
    }
    return Readiness(tuple(_families(analysis, own, counted)), images, workloads)


def _counting(analysis: Analysis, registry: Registry) -> Iterator[Finding]:
    """The findings of rules that are selected and not ignored, at the levels of the configuration."""
    selection = registry.selection
    for finding in analysis.findings:
        if selection.enabled(registry.rule(finding.code)) and not selection.ignored_in(finding.path, finding.code):
            yield replace(finding, severity=selection.levels.get(finding.code, finding.severity))


def _families(analysis: Analysis, own: Mapping[str, list[Finding]], counted: Mapping[str, dict[str, list[State]]]) -> Iterator[Family]:
    everywhere = {path for each in counted.values() for path in each}
    for name, kinds in FAMILIES.items():
        beside = {path for path, found in own.items() if found and path not in everywhere and _kind(analysis, path) in kinds}
        states = [*(state for each in counted[name].values() for state in each), *(state_of(own[path]) for path in sorted(beside))]
        if states:
            yield Family(name, *(states.count(state) for state in State))


def _kind(analysis: Analysis, path: str) -> Kind | None:
    result = analysis.results.get(path)
    return result.kind if result else None


def _by_path(pairs: Iterable[tuple[str, State]]) -> dict[str, list[State]]:
    groups: dict[str, list[State]] = {}
    for path, state in pairs:
        groups.setdefault(path, []).append(state)
    return groups


def _pushing(builds: list[tuple[str, ImageBuild]], own: Mapping[str, list[Finding]]) -> dict[str, list[State]]:
    """The files that build images and push them, unless one architecture is right there."""
    groups: dict[str, State] = {}
    for path, build in builds:
        if not build.pushes or build.exempt or build.platforms.windows:
            continue
        state = state_of(own.get(path, ()))
        known = build.platforms.resolved if build.platforms.given else bool(build.job.architecture)
        if not known and not build.platforms.arm64:
            state = state.at_least(State.UNKNOWN)
        groups[path] = state.at_least(groups.get(path, State.READY))
    return {path: [state] for path, state in groups.items()}


def _dependencies(analysis: Analysis, own: Mapping[str, list[Finding]], unknown: Mapping[str, list[Finding]]) -> dict[str, list[State]]:
    """The files that declare or lock Python dependencies."""
    found: dict[str, list[State]] = {}
    for path, result in analysis.results.items():
        if result.kind not in MANIFEST_KINDS | LOCK_KINDS or _MANIFEST not in result.facts.types:
            continue
        module, _, name = _MANIFEST.partition(":")
        if result.kind in LOCK_KINDS or any(each.dependencies for each in result.facts.of(imported(module, name))):
            doubt = State.UNKNOWN if result.problems or path in unknown else State.READY
            found[path] = [state_of(own.get(path, ())).at_least(doubt)]
    return found


class _Builds:
    """The builds of a repository, for its Dockerfiles."""

    def __init__(self, builds: list[tuple[str, ImageBuild]], settings: Settings) -> None:
        self.settings = settings
        self.of: dict[str, list[ImageBuild]] = {}
        for _, build in builds:
            if build.inputs.dockerfile is not None:
                self.of.setdefault(build.inputs.dockerfile, []).append(build)
        self.for_arm64 = _made_for_arm64(build for _, build in builds if build.platforms.arm64)

    def leave_unknown(self, fact: DockerfileFact) -> bool:
        """Whether images of a Dockerfile of which no table knows anything are not all built for arm64 here."""
        if not self.for_arm64:
            return True
        from armready.builds.references import repository
        from armready.core.reference import Reference
        from armready.knowledge.image_verdicts import unknown

        images = (each for stage in fact.stages for each in (stage.base, *stage.images) if each is not None and not each.varies)
        unjudged = (each.text for each in images if unknown(Reference.parse(each.text, self.settings.mirrors), self.settings))
        return any(repository(text) not in self.for_arm64 for text in unjudged)


def _made_for_arm64(builds: Iterable[ImageBuild]) -> set[str]:
    """The names, without tags, under which builds are pushed."""
    pushed = [spelling for build in builds for push in build.pushes for spelling in push.spellings or (push.text,)]
    if not pushed:
        return set()
    from armready.builds.references import repository

    return {repository(each) for each in pushed}


def _images(
    analysis: Analysis, against: Mapping[str, list[Finding]], unknown: Mapping[str, list[Finding]], builds: _Builds
) -> Iterator[Image]:
    for path, result in analysis.results.items():
        for fact in result.facts.of(DockerfileFact):
            if fact.stages and all(stage.is_windows for stage in fact.stages):
                continue
            made = builds.of.get(path, [])
            places = {build.location for build in made}
            at_builds = [each for build in made for each in against.get(build.location.path, ()) if each.location in places]
            findings = [*against.get(path, ()), *at_builds]
            doubt = fact.is_template or bool(result.problems)
            doubt = doubt or (any(each.code == _UNKNOWN_BASE for each in unknown.get(path, ())) and builds.leave_unknown(fact))
            names = dict.fromkeys(push.shown for build in made for push in build.pushes)
            bases = dict.fromkeys(stage.base.text for stage in fact.shipped() if stage.base is not None)
            yield Image(
                path=path,
                names=tuple(names),
                bases=tuple(bases),
                state=state_of(findings).at_least(State.UNKNOWN if doubt else State.READY),
                reasons=tuple(sorted({each.code for each in findings})),
            )


def _facts(analysis: Analysis, name: str) -> list[tuple[str, Any]]:
    """The facts of one type with their files. Without any the module of the type is not imported."""
    holders = [(path, result.facts) for path, result in analysis.results.items() if name in result.facts.types]
    if not holders:
        return []
    module, _, of = name.partition(":")
    return [(path, fact) for path, facts in holders for fact in facts.of(imported(module, of))]


def _workloads(analysis: Analysis, against: Mapping[str, list[Finding]]) -> Iterator[Placed]:
    found = _facts(analysis, _WORKLOAD)
    if not found:
        return
    own = _own_builds(analysis)
    for path, group in groupby(found, key=lambda each: each[0]):
        workloads = sorted((each for _, each in group if each.is_workload), key=lambda each: each.location.span)
        findings = [each for each in against.get(path, ()) if each.path == path]
        for number, workload in enumerate(workloads):
            state, reason = _placement(workload, own)
            mine = [each for each in findings if _owner(each, workloads) == number]
            if state_of(mine).at_least(state) is not state:
                state, reason = state_of(mine), _first_message(mine)
            yield Placed(path=path, line=workload.location.region.line, title=workload.title, state=state, reason=reason)


def _owner(finding: Finding, workloads: Sequence[Workload]) -> int:
    """Which of the workloads of a file a finding is about: the last one that begins before it."""
    before = [number for number, each in enumerate(workloads) if each.location.span.start <= finding.location.span.start]
    return before[-1] if before else 0


def _first_message(findings: Iterable[Finding]) -> str:
    worst = min(findings, key=lambda each: (each.severity.rank, each.sort_key))
    return worst.message


def _own_builds(analysis: Analysis) -> dict[str, OwnBuild]:
    from armready.kubernetes.own_images import own_builds

    graph = Graph(analysis.results, MemoryTree({}), Settings(), complete=analysis.complete, load=lambda _: None)
    return own_builds(Project(graph, ""))


def _placement(workload: Workload, own: dict[str, OwnBuild]) -> tuple[State, str]:
    from armready.kubernetes.own_images import build_of

    stuck = [image for image in workload.images if image.only == "amd64"]
    if stuck:
        sure = any(image.sure is Confidence.HIGH for image in stuck)
        return (State.BLOCKED if sure else State.DOUBTFUL), f"{stuck[0].text} is for amd64 only"
    if not workload.allows("arm64"):
        return State.BLOCKED, "its constraints rule arm64 nodes out"
    unknown = ""
    for image in workload.images:
        build = build_of(own, image.text)
        if build is not None and not build.arm64:
            return State.BLOCKED, f"{image.text} is built for amd64 only at {build.place}"
        if build is None and image.unknown:
            unknown = unknown or image.text
    return (State.UNKNOWN, f"nothing is known of {unknown}") if unknown else (State.READY, "")


def state_of(findings: Iterable[Finding]) -> State:
    """The state that findings leave a file in."""
    levels = {finding.severity for finding in findings}
    return State.BLOCKED if Severity.ERROR in levels else State.DOUBTFUL if levels else State.READY

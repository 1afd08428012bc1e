"""How far a repository is: what stands against arm64, per family of files, per image and per workload.

Ignored findings do not count; what the baseline knows does, since it is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
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

_BUILD = "armready.builds.facts:ImageBuild"
_WORKLOAD = "armready.kubernetes.facts:Workload"

_IMAGES = frozenset({Kind.DOCKERFILE, Kind.COMPOSE, Kind.BAKE_HCL, Kind.BAKE_JSON})
_PYTHON = MANIFEST_KINDS | LOCK_KINDS | {Kind.PYTHON}
_MANIFESTS = frozenset(
    {
        Kind.KUBERNETES,
        Kind.KUSTOMIZATION,
        Kind.HELM_CHART,
        Kind.HELM_VALUES,
        Kind.HELM_TEMPLATE,
        Kind.CLOUDFORMATION,
    }
)
FAMILIES: Mapping[str, frozenset[Kind]] = {
    "Images": _IMAGES,
    "CI and builds": (PIPELINE_KINDS | BUILD_KINDS) - _IMAGES,
    "Kubernetes": _MANIFESTS,
    "Python": frozenset(_PYTHON),
}


class State(StrEnum):
    """How near to arm64 something is.

    `READY` nothing is known against it. `UNKNOWN` it runs an image of which nothing is known. `DOUBTFUL` there are warnings. `BLOCKED`
    there are errors.
    """

    READY = "ready"
    UNKNOWN = "unknown"
    DOUBTFUL = "doubtful"
    BLOCKED = "blocked"


class Family(NamedTuple):
    """The files of one family, by state."""

    name: str
    ready: int
    doubtful: int
    blocked: int


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


def readiness(analysis: Analysis) -> Readiness:
    """How far a repository is, by what both passes found."""
    against: dict[str, list[Finding]] = {}
    for finding in analysis.findings:
        if finding.severity is not Severity.INFO and finding.confidence is not Confidence.LOW:
            for path in {finding.path, *(each.location.path for each in finding.related)}:
                against.setdefault(path, []).append(finding)
    return Readiness(tuple(_families(analysis, against)), tuple(_images(analysis, against)), tuple(_workloads(analysis)))


def _families(analysis: Analysis, against: Mapping[str, list[Finding]]) -> Iterator[Family]:
    own = {path: [each for each in found if each.path == path] for path, found in against.items()}
    for name, members in FAMILIES.items():
        states = [state_of(own.get(path, ())) for path, result in analysis.results.items() if result.kind in members]
        if states:
            yield Family(name, states.count(State.READY), states.count(State.DOUBTFUL), states.count(State.BLOCKED))


def _images(analysis: Analysis, against: Mapping[str, list[Finding]]) -> Iterator[Image]:
    builds = _builds(analysis)
    for path, result in analysis.results.items():
        for fact in result.facts.of(DockerfileFact):
            made = builds.get(path, [])
            places = {build.location for build in made}
            at_builds = [each for build in made for each in against.get(build.location.path, ()) if each.location in places]
            findings = [*against.get(path, ()), *at_builds]
            names = dict.fromkeys(push.shown for build in made for push in build.pushes)
            bases = dict.fromkeys(stage.base.text for stage in fact.shipped() if stage.base is not None)
            yield Image(
                path=path,
                names=tuple(names),
                bases=tuple(bases),
                state=state_of(findings),
                reasons=tuple(sorted({each.code for each in findings})),
            )


def _builds(analysis: Analysis) -> dict[str, list[ImageBuild]]:
    """Dockerfile -> its builds."""
    builds: dict[str, list[ImageBuild]] = {}
    for _, fact in _facts(analysis, _BUILD):
        if fact.inputs.dockerfile is not None:
            builds.setdefault(fact.inputs.dockerfile, []).append(fact)
    return builds


def _facts(analysis: Analysis, name: str) -> list[tuple[str, Any]]:
    """The facts of one type with their files. Without any the module of the type is not imported."""
    holders = [(path, result.facts) for path, result in analysis.results.items() if name in result.facts.types]
    if not holders:
        return []
    module, _, of = name.partition(":")
    return [(path, fact) for path, facts in holders for fact in facts.of(imported(module, of))]


def _workloads(analysis: Analysis) -> Iterator[Placed]:
    found = _facts(analysis, _WORKLOAD)
    if not found:
        return
    from armready.kubernetes.own_images import own_builds

    graph = Graph(analysis.results, MemoryTree({}), Settings(), complete=analysis.complete, load=lambda _: None)
    own = own_builds(Project(graph, ""))
    for path, workload in found:
        if workload.is_workload:
            state, reason = _placement(workload, own)
            yield Placed(path=path, line=workload.location.region.line, title=workload.title, state=state, reason=reason)


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

"""How far a repository is: what stands against arm64, per family of files and per image.

Ignored findings do not count; what the baseline knows does, since it is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from armready.classify import BUILD_KINDS, LOCK_KINDS, MANIFEST_KINDS, PIPELINE_KINDS, Kind
from armready.facts import DockerfileFact
from armready.finding import Confidence, Finding, Severity

if TYPE_CHECKING:
    from armready.pipeline import Analysis

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
    """`READY` nothing is known against it, `DOUBTFUL` there are warnings, `BLOCKED` there are errors."""

    READY = "ready"
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
        bases: the base images of the stages that ship.
        state: by the findings in the Dockerfile, and those elsewhere that point at it.
        reasons: the codes of those findings.
    """

    path: str
    bases: tuple[str, ...]
    state: State
    reasons: tuple[str, ...]


class Readiness(NamedTuple):
    """How far a repository is."""

    families: tuple[Family, ...]
    images: tuple[Image, ...]


def readiness(analysis: Analysis) -> Readiness:
    """How far a repository is, by what both passes found."""
    against: dict[str, list[Finding]] = {}
    for finding in analysis.findings:
        if finding.severity is not Severity.INFO and finding.confidence is not Confidence.LOW:
            for path in {finding.path, *(each.location.path for each in finding.related)}:
                against.setdefault(path, []).append(finding)
    own = {path: [each for each in found if each.path == path] for path, found in against.items()}
    kinds = {path: result.kind for path, result in analysis.results.items() if result.kind is not None}
    families = []
    for name, members in FAMILIES.items():
        states = [state_of(own.get(path, ())) for path, kind in kinds.items() if kind in members]
        if states:
            families.append(_family(name, states))
    built = ((path, fact) for path, result in analysis.results.items() for fact in result.facts if isinstance(fact, DockerfileFact))
    return Readiness(tuple(families), tuple(_image(path, fact, against.get(path, [])) for path, fact in built))


def state_of(findings: Iterable[Finding]) -> State:
    """The state that findings leave a file in."""
    levels = {finding.severity for finding in findings}
    return State.BLOCKED if Severity.ERROR in levels else State.DOUBTFUL if levels else State.READY


def _family(name: str, states: list[State]) -> Family:
    return Family(name, states.count(State.READY), states.count(State.DOUBTFUL), states.count(State.BLOCKED))


def _image(path: str, fact: DockerfileFact, findings: list[Finding]) -> Image:
    bases = dict.fromkeys(stage.base.text for stage in fact.shipped() if stage.base is not None)
    return Image(path, tuple(bases), state_of(findings), tuple(sorted({finding.code for finding in findings})))

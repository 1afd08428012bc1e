"""The constraints of a pod leave no node.

## What it finds

A node selector, a required node affinity and machine types whose architectures have nothing in common: a selector for arm64
with an affinity for amd64, `kubernetes.io/arch` against `beta.kubernetes.io/arch`, arm64 with an instance type of Intel or AMD.

## Why it stops arm64

All of them must hold. No node satisfies both, so the pod stays Pending for ever.

## What to do

Decide for one architecture, or allow both, and make the constraints agree.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.model import Pod
from armready.kubernetes.placement import EVERY, Requirement, allowed, arch_requirements, required_terms, satisfied_by, selector
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, confidence_of
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n{}  containers:\n  - name: x\n    image: nginx:1.27\n"
_AFFINITY = (
    "  affinity:\n    nodeAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n        nodeSelectorTerms:\n"
    "        - matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]\n"
)


class ArchConstraintContradiction(FileRule):
    code = "KUB108"
    name = "arch-constraint-contradiction"
    summary = "The constraints of a pod leave no node"
    severity = Severity.ERROR
    kinds = SCHEDULING
    needles = (b"kubernetes.io/arch",)
    examples = (
        Example(
            "selector against affinity",
            path="pod.yaml",
            bad=_POD.format("    kubernetes.io/arch: «arm64»\n") + _AFFINITY,
            severity=Severity.ERROR,
        ),
        Example("two labels", path="pod.yaml", bad=_POD.format("    kubernetes.io/arch: «arm64»\n    beta.kubernetes.io/arch: amd64\n")),
        Example(
            "machine of the other architecture",
            path="pod.yaml",
            bad=_POD.format("    kubernetes.io/arch: «arm64»\n    node.kubernetes.io/instance-type: m5.large\n"),
        ),
        Example(
            "they agree",
            path="pod.yaml",
            good=_POD.format("    kubernetes.io/arch: amd64\n    node.kubernetes.io/instance-type: m5.large\n") + _AFFINITY,
            breaks=(" amd64", " arm64"),
        ),
        Example(
            "a variable", path="pod.yaml", good=_POD.format("    kubernetes.io/arch: ${ARCH}\n") + _AFFINITY, breaks=("${ARCH}", "arm64")
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            if pod.is_windows or allowed(pod) or not arch_requirements(pod):
                continue
            first = arch_requirements(pod)[0]
            place = span(first.values[0]) if first.values else span(first.key)
            yield self.finding(
                file.location(place),
                f"The constraints of {pod.title} leave no node: {_told(pod)}.",
                confidence=confidence_of(pod),
            )


def _told(pod: Pod) -> str:
    every = (*selector(pod.node), *(each for term in required_terms(pod.node) for each in term))
    counting = {_words(each): None for each in every if satisfied_by(each) != EVERY}
    return " and ".join(counting)


def _words(requirement: Requirement) -> str:
    values = ", ".join(requirement.texts)
    return f"{requirement.name} {requirement.operator} {values}" if requirement.sequence is not None else f"{requirement.name} is {values}"

"""Pods are spread over architectures.

## What it finds

`kubernetes.io/arch` as the topology key of a topology spread constraint, a pod affinity or an anti-affinity.

## Why it stops arm64

It rarely does what was meant: with two architectures there are two domains, so an anti-affinity allows two pods in the whole
cluster, and a spread puts half of the pods on each architecture, however many nodes it has.

## What to do

Spread over host names or zones (`kubernetes.io/hostname`, `topology.kubernetes.io/zone`).
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.placement import ARCH_KEYS
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, confidence_of, sentence
from armready.languages.yaml.nodes import ScalarNode, find, get, span

_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class ArchTopologyKey(FileRule):
    code = "KUB172"
    name = "arch-topology-key"
    summary = "Pods are spread over architectures"
    severity = Severity.INFO
    kinds = SCHEDULING
    needles = (b"topologykey",)
    examples = (
        Example(
            "spread",
            path="pod.yaml",
            bad="apiVersion: v1\nkind: Pod\nspec:\n  topologySpreadConstraints:\n  - topologyKey: «kubernetes.io/arch»\n  containers: []\n",
            severity=Severity.INFO,
        ),
        Example(
            "host names",
            path="pod.yaml",
            good="apiVersion: v1\nkind: Pod\nspec:\n"
            "  topologySpreadConstraints:\n  - topologyKey: kubernetes.io/hostname\n  containers: []\n",
            breaks=("kubernetes.io/hostname", "kubernetes.io/arch"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            places = list(find(pod.node, "topologySpreadConstraints", "*", "topologyKey"))
            for kind in ("podAffinity", "podAntiAffinity"):
                affinity = get(pod.node, "affinity", kind)
                places += find(affinity, _REQUIRED, "*", "topologyKey")
                places += find(affinity, _PREFERRED, "*", "podAffinityTerm", "topologyKey")
            for place in places:
                if isinstance(place, ScalarNode) and place.value in ARCH_KEYS:
                    message = sentence(
                        f"{pod.title} takes each architecture for one place, so its pods are not spread over nodes or zones."
                    )
                    yield self.finding(file.location(span(place)), message, confidence=confidence_of(pod))

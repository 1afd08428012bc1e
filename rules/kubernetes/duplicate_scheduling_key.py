"""A scheduling field stands twice in one mapping.

## What it finds

`nodeSelector`, `affinity`, `tolerations` or another field of the pod spec twice in one pod spec, or one label twice in a node selector.

## Why it stops arm64

Strict readers reject the manifest. Others take the last one, so the constraint that keeps the pod on the right architecture may
be the one that is lost.

## What to do

Merge the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Related, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.documents import documents
from armready.kubernetes.fields import SCHEDULING_FIELDS
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import Node, get, key_of, pairs, span


class DuplicateSchedulingKey(FileRule):
    code = "KUB123"
    name = "duplicate-scheduling-key"
    summary = "A scheduling field stands twice in one mapping"
    severity = Severity.ERROR
    kinds = MANIFESTS | {Kind.HELM_VALUES}
    needles = (b"nodeselector", b"affinity", b"tolerations")
    examples = (
        Example(
            "two selectors",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  nodeSelector:
                    kubernetes.io/arch: arm64
                  containers:
                  - name: x
                    image: nginx:1.27
                  «nodeSelector»:
                    disktype: ssd
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "a label twice",
            path="pod.yaml",
            bad="apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {disktype: ssd, zone: a, «disktype»: hdd}\n  containers: []\n",
        ),
        Example(
            "once each",
            path="pod.yaml",
            good="apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {disktype: ssd}\n  tolerations: []\n",
            breaks=("ssd}", "ssd, zone: a, disktype: hdd}"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if file.parse(documents).templated:
            return
        for pod in file.parse(pods):
            fields = [key for key, _ in pairs(pod.node) if key_of(key) in SCHEDULING_FIELDS]
            labels = [key for key, _ in pairs(get(pod.node, "nodeSelector")) if key_of(key) != "<<"]
            for group in (fields, labels):
                for first, second in _repeated(group):
                    yield self.finding(
                        file.location(span(second)),
                        f"{key_of(second)} stands twice in {pod.title}; one of the two is lost, or the manifest is rejected.",
                        related=(Related(file.location(span(first)), "the first one"),),
                    )


def _repeated(keys: list[Node]) -> Iterator[tuple[Node, Node]]:
    seen: dict[str, Node] = {}
    for key in keys:
        name = key_of(key) or ""
        if name in seen:
            yield seen[name], key
        seen.setdefault(name, key)

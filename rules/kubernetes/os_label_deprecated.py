"""The operating system or the machine type is selected by a deprecated label.

## What it finds

`beta.kubernetes.io/os` and `beta.kubernetes.io/instance-type` in node selectors, affinities, topology keys, Karpenter requirements and JSON
patches.

## Why it stops arm64

It does not by itself: current nodes bear both labels. But the old labels stand in the manifests that were written before arm64
nodes existed, and what provisions nodes goes by the new ones.

## What to do

Use `kubernetes.io/os` and `node.kubernetes.io/instance-type`.

## Fix safety

Safe: every node since Kubernetes 1.17 bears both labels with the same value.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.kubernetes.labels import label_uses, renamed
from armready.kubernetes.reporting import SCHEDULING
from armready.languages.yaml.nodes import span

_NEW = {
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}
_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {{{}}}\n  containers:\n  - name: x\n    image: nginx:1.27\n"


class OsLabelDeprecated(FileRule):
    code = "KUB105"
    name = "os-label-deprecated"
    summary = "The operating system or the machine type is selected by a deprecated label"
    severity = Severity.INFO
    kinds = SCHEDULING | {Kind.KUSTOMIZATION}
    needles = needles_of((*_NEW, *(label.replace("/", "~1") for label in _NEW)))
    examples = (
        Example(
            "node selector",
            path="pod.yaml",
            bad=_POD.format("«beta.kubernetes.io/os»: linux, «beta.kubernetes.io/instance-type»: m7g.large"),
            fixed=_POD.format("kubernetes.io/os: linux, node.kubernetes.io/instance-type: m7g.large"),
            severity=Severity.INFO,
        ),
        Example(
            "the labels of today",
            path="pod.yaml",
            good=_POD.format("kubernetes.io/os: linux"),
            breaks=("{kubernetes.io/os", "{beta.kubernetes.io/os"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for use in file.parse(label_uses):
            if use.label in _NEW and not use.conflicts:
                new = _NEW[use.label]
                message = f"{use.label} is deprecated; what provisions nodes of another architecture goes by {new}."
                yield self.finding(file.location(span(use.node)), message, fix=renamed(file, use, new))

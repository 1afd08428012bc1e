"""The architecture is selected by the deprecated label.

## What it finds

`beta.kubernetes.io/arch` in node selectors, affinities, topology keys, Karpenter requirements and JSON patches.

## Why it stops arm64

`kubernetes.io/arch` has been the label since Kubernetes 1.14. The kubelet still sets the old one, but what provisions nodes
(Karpenter, cluster autoscalers) reasons with the new one, and may start nodes on which the pod does not fit. A manifest that
says both may contradict itself.

## What to do

Use `kubernetes.io/arch`.

## Fix safety

Safe: every node since 1.14 bears both labels with the same value.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.documents import documents
from armready.kubernetes.labels import label_uses, renamed
from armready.kubernetes.placement import ARCH_KEY, BETA_ARCH_KEY
from armready.kubernetes.reporting import SCHEDULING
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n{}  containers:\n  - name: x\n    image: nginx:1.27\n"


class ArchLabelDeprecated(FileRule):
    code = "KUB104"
    name = "arch-label-deprecated"
    summary = "The architecture is selected by the deprecated label"
    severity = Severity.WARNING
    kinds = SCHEDULING | {Kind.KUSTOMIZATION}
    needles = (b"beta.kubernetes.io/arch", b"beta.kubernetes.io~1arch")
    examples = (
        Example(
            "node selector",
            path="pod.yaml",
            bad=_POD.format('    «"beta.kubernetes.io/arch"»: arm64 # Graviton\n'),
            fixed=_POD.format('    "kubernetes.io/arch": arm64 # Graviton\n'),
            severity=Severity.WARNING,
        ),
        Example(
            "both labels",
            path="pod.yaml",
            bad=_POD.format("    «beta.kubernetes.io/arch»: arm64\n    kubernetes.io/arch: arm64\n"),
            fixed=_POD.format("    kubernetes.io/arch: arm64\n"),
        ),
        Example(
            "affinity and topology",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - key: «beta.kubernetes.io/arch»
                            operator: In
                            values: [amd64, arm64]
                  topologySpreadConstraints:
                  - topologyKey: «beta.kubernetes.io/arch»
                    maxSkew: 1
                  containers: []
            """,
            fixed="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - key: kubernetes.io/arch
                            operator: In
                            values: [amd64, arm64]
                  topologySpreadConstraints:
                  - topologyKey: kubernetes.io/arch
                    maxSkew: 1
                  containers: []
            """,
        ),
        Example(
            "both labels on purpose",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]
                        - matchExpressions: [{key: «beta.kubernetes.io/arch», operator: In, values: [amd64, arm64]}]
                  containers: []
            """,
            severity=Severity.INFO,
        ),
        Example(
            "a value that a template decides",
            path="chart/templates/pod.yaml",
            bad=_POD.format("    «beta.kubernetes.io/arch»: {{ .Values.arch }}\n"),
            fixed=_POD.format("    kubernetes.io/arch: {{ .Values.arch }}\n"),
            severity=Severity.INFO,
        ),
        Example(
            "the label of a node",
            path="node.yaml",
            good="apiVersion: v1\nkind: Node\nmetadata:\n  labels:\n    beta.kubernetes.io/arch: amd64\n",
            breaks=("kind: Node\nmetadata:\n  labels:\n    ", "kind: Pod\nspec:\n  nodeSelector:\n    "),
        ),
        Example(
            "the label of today",
            path="pod.yaml",
            good=_POD.format("    kubernetes.io/arch: arm64 # was beta.kubernetes.io/arch\n"),
            breaks=("kubernetes.io/arch: arm64", "beta.kubernetes.io/arch: arm64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for use in file.parse(label_uses):
            if use.label != BETA_ARCH_KEY or use.conflicts:
                continue
            templated = file.parse(documents).templated
            yield self.finding(
                file.location(span(use.node)),
                f"{BETA_ARCH_KEY} is deprecated since Kubernetes 1.14, and what provisions arm64 nodes goes by {ARCH_KEY}.",
                severity=Severity.INFO if use.is_open or use.beside_today else None,
                confidence=Confidence.MEDIUM if templated else Confidence.HIGH,
                fix=renamed(file, use, ARCH_KEY),
            )

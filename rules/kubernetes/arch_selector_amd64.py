"""A node selector keeps a pod on amd64 nodes.

## What it finds

`kubernetes.io/arch: amd64` (or the older `beta.kubernetes.io/arch`) in a node selector: in pod specs of every kind, in custom resources, in
Helm values and templates. Not where an image of the pod is known to exist for amd64 alone: there the selector is right. DaemonSets have a
rule of their own (KUB170).

## Why it stops arm64

The scheduler never puts the pod on an arm64 node. In a mixed cluster the arm64 nodes stay empty; in a cluster of arm64 nodes the pod
stays Pending for ever.

## What to do

Check that every image of the pod, init containers included, exists for arm64, then remove the selector, or replace it by an affinity that
names both architectures (`fix-style = "affinity"`, the default on GKE, whose scheduler adds the toleration for arm64 nodes itself).

## Fix safety

Unsafe where every image is known to exist for arm64, because pods move to other nodes. Only shown where an image is not known offline:
name its platforms under `images` in the configuration to arm it.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.file import File
from armready.finding import Finding, Severity
from armready.fix import Applicability
from armready.kubernetes.pins import How, assess, loosened, pins
from armready.rule import Example, FileRule

from ._shared import SCHEDULING, confidence_of

_POD = """
    apiVersion: v1
    kind: Pod
    metadata:
      name: web
    spec:
      nodeSelector:
        {}
      containers:
      - name: web
        image: {}
"""
_DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          nodeSelector: {{{}}}  # pools
          containers:
          - name: web
            image: nginx:1.27
"""


class ArchSelectorAmd64(FileRule):
    """KUB101."""

    code = "KUB101"
    name = "arch-selector-amd64"
    summary = "A node selector keeps the pod on amd64 nodes"
    severity = Severity.WARNING
    kinds = SCHEDULING
    needles = (b"kubernetes.io/arch",)
    examples = (
        Example(
            "known image",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed="""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web
                spec:
                  containers:
                  - name: web
                    image: nginx:1.27
            """,
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "other labels stay",
            path="deployment.yaml",
            bad=_DEPLOYMENT.format("disktype: ssd, «kubernetes.io/arch: amd64», zone: a"),
            fixed=_DEPLOYMENT.format("disktype: ssd, zone: a").replace("{{", "{"),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "widened by an affinity",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed="""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - key: kubernetes.io/arch
                            operator: In
                            values: [amd64, arm64]
                  containers:
                  - name: web
                    image: nginx:1.27
            """,
            settings={"fix-style": "affinity"},
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "unknown image",
            path="pod.yaml",
            bad=_POD.format('«beta.kubernetes.io/arch: "amd64"»', "registry.example.com/team/web:1"),
            fixed="""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web
                spec:
                  containers:
                  - name: web
                    image: registry.example.com/team/web:1
            """,
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "arm64 cluster",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed=_POD.format("kubernetes.io/arch: arm64", "nginx:1.27"),
            settings={"target": "arm64"},
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "Helm values",
            path="chart/values.yaml",
            bad="""
                image:
                  repository: redis
                  tag: 7.2.4
                # where to run
                nodeSelector:
                  «kubernetes.io/arch: amd64»
            """,
            fixed="""
                image:
                  repository: redis
                  tag: 7.2.4
                # where to run
                nodeSelector: {}
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example("the image needs it", path="pod.yaml", good=_POD.format("kubernetes.io/arch: amd64", "mysql:5.7")),
        Example("arm64", path="pod.yaml", good=_POD.format("kubernetes.io/arch: arm64", "nginx:1.27")),
        Example("a parameter", path="pod.yaml", good=_POD.format("kubernetes.io/arch: ${ARCH}", "nginx:1.27")),
        Example("Windows", path="pod.yaml", good=_POD.format("kubernetes.io/os: windows\n        kubernetes.io/arch: amd64", "nginx:1.27")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        for pin in file.parse(pins):
            if pin.how is not How.SELECTOR or pin.pod.kind == "DaemonSet":
                continue
            assessment = assess(file, pin.pod)
            if assessment is None:
                continue
            yield self.finding(
                file.location(pin.span),
                f"{pin.pod.title} can only run on amd64 nodes, {assessment.because}.",
                severity=assessment.severity,
                confidence=confidence_of(pin.pod),
                fix=loosened(file, pin, assessment),
            )

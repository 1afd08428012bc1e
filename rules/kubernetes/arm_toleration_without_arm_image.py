"""A pod tolerates the taint of arm64 nodes, and an image of it does not exist for arm64.

## What it finds

A toleration of the taint of arm nodes (`arm-taint`), or of every taint outside of a DaemonSet, on a pod that may go to arm64 nodes and has
an image that is known to exist for amd64 alone.

## Why it stops arm64

The toleration opens exactly the nodes on which the container ends with `exec format error`.

## What to do

Select amd64 nodes, or use an image that exists for arm64.

## Fix safety

Safe: the selector can only exclude nodes on which the pod could not start. Unsafe for Pods and Jobs, whose spec is immutable
once applied, and for Helm values.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.placement import allowed, opaque_pins, tolerates_arm
from armready.kubernetes.pod_images import images_of
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, confidence_of
from armready.kubernetes.selectors import selecting
from armready.languages.yaml.nodes import get, span

_DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: db
    spec:
      template:
        spec:
          tolerations:
          - {}
    {}
          containers:
          - name: db
            image: {}
"""
_ARM = "{key: kubernetes.io/arch, operator: Equal, value: arm64, effect: NoSchedule}"


def _deployment(toleration: str, image: str, *lines: str) -> str:
    return _DEPLOYMENT.format(toleration, "@", image).replace("    @\n", "".join(f"          {line}\n" for line in lines))


class ArmTolerationWithoutArmImage(FileRule):
    code = "KUB131"
    name = "arm-toleration-without-arm-image"
    summary = "A pod tolerates the taint of arm64 nodes, and an image of it does not exist for arm64"
    severity = Severity.ERROR
    kinds = SCHEDULING
    needles = (b"tolerations",)
    examples = (
        Example(
            "the taint by name",
            path="db.yaml",
            bad=_deployment(_ARM, "«mysql:5.7»"),
            fixed=_deployment(_ARM, "mysql:5.7", "nodeSelector:", "  kubernetes.io/arch: amd64"),
            severity=Severity.ERROR,
        ),
        Example("every taint", path="db.yaml", bad=_deployment("operator: Exists", "«mysql:5.7»"), severity=Severity.INFO),
        Example("multi-arch image", path="db.yaml", good=_deployment(_ARM, "mysql:8.4"), breaks=("8.4", "5.7")),
        Example(
            "pinned",
            path="db.yaml",
            good=_deployment(_ARM, "mysql:5.7", "nodeSelector: {kubernetes.io/arch: amd64}"),
            breaks=("nodeSelector: {kubernetes.io/arch: amd64}\n      ", ""),
        ),
        Example(
            "another taint",
            path="db.yaml",
            good=_deployment("{key: gpu, operator: Exists}", "mysql:5.7"),
            breaks=("gpu", "kubernetes.io/arch"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if file.settings.target is Target.AUDIT:
            return
        for pod in file.parse(pods):
            toleration = tolerates_arm(pod, file.settings.arm_taint)
            if toleration is None or pod.is_windows or "arm64" not in allowed(pod) or opaque_pins(pod):
                continue
            _, by_name = toleration
            blocking = images_of(pod, file.settings).blocking()
            if not blocking or (not by_name and pod.kind == "DaemonSet"):
                continue
            yield self.finding(
                file.location(span(blocking[0].image.node)),
                f"{blocking[0].verdict.reason}, but {pod.title} tolerates the taint of arm64 nodes, where it ends with exec format error.",
                severity=Severity.ERROR if by_name else Severity.INFO,
                confidence=blocking[0].verdict.confidence.at_most(confidence_of(pod)),
                fix=selecting(file, pod, "amd64") if by_name and get(pod.node, "affinity", "nodeAffinity") is None else None,
            )

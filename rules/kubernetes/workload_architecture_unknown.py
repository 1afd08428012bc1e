"""A workload says nothing about architectures, and its images cannot be judged offline.

## What it finds

A workload without any constraint on the architecture, one of whose images nothing is known of: neither the facts nor the
configuration nor the CI of this repository tell for which architectures it exists. With `require-arch = true`: every workload
that says nothing about architectures.

## Why it stops arm64

It may not. But if the image exists for amd64 alone, the pod fails on the first arm64 node it meets, and nothing in the manifest tells.

## What to do

Name the platforms of your own images under `images` in the configuration, read the facts of the repository that builds them
(`facts`), ask the registries (`--online`), or say in the workload where it may run.

## Fix safety

With `require-arch`, the fix writes the platforms that all images are known to have; it can only exclude nodes on which the pod
could not start. Unsafe for Pods and Jobs, whose spec is immutable once applied, and only shown where an image is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from armready.core.config import Target
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.core.wording import plural
from armready.knowledge.images import verdict
from armready.kubernetes.facts import Workload
from armready.kubernetes.overlays import Overlay, covering, replaced_image
from armready.kubernetes.own_images import build_of, own_builds
from armready.kubernetes.reporting import SCHEDULING

_DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          containers:
          - name: web
            image: {}
"""
_ALLOWED = """\
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms:
                - matchExpressions:
                  - key: kubernetes.io/arch
                    operator: In
                    values: [amd64, arm64]
          containers:
"""
_REGISTRY = re.compile(r"(?<= image )\S+?(?=/|:| )")


class WorkloadArchitectureUnknown(ProjectRule):
    code = "KUB116"
    name = "workload-architecture-unknown"
    summary = "A workload says nothing about architectures, and its images cannot be judged offline"
    severity = Severity.INFO
    reads = (Workload,)
    kinds = SCHEDULING
    examples = (
        Example(
            "unknown image",
            path="web.yaml",
            bad=_DEPLOYMENT.format("«registry.example.com/web:1»"),
            severity=Severity.INFO,
        ),
        Example(
            "required, with known images",
            path="web.yaml",
            bad=_DEPLOYMENT.format("«nginx:1.27»"),
            fixed=_DEPLOYMENT.format("nginx:1.27").replace("          containers:\n", _ALLOWED),
            settings={"require-arch": True},
            severity=Severity.WARNING,
        ),
        Example(
            "required, with an unknown image",
            path="web.yaml",
            bad=_DEPLOYMENT.format("«registry.example.com/web:1»"),
            fixed=_DEPLOYMENT.format("registry.example.com/web:1").replace("          containers:\n", _ALLOWED),
            settings={"require-arch": True},
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a kustomization names it",
            path="base/web.yaml",
            good=_DEPLOYMENT.format("web-image"),
            files={"base/kustomization.yaml": "resources: [web.yaml]\nimages:\n- {name: web-image, newName: nginx, newTag: '1.27'}\n"},
            breaks=("base/web.yaml", "web.yaml"),
        ),
        Example("known image", path="web.yaml", good=_DEPLOYMENT.format("nginx:1.27"), breaks=("nginx", "registry.example.com/web")),
        Example(
            "the configuration knows",
            path="web.yaml",
            good=_DEPLOYMENT.format("registry.example.com/web:1"),
            settings={"images": {"registry.example.com/*": ["amd64", "arm64"]}},
            breaks=("images", ""),
        ),
        Example(
            "it says where",
            path="web.yaml",
            good=_DEPLOYMENT.format("registry.example.com/web:1") + "          nodeSelector: {kubernetes.io/arch: arm64}\n",
            breaks=("\n      nodeSelector: {kubernetes.io/arch: arm64}", ""),
        ),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        """How many workloads, and from which registries."""
        registries = sorted({found[0] for found in (_REGISTRY.search(finding.message) for finding in findings) if found})
        more = f" and {len(registries) - 3} more" if len(registries) > 3 else ""
        say, run = ("say", "run") if len(findings) != 1 else ("says", "runs")
        return (
            f"{plural(len(findings), 'workload')} {say} nothing about architectures and {run} images that cannot be judged offline"
            f" ({', '.join(registries[:3])}{more}): name them under `images` in the configuration, or use --online."
        )

    def check(self, project: Project) -> Iterator[Finding]:
        settings = project.settings
        if settings.target is not Target.MIXED:
            return
        builds, covers = own_builds(project), covering(project)
        for path, workload in project.facts(Workload):
            if workload.says_arch or workload.opaque or not workload.is_workload or workload.only("amd64") or workload.only("arm64"):
                continue
            built = {image.text for image in workload.images if image.unknown and build_of(builds, image.text) is not None}
            unknown = [
                image
                for image in workload.images
                if image.unknown and image.text not in built and not _told(project, covers, path, image.text)
            ]
            if not unknown and not (settings.require_arch and not built):
                continue
            image = (unknown or workload.images)[0]
            yield self.finding(
                image.location,
                _message(workload, image.text if unknown else ""),
                severity=Severity.WARNING if settings.require_arch else Severity.INFO,
                confidence=Confidence.HIGH if settings.require_arch else Confidence.LOW,
                fix=_fix(workload, image.text if unknown else "") if settings.require_arch else None,
            )


def _told(project: Project, covers: dict[str, list[Overlay]], path: str, image: str) -> bool:
    """Whether a kustomization puts an image in its place that something is known of."""
    replaced = replaced_image(covers, path, image)
    return replaced != image and verdict(replaced, project.settings).confidence is not Confidence.LOW


def _message(workload: Workload, unknown: str) -> str:
    if not unknown:
        return f"{workload.title} does not say on which architectures it runs, as the configuration requires."
    return f"{workload.title} says nothing about architectures, and whether its image {unknown} exists for arm64 is not known offline."


def _fix(workload: Workload, unknown: str) -> Fix | None:
    if workload.allowing is None or not unknown:
        return workload.allowing
    return workload.allowing.demoted(Applicability.DISPLAY, f"Whether {unknown} exists for arm64 is not known offline.")

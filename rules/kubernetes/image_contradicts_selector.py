"""An image does not exist for the architecture that its pod selects.

## What it finds

A pod whose constraints leave nodes of one architecture only, with an image that is known to exist for another one: by a dated
fact or by the configuration. Names with an architecture in them have a rule of their own (KUB111).

## Why it stops arm64

The container ends with `exec format error` on every node that the pod may be put on.

## What to do

Use an image that exists for the selected architecture, or select the architecture of the image.

## Fix safety

Unsafe: another image, or another version of it, is another program.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.kubernetes.model import Pod
from armready.kubernetes.placement import allowed, arch_requirements
from armready.kubernetes.pod_images import Judged, images_of
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, confidence_of, rename
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    kubernetes.io/arch: {}\n  containers:\n  - name: x\n    image: {}\n"


class ImageContradictsSelector(FileRule):
    code = "KUB112"
    name = "image-contradicts-selector"
    summary = "An image does not exist for the architecture that its pod selects"
    severity = Severity.ERROR
    kinds = SCHEDULING
    needles = (b"kubernetes.io/arch",)
    examples = (
        Example(
            "amd64 image on arm64 nodes",
            path="pod.yaml",
            bad=_POD.format("arm64", "«eclipse-temurin:17-jre-alpine»"),
            fixed=_POD.format("arm64", "eclipse-temurin:17-jre"),
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "what the configuration says",
            path="pod.yaml",
            bad=_POD.format("arm64", "«registry.example.com/legacy:3»"),
            settings={"images": {"registry.example.com/legacy": ["amd64"]}},
        ),
        Example("they agree", path="pod.yaml", good=_POD.format("amd64", "mysql:5.7"), breaks=("amd64", "arm64")),
        Example("multi-arch image", path="pod.yaml", good=_POD.format("arm64", "nginx:1.27"), breaks=("nginx:1.27", "mysql:5.7")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if file.settings.target is Target.AUDIT:
            return
        for pod in file.parse(pods):
            nodes = allowed(pod)
            if pod.is_windows or len(nodes) != 1 or not arch_requirements(pod):
                continue
            (arch,) = nodes
            for each in images_of(pod, file.settings).judged:
                if each.only and each.only != arch and not each.from_name:
                    yield self.finding(
                        file.location(span(each.image.node)),
                        f"{each.verdict.reason}, but {pod.title} runs on {arch} nodes only.",
                        confidence=each.verdict.confidence.at_most(confidence_of(pod)),
                        fix=_fix(file, pod, each),
                    )


def _fix(file: File, pod: Pod, judged: Judged) -> Fix | None:
    if judged.only != "amd64" or not judged.verdict.alternatives or pod.shared:
        return None
    other = judged.verdict.alternatives[0]
    edits = rename(file, judged.image, other)
    return Fix(f"Use {other}", edits, Applicability.UNSAFE, ("It is another image: test it.",)) if edits else None

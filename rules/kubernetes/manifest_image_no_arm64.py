"""An image does not exist for arm64, in a cluster that has arm64 nodes only.

## What it finds

With `target = "arm64"`: images that are known not to exist for arm64, in containers, Helm values and kustomizations. With
`target = "audit"` the same as an info. In a mixed cluster KUB110 keeps such pods on amd64 nodes instead.

## Why it stops arm64

No node can run the container: it ends with `exec format error`, or the image cannot be pulled.

## What to do

Use another version, variant or image that exists for arm64.

## Fix safety

Unsafe: another image, or another version of it, is another program. Only shown where the replacement has no version of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.knowledge.image_verdicts import no_arm64
from armready.kubernetes.images import image_uses
from armready.kubernetes.pod_images import reference
from armready.kubernetes.reporting import SCHEDULING, rename
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: {}\n"


class ManifestImageNoArm64(FileRule):
    code = "KUB114"
    name = "manifest-image-no-arm64"
    summary = "An image does not exist for arm64"
    severity = Severity.ERROR
    kinds = SCHEDULING | {Kind.KUSTOMIZATION}
    needles = (b"image", b"name")
    examples = (
        Example(
            "arm64 cluster",
            path="pod.yaml",
            bad=_POD.format("«eclipse-temurin:17-jre-alpine»"),
            fixed=_POD.format("eclipse-temurin:17-jre"),
            settings={"target": "arm64"},
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example("audit", path="pod.yaml", bad=_POD.format("«mysql:5.7»"), settings={"target": "audit"}, severity=Severity.INFO),
        Example("mixed cluster", path="pod.yaml", good=_POD.format("eclipse-temurin:17-jre-alpine")),
        Example(
            "multi-arch image",
            path="pod.yaml",
            good=_POD.format("nginx:1.27"),
            settings={"target": "arm64"},
            breaks=("nginx:1.27", "eclipse-temurin:17-jre-alpine"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        target = file.settings.target
        if target is Target.MIXED:
            return
        for use in file.parse(image_uses):
            problem = no_arm64(reference(use.image.text, file.settings), file.settings)
            if problem is None:
                continue
            edits = rename(file, use.image, problem.replacement) if problem.replacement else ()
            yield self.finding(
                file.location(span(use.image.node)),
                problem.message,
                severity=Severity.INFO if target is Target.AUDIT else problem.severity,
                confidence=problem.confidence,
                fix=Fix(problem.title, edits, problem.applicability, problem.notes) if edits else None,
                cause=use.image.text,
            )

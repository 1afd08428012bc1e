"""A digest pins an image, and may name that of one architecture.

## What it finds

`@sha256:…` in the images of containers, Helm values and kustomizations.

## Why it stops arm64

A tag of a multi-arch image names an index; each machine takes its own image from it. A digest may name that index, or the image of one
architecture in it: then an arm64 node pulls the amd64 image, and the container ends with `exec format error`. The digest alone does not tell.

## What to do

Check with `--online`, or pin the digest of the index (`docker buildx imagetools inspect NAME:TAG` prints it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.classify import Kind
from armready.file import File
from armready.finding import Finding, Severity
from armready.image_rules import digest_pin
from armready.kubernetes.images import image_uses
from armready.kubernetes.verdicts import reference
from armready.parsers.yaml import span
from armready.rule import Example, FileRule

from ._shared import SCHEDULING

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: {}\n"
_DIGEST = "sha256:" + "0" * 64


class ManifestDigestPinned(FileRule):
    """KUB113."""

    code = "KUB113"
    name = "manifest-digest-pinned"
    summary = "A digest pins an image, and may name that of one architecture"
    severity = Severity.INFO
    kinds = SCHEDULING | {Kind.KUSTOMIZATION}
    needles = (b"sha256:",)
    examples = (
        Example("digest", path="pod.yaml", bad=_POD.format(f"«registry.example.com/app:1@{_DIGEST}»"), severity=Severity.INFO),
        Example("tag", path="pod.yaml", good=_POD.format("registry.example.com/app:1") + "# sha256: none\n"),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        """How many."""
        count = f"{len(findings)} images are" if len(findings) != 1 else "1 image is"
        return f"{cls.code}: {count} pinned by digest and may be of one architecture; --online tells."

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        for use in file.parse(image_uses):
            problem = digest_pin(reference(use.image.text, file.settings), file.settings)
            if problem is not None:
                yield self.finding(
                    file.location(span(use.image.node)), problem.message, severity=problem.severity, confidence=problem.confidence
                )

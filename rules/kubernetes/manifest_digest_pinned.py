"""A digest pins an image, and may name that of one architecture.

## What it finds

`@sha256:…` in the images of containers, Helm values and kustomizations.

## Why it stops arm64

A tag of a multi-arch image names an index; each machine takes its own image from it. A digest may name that index, or the image
of one architecture in it: then an arm64 node pulls the amd64 image, and the container ends with `exec format error`. The digest
alone does not tell.

## What to do

Check with `--online`, or pin the digest of the index (`docker buildx imagetools inspect NAME:TAG` prints it).

## Fix safety

Only where a registry was asked: the digest of the index that the tag stands for. Safe when amd64 gets the very image of today's digest
from it; unsafe when the tag has moved on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Fix
from armready.core.rule import Example, FileRule
from armready.knowledge.image_verdicts import digest_pin
from armready.kubernetes.images import image_uses
from armready.kubernetes.pod_images import reference
from armready.kubernetes.reporting import SCHEDULING, rename
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: {}\n"
_DIGEST = "sha256:" + "0" * 64
_AMD64, _ARM64, _INDEX = (f"sha256:{digit * 64}" for digit in "123")
_FACTS = json.dumps(
    {
        "version": 1,
        "images": [
            {
                "reference": f"registry.example.com/app{name}",
                "digest": digest,
                "media_type": "",
                "index": len(platforms) > 1,
                "platforms": [{"platform": f"linux/{arch}", "digest": each} for arch, each in platforms.items()],
                "as_of": "2026-11-24",
            }
            for name, digest, platforms in (
                (f"@{_AMD64}", _AMD64, {"amd64": _AMD64}),
                (":1", _INDEX, {"amd64": _AMD64, "arm64": _ARM64}),
                (f"@{_INDEX}", _INDEX, {"amd64": _AMD64, "arm64": _ARM64}),
            )
        ],
    }
)


class ManifestDigestPinned(FileRule):
    code = "KUB113"
    name = "manifest-digest-pinned"
    summary = "A digest pins an image, and may name that of one architecture"
    severity = Severity.INFO
    kinds = SCHEDULING | {Kind.KUSTOMIZATION}
    needles = (b"sha256:",)
    examples = (
        Example("digest", path="pod.yaml", bad=_POD.format(f"«registry.example.com/app:1@{_DIGEST}»"), severity=Severity.INFO),
        Example(
            "the registry says that it is the image for amd64",
            path="pod.yaml",
            bad=_POD.format(f"«registry.example.com/app:1@{_AMD64}»"),
            fixed=_POD.format(f"registry.example.com/app:1@{_INDEX}"),
            files={"facts.json": _FACTS},
            settings={"facts": ["facts.json"]},
            severity=Severity.ERROR,
        ),
        Example(
            "the registry says that it is an index",
            path="pod.yaml",
            good=_POD.format(f"registry.example.com/app:1@{_INDEX}"),
            files={"facts.json": _FACTS},
            settings={"facts": ["facts.json"]},
            breaks=("facts", ""),
        ),
        Example(
            "tag",
            path="pod.yaml",
            good=_POD.format("registry.example.com/app:1") + "# sha256: none\n",
            breaks=("app:1", "app@sha256:0000000000000000000000000000000000000000000000000000000000000000"),
        ),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        """How many."""
        count = f"{len(findings)} images are" if len(findings) != 1 else "1 image is"
        return f"{count} pinned by digest and may be of one architecture: --online tells."

    def check(self, file: File) -> Iterator[Finding]:
        for use in file.parse(image_uses):
            problem = digest_pin(reference(use.image.text, file.settings), file.settings)
            if problem is None:
                continue
            edits = rename(file, use.image, problem.replacement) if problem.replacement else ()
            yield self.finding(
                file.location(span(use.image.node)),
                problem.message,
                severity=problem.severity,
                confidence=problem.confidence,
                fix=Fix(problem.title, edits, problem.applicability, problem.notes) if edits else None,
            )

"""The architectures of some images are not known offline.

## What it finds

One line for each Dockerfile with images that neither the configuration nor the embedded facts know. Of low
confidence: shown with `--pedantic`.

## Why it stops arm64

It may not: nothing is known. An image without arm64 among them would stop the build or put amd64 files into it.

## What to do

Run armready with `--online`, or name the images of your own registry with their platforms under `images` in the
configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.wording import unjudged
from armready.dockerfiles.images import reference_of, relevant_uses
from armready.knowledge.image_verdicts import unknown


class ImageUnknown(FileRule):
    code = "DF116"
    name = "image-unknown"
    summary = "The image's architectures are not known offline"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"from",)
    examples = (
        Example(
            "two images of one's own",
            path="Dockerfile",
            bad="FROM «registry.example.com/base:1»\nCOPY --from=registry.example.com/tools:2 /x /x\n",
        ),
        Example("known", path="Dockerfile", good="FROM debian:12\n", breaks=("debian:12", "registry.example.com/base:1")),
        Example(
            "named in the configuration",
            path="Dockerfile",
            good="FROM registry.example.com/base:1\n",
            settings={"images": {"registry.example.com/*": ["amd64", "arm64"]}},
            breaks=("images", ""),
        ),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        return unjudged(len(findings), "Dockerfile")

    def check(self, file: File) -> Iterator[Finding]:
        uses = [use for use in relevant_uses(file) if unknown(reference_of(file, use), file.settings)]
        if not uses:
            return
        names = list(dict.fromkeys(use.text for use in uses))
        shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
        message = f"The architectures of {shown} are not known offline."
        yield self.finding(file.location(uses[0].span), message, confidence=Confidence.LOW)

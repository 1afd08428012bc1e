"""The architectures of some images of a Compose file are not known offline.

## What it finds

One line for each Compose file with services whose image neither the configuration nor the embedded facts know. Images that the file itself
builds are left out. Of low confidence: counted in one line, and shown with `--pedantic`.

## Why it stops arm64

It may not: nothing is known. A service whose image has no arm64 does not start on an arm64 machine.

## What to do

Run armready with `--online`, or name the images of your own registry with their platforms under `images` in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.builds.compose import service_images
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.reference import Reference
from armready.core.rule import Example, FileRule
from armready.core.wording import unjudged
from armready.knowledge.image_verdicts import unknown
from armready.languages.yaml.nodes import span


class ComposeImageUnknown(FileRule):
    code = "CI121"
    name = "compose-image-unknown"
    summary = "The architectures of an image that Compose runs are not known offline"
    severity = Severity.INFO
    kinds = frozenset({Kind.COMPOSE})
    needles = (b"image",)
    examples = (
        Example(
            "an image of one's own",
            path="compose.yaml",
            bad="services:\n  app:\n    image: «registry.example.com/app:1»\n  jobs:\n    image: registry.example.com/jobs:1\n",
            severity=Severity.INFO,
        ),
        Example(
            "known",
            path="compose.yaml",
            good="services:\n  db:\n    image: mysql:8.0\n",
            breaks=("mysql:8.0", "registry.example.com/app:1"),
        ),
        Example(
            "built here",
            path="compose.yaml",
            good="services:\n  app:\n    build: .\n    image: registry.example.com/app:1\n",
            breaks=("    build: .\n", ""),
        ),
        Example(
            "named in the configuration",
            path="compose.yaml",
            good="services:\n  app:\n    image: registry.example.com/app:1\n",
            settings={"images": {"registry.example.com/*": ["amd64", "arm64"]}},
            breaks=("images", ""),
        ),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        """How many files name such images."""
        return unjudged(len(findings), "Compose file")

    def check(self, file: File) -> Iterator[Finding]:
        settings = file.settings
        images = [each for each in file.parse(service_images) if unknown(Reference.parse(each.text, settings.mirrors), settings)]
        if not images:
            return
        names = list(dict.fromkeys(each.text for each in images))
        shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
        yield self.finding(
            file.location(span(images[0].node)), f"The architectures of {shown} are not known offline.", confidence=Confidence.LOW
        )

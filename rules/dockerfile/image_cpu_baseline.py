"""An arm64 image needs a newer processor than the oldest arm64 machines have.

## What it finds

Images of which the facts say that their arm64 variant was compiled for more than ARMv8.0, such as `mongo` from 5.0
on.

## Why it stops arm64

On Graviton1, Cortex-A72 (Raspberry Pi 4) and the like the program ends with `illegal instruction`. On Graviton2 and
newer, Ampere, Axion, Cobalt and Apple silicon it runs.

## What to do

Make sure that the nodes have the processor the message names, or stay with an older version.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.dockerfiles.images import findings
from armready.knowledge.image_verdicts import cpu_needs
from armready.knowledge.images import cpu_baseline_needles


class ImageCpuBaseline(FileRule):
    code = "DF115"
    name = "image-cpu-baseline"
    summary = "The image needs a newer arm64 processor than the oldest ones"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = cpu_baseline_needles()
    examples = (
        Example("new server", path="Dockerfile", bad="FROM «mongo:6»\n", severity=Severity.INFO),
        Example("no such need", path="Dockerfile", good="FROM redis:7\nCOPY mongo.conf /etc/\n", breaks=("redis", "mongo")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        return findings(self, file, cpu_needs)

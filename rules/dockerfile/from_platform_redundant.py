"""A stage asks for the platform that it would get anyway.

## What it finds

`FROM --platform=$TARGETPLATFORM`, also `${TARGETPLATFORM}` and with a default. BuildKit's own check
`RedundantTargetPlatform` and hadolint's DL3065 say the same, and `# check=skip=RedundantTargetPlatform` silences this
rule too.

## Why it stops arm64

It does not under BuildKit, where it is the default. On builders that leave the variable empty the build fails, or
takes the default.

## What to do

Remove the flag.

## Fix safety

Safe: it is what BuildKit does without it. Unsafe where the flag has a default, which other builders may use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import without_flag
from armready.languages.dockerfile.expansion import uses
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import AMD64, ARM64

_SKIPPED = re.compile(r"(?i)skip=(?:[\w,]*,)?(?:all|RedundantTargetPlatform)\b")


class FromPlatformRedundant(FileRule):
    code = "DF103"
    name = "from-platform-redundant"
    summary = "The stage asks for the platform that it would get anyway"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"targetplatform",)
    examples = (
        Example(
            "target platform",
            path="Dockerfile",
            bad="FROM «--platform=$TARGETPLATFORM» debian:12\nFROM «--platform=${TARGETPLATFORM}» debian:12\n",
            fixed="FROM debian:12\nFROM debian:12\n",
        ),
        Example(
            "with a default",
            path="Dockerfile",
            bad="FROM «--platform=${TARGETPLATFORM:-linux/amd64}» debian:12\n",
            fixed="FROM debian:12\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "BuildKit's check is switched off",
            path="Dockerfile",
            good="# check=skip=RedundantTargetPlatform\nFROM --platform=$TARGETPLATFORM debian:12\n",
            breaks=("# check=skip=RedundantTargetPlatform\n", ""),
        ),
        Example(
            "for Windows",
            path="Dockerfile",
            good="ARG BASE\nFROM --platform=${TARGETPLATFORM:-windows/amd64} ${BASE}\n",
            breaks=("windows", "linux"),
        ),
        Example(
            "build platform",
            path="Dockerfile",
            good="ARG TARGETPLATFORM\nFROM --platform=$BUILDPLATFORM golang:1.22\n",
            breaks=("$BUILDPLATFORM", "${TARGETPLATFORM}"),
        ),
        Example(
            "a default that replaces it",
            path="Dockerfile",
            good="ARG TARGETPLATFORM=linux/arm64\nFROM --platform=$TARGETPLATFORM debian:12\n",
            breaks=("ARG TARGETPLATFORM=linux/arm64\n", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        if _SKIPPED.search(dockerfile.directives.get("check", "")):
            return
        for stage in dockerfile.stages:
            flag = stage.platform_flag
            used = list(uses(flag.value or "")) if flag is not None else []
            if flag is None or [use.name for use in used] != ["TARGETPLATFORM"] or stage.is_windows:
                continue
            values = [stage.graph.expand_global(flag.value or "", stage.position, each) for each in (AMD64, ARM64)]
            if values != [each.value("TARGETPLATFORM") for each in (AMD64, ARM64)]:
                continue
            fix = Fix("Remove the --platform flag", (without_flag(file, stage),))
            if used[0].defaulted:
                fix = fix.demoted(Applicability.UNSAFE, "Builders that leave TARGETPLATFORM empty use the default.")
            message = "The target platform is the default; builders that leave TARGETPLATFORM empty fail here."
            yield self.finding(file.location(flag.span), message, fix=fix)

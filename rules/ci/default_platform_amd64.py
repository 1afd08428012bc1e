"""DOCKER_DEFAULT_PLATFORM makes every build of a job amd64.

## What it finds

DOCKER_DEFAULT_PLATFORM set to amd64 where images are built and pushed.

## Why it stops arm64

Every build and pull that names no platform takes it, and so does what other people run under this setting: the images
that are pushed have no arm64, even on an arm machine.

## What to do

Name the platforms at the build (`--platform linux/amd64,linux/arm64`) and take the variable away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.events import Build
from armready.builds.file_builds import read_builds
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.multiplatform.reporting import READABLE

_SETTING = re.compile(r"DOCKER_DEFAULT_PLATFORM[\"']?\s*(?::?=|:)\s*[^\s#]{0,200}(?:amd64|x86_64)[^\s#]*")


class DefaultPlatformAmd64(FileRule):
    code = "CI108"
    name = "default-platform-amd64"
    summary = "DOCKER_DEFAULT_PLATFORM makes every build of a job amd64"
    severity = Severity.WARNING
    kinds = READABLE
    needles = (b"docker_default_platform",)
    examples = (
        Example(
            "in a script",
            path="build.sh",
            bad="export «DOCKER_DEFAULT_PLATFORM=linux/amd64»\ndocker build -t example/app:1 .\ndocker push example/app:1\n",
        ),
        Example(
            "nothing is pushed",
            path="test.sh",
            good="export DOCKER_DEFAULT_PLATFORM=linux/amd64\ndocker build -t app .\n",
            breaks=("-t app .", "-t a/app . && docker push a/app"),
        ),
        Example(
            "the build says otherwise",
            path="build.sh",
            good="export DOCKER_DEFAULT_PLATFORM=linux/amd64\ndocker buildx build --platform linux/amd64,linux/arm64 --push -t a/b .\n",
            breaks=("--platform", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        builds = file.parse(read_builds)
        taken: list[Build] = [chain.build for chain in builds.chains if chain.is_pushed and chain.build.default_platform]
        if not any(build.platforms.amd64_only for build in taken):
            return
        match = _SETTING.search(file.text)
        if match is not None:
            yield self.finding(
                file.location(Span(*match.span())),
                "DOCKER_DEFAULT_PLATFORM makes every build without a platform amd64, so what is pushed here has no arm64.",
            )

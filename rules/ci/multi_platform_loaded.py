"""Several platforms are built and loaded into the daemon.

## What it finds

Builds for several platforms with `--load`, `load: true` or an output of the type `docker`.

## Why it stops arm64

The daemon's classic image store holds one platform of a name: the build ends with `docker exporter does not currently
support exporting manifest lists`. It works only where the daemon uses the containerd image store.

## What to do

Push the result, or load the one platform that is tested: a build of `linux/amd64` with `--load`, and another one of all
platforms with `--push`.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.events import Output
from armready.builds.file_builds import read_builds
from armready.builds.needles import build_needles
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.multiplatform.reporting import READABLE


class MultiPlatformLoaded(FileRule):
    code = "CI107"
    name = "multi-platform-loaded"
    summary = "Several platforms are built and loaded into the daemon"
    severity = Severity.WARNING
    kinds = READABLE
    needles = build_needles()
    examples = (
        Example(
            "loaded",
            path="build.sh",
            bad="«docker buildx build --platform linux/amd64,linux/arm64 --load -t example/app:1 .»\n",
        ),
        Example(
            "one platform",
            path="build.sh",
            good="docker buildx build --platform linux/arm64 --load -t example/app:1 .\n",
            breaks=("linux/arm64", "linux/amd64,linux/arm64"),
        ),
        Example(
            "one of two, chosen when it runs",
            path="justfile",
            good="arch := ''\nbuild:\n    docker buildx build . --platform={{ if arch == '' { \"amd64\" } else { arch } }} -t example/app:1 --load\n",
        ),
        Example(
            "its own file",
            path="build.sh",
            good="docker buildx build --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar .\n",
            breaks=("-o", "--load"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for chain in file.parse(read_builds).chains:
            build = chain.build
            loads = build.output is Output.DAEMON or (build.declared is not None and build.declared.loads)
            if build.platforms.several and build.platforms.resolved and loads and not build.job.matrix and not build.pushes:
                yield self.finding(
                    file.location(build.span),
                    "Several platforms cannot be loaded into the Docker daemon: this fails unless it has the containerd image store.",
                )

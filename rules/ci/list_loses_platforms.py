"""podman or buildah builds several platforms and keeps or pushes one.

## What it finds

`podman build` and `buildah build` for several platforms with `-t` and without `--manifest`; `buildah manifest push` without
`--all`.

## Why it stops arm64

With `-t` the tag ends on the platform that was built last. Without `--all` the list is pushed and the images that it names are
not.

## What to do

Build into a list (`--manifest NAME`), remove the list of an earlier run first (`podman manifest rm NAME`), and push it with
`podman manifest push --all NAME docker://NAME`.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.events import Merge
from armready.builds.file_builds import read_builds
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.multiplatform.reporting import READABLE


class ListLosesPlatforms(FileRule):
    code = "CI110"
    name = "list-loses-platforms"
    summary = "podman or buildah builds several platforms and keeps or pushes one"
    severity = Severity.ERROR
    kinds = READABLE
    needles = (b"podman", b"buildah")
    examples = (
        Example(
            "tag for a list",
            path="build.sh",
            bad="«podman build --platform linux/amd64,linux/arm64 -t quay.io/a/b .»\npodman push quay.io/a/b\n",
        ),
        Example("list without its images", path="push.sh", bad="«buildah manifest push app docker://quay.io/a/b»\n"),
        Example(
            "a list",
            path="build.sh",
            good="podman build --platform linux/amd64,linux/arm64 --manifest quay.io/a/b .\npodman manifest push --all quay.io/a/b docker://quay.io/a/b\n",
            breaks=("--manifest", "-t"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        builds = file.parse(read_builds)
        for chain in builds.chains:
            build = chain.build
            if build.tool in ("podman", "buildah") and build.platforms.several and build.tags and not build.manifest:
                message = (
                    f"{build.tool} gives the tag to the platform that it builds last, so the other ones are lost; build with --manifest."
                )
                yield self.finding(file.location(build.span), message)
        for event in builds.of_kind(Merge):
            call = event.invocation
            if call is not None and call.tool == "buildah" and call.verb == "manifest push" and not call.flag("all"):
                yield self.finding(
                    file.location(event.span), "buildah pushes the list without the images that it names unless --all is given."
                )

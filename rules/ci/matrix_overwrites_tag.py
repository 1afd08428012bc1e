"""The jobs of a matrix build one architecture each and push the same tag.

## What it finds

A job whose matrix has a platform or architecture for each run, which pushes one and the same literal tag in all of them,
while nothing in the file joins the images and nothing is pushed by digest.

## Why it stops arm64

Each run overwrites the tag of the one before: the image of whichever architecture was last is all that is left.

## What to do

Push each architecture under a tag of its own or by digest, and join them in a job that needs them: `docker buildx imagetools
create -t TAG TAG-amd64 TAG-arm64`. Or build all platforms in one run.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.architectures import varied
from armready.builds.file_builds import Builds, read_builds
from armready.builds.history import Chain
from armready.builds.needles import build_needles
from armready.builds.variables import expand, has_expansion
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.multiplatform.reporting import READABLE

_WORKFLOW = """
    on: push
    jobs:
      image:
        strategy:
          matrix:
            platform: [linux/amd64, linux/arm64]
        runs-on: ubuntu-latest
        steps:
          - uses: docker/setup-qemu-action@v3
          - uses: docker/setup-buildx-action@v3
          - uses: {build}
            with:
              platforms: ${{{{ matrix.platform }}}}
              push: true
              tags: {tag}
    """


class MatrixOverwritesTag(FileRule):
    code = "CI109"
    name = "matrix-overwrites-tag"
    summary = "The jobs of a matrix build one architecture each and push the same tag"
    severity = Severity.ERROR
    kinds = READABLE
    needles = build_needles()
    examples = (
        Example(
            "one tag", path=".github/workflows/i.yml", bad=_WORKFLOW.format(build="«docker/build-push-action@v6»", tag="example/app:latest")
        ),
        Example(
            "a tag each",
            path=".github/workflows/i.yml",
            good=_WORKFLOW.format(build="docker/build-push-action@v6", tag="example/app:${{ matrix.platform }}"),
            breaks=(":${{ matrix.platform }}", ":latest"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        builds = file.parse(read_builds)
        for chain in builds.chains:
            if _overwrites(builds, chain):
                names = ", ".join(name.shown for name in chain.pushed_names)
                yield self.finding(
                    file.location(chain.build.span),
                    f"Every run of the matrix pushes {names} for another architecture, so only the last one's image is left.",
                )


def _overwrites(builds: Builds, chain: Chain) -> bool:
    build, job = chain.build, chain.build.job
    if not chain.is_pushed or build.by_digest or builds.merges or not varied(job.matrix):
        return False
    given = build.declared.platforms if build.declared is not None else build.invocation.all("platform") if build.invocation else None
    if not given or not any(len(expand(each, job.environment)) > 1 for each in given) or not build.platforms.arm64:
        return False
    names = [name.text for name in chain.pushed_names]
    return bool(names) and all(len(expand(text, job.environment)) == 1 and not has_expansion(text) for text in names)

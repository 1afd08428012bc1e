"""Several platforms are built and the result goes nowhere.

## What it finds

`docker buildx build` for several platforms with neither `--push` nor an output, whose tags a later `docker push` names. A build
for several platforms without any push is a check that the image builds, and is left alone; so is a Make target beside another
one that builds the image for the push.

## Why it stops arm64

The result stays in the build cache. The push that follows finds no image, or sends an old one of a single platform.

## What to do

Let the build push: `--push`, with every tag as a `-t` of it.

## Fix safety

As that of `single-platform-push`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.builds.events import Output
from armready.builds.file_builds import read_builds
from armready.builds.history import Chain
from armready.builds.needles import build_needles
from armready.core.file import File
from armready.core.finding import Finding, Related, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.multiplatform.reporting import READABLE
from armready.multiplatform.rewrite import rewrite_build

# So many of the pushes are shown.
_MOST_PUSHES = 10


class MultiPlatformNotPushed(FileRule):
    code = "CI106"
    name = "multi-platform-not-pushed"
    summary = "Several platforms are built and the result goes nowhere"
    severity = Severity.ERROR
    kinds = READABLE
    needles = build_needles()
    examples = (
        Example(
            "pushed afterwards",
            path="build.sh",
            bad="""
                #!/bin/sh
                docker buildx create --use
                «docker buildx build --platform linux/amd64,linux/arm64 -t example/app:1 .»
                docker push example/app:1
                """,
            fixed="""
                #!/bin/sh
                docker buildx create --use
                docker buildx build --provenance=false --push --platform linux/amd64,linux/arm64 -t example/app:1 .
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a check",
            path="build.sh",
            good="docker buildx build --platform linux/amd64,linux/arm64 -t example/app:1 .\n",
            breaks=("example/app:1 .", "example/app:1 .\ndocker push example/app:1"),
        ),
        Example(
            "a target beside those for one platform",
            path="Makefile",
            good=(
                "image:\n\tdocker build -t ${IMG} .\n\npush:\n\tdocker push ${IMG}\n\n"
                "multi-arch-build:\n\tdocker buildx build --platform linux/amd64,linux/arm64 -t ${IMG} .\n\n"
                "multi-arch-push:\n\tdocker buildx build --push --platform linux/amd64,linux/arm64 -t ${IMG} .\n"
            ),
        ),
        Example(
            "a target for a push of its own",
            path="Makefile",
            bad="image:\n\t«docker buildx build --platform linux/amd64,linux/arm64 -t ${IMG} .»\n\npush: image\n\tdocker push ${IMG}\n",
        ),
        Example(
            "pushes",
            path="build.sh",
            good="docker buildx build --platform linux/amd64,linux/arm64 --push -t example/app:1 .\n",
            breaks=("--push -t example/app:1 .", "-t example/app:1 .\ndocker push example/app:1"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        builds = file.parse(read_builds)
        for chain in builds.chains:
            if _goes_nowhere(chain) and not _of_other_builds(chain, builds.chains):
                yield self.finding(
                    file.location(chain.build.span),
                    "The build makes several platforms and has no output, so the push that follows finds no image of it.",
                    fix=rewrite_build(file, chain).fix,
                    related=[Related(file.location(push.span), "pushed here") for push in chain.pushes[:_MOST_PUSHES]],
                )


def _goes_nowhere(chain: Chain) -> bool:
    build = chain.build
    by_docker = build.tool == "docker" and build.invocation is not None and build.invocation.verb.startswith("buildx")
    return by_docker and build.platforms.several and build.output is Output.DEFAULT and bool(chain.pushes) and not chain.loose


def _of_other_builds(chain: Chain, chains: Sequence[Chain]) -> bool:
    """Whether people can call another target that gives the daemon the image for each of the pushes."""
    if not chain.build.job.recipe:
        return False
    held = [
        other for other in chains if other is not chain and other.build.job is not chain.build.job and not other.build.platforms.several
    ]
    return all(push.job is not chain.build.job and any(push in other.pushes for other in held) for push in chain.pushes)

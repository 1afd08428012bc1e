"""An image is copied by pull, tag and push, which keeps one platform of it.

## What it finds

`docker pull`, `docker tag` and `docker push` of the same image in one job or script: the promotion of a tested image to a
release tag, or a copy between registries. Pulls that name a platform, and files that join the copies again, are left alone.

## Why it stops arm64

The daemon pulls the platform of its own machine, and the push sends that one alone: a multi-platform image loses its arm64
half on the way, silently.

## What to do

Copy the index in the registry: `docker buildx imagetools create -t NEW OLD`, `crane copy`, `skopeo copy --all` or `regctl
image copy`.

## Fix safety

Unsafe: the commands no longer leave the image in the local daemon, and whether the source has several platforms today is
not known from the text.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.file_builds import Builds, read_builds
from armready.builds.history import Promotion
from armready.builds.needles import build_needles
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.multiplatform.promote import copy_in_registry
from armready.multiplatform.reporting import READABLE


class PromotionDropsArm64(FileRule):
    code = "CI105"
    name = "promotion-drops-arm64"
    summary = "An image is copied by pull, tag and push, which keeps one platform of it"
    severity = Severity.WARNING
    kinds = READABLE
    needles = build_needles()
    examples = (
        Example(
            "release tag",
            path=".gitlab-ci.yml",
            bad="""
                release:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - «docker pull "$IMAGE:$CI_COMMIT_SHA"»
                    - docker tag "$IMAGE:$CI_COMMIT_SHA" "$IMAGE:$CI_COMMIT_TAG"
                    - docker push "$IMAGE:$CI_COMMIT_TAG"
                """,
            fixed="""
                release:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - docker buildx imagetools create -t "$IMAGE:$CI_COMMIT_TAG" "$IMAGE:$CI_COMMIT_SHA"
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "the local images are removed",
            path="copy.sh",
            bad="set -e\n\n«docker pull -q a/b:1»\n\ndocker tag a/b:1 c/d:1\n\ndocker push c/d:1\n\ndocker rmi a/b:1 c/d:1\n\necho done\n",
            fixed="set -e\n\ndocker buildx imagetools create -t c/d:1 a/b:1\n\necho done\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a tool that may be podman",
            path="copy.sh",
            bad='D=${D:-docker}\n«"$D" pull a/b:1»\n"$D" tag a/b:1 c/d:1\n"$D" push c/d:1\n',
        ),
        Example(
            "the local image is looked at",
            path="copy.sh",
            bad="«docker pull a/b:1»\ndocker tag a/b:1 c/d:1\ndocker push c/d:1\ndocker inspect c/d:1\n",
        ),
        Example(
            "the first lines of a script",
            path="copy.sh",
            bad="«docker pull a/b:1»\ndocker tag a/b:1 c/d:1\necho ready\ndocker push c/d:1\n",
            fixed="echo ready\ndocker buildx imagetools create -t c/d:1 a/b:1\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "pulled again after a build that pushed all platforms",
            path="copy.sh",
            bad=(
                "docker buildx build --platform linux/amd64,linux/arm64 --push -t a/b:1 .\n"
                "«docker pull a/b:1»\ndocker tag a/b:1 c/d:1\ndocker push c/d:1\n"
            ),
            fixed=(
                "docker buildx build --platform linux/amd64,linux/arm64 --push -t a/b:1 .\ndocker buildx imagetools create -t c/d:1 a/b:1\n"
            ),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "one platform by name",
            path="copy.sh",
            good="docker pull --platform linux/amd64 a/b:1\ndocker tag a/b:1 c/d:1\ndocker push c/d:1\n",
            breaks=(" --platform linux/amd64", ""),
        ),
        Example("pulled as cache", path="build.sh", good="docker pull a/b:1 || true\ndocker build --cache-from a/b:1 -t a/b:test .\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        builds = file.parse(read_builds)
        for promotion in builds.promotions:
            if not _keeps(builds, promotion):
                yield self._finding(file, promotion)

    def _finding(self, file: File, promotion: Promotion) -> Finding:
        source = promotion.pull.name
        name = source.shown if source else "the image"
        related = [Related(file.location(push.span), "pushed here") for push in promotion.pushes]
        return self.finding(
            file.location(promotion.pull.span),
            f"{name} is copied by pull, tag and push, which keeps the runner's platform only: the copy has no arm64.",
            confidence=Confidence.MEDIUM,
            fix=copy_in_registry(file, promotion),
            related=related,
        )


def _keeps(builds: Builds, promotion: Promotion) -> bool:
    """Whether the copy of one platform is meant: it is named, never runs, or is joined with others."""
    call = promotion.pull.invocation
    named = call is not None and call.option("platform") is not None
    return named or promotion.pull.job.disabled or bool(builds.merges) or not promotion.pull.job.host.is_linux

"""A push sends what the local daemon holds.

## What it finds

`docker push` in a CI step, job or script other than the one that builds the image: the image is handed over in the local
daemon, or is built by another file altogether. Images that name their architecture, and files that join several of them, are
left alone.

## Why it stops arm64

The daemon holds one platform of a name. Even where the build makes several, this push sends the runner's alone: the tag has no
arm64.

## What to do

Let the build push (`docker buildx build --push`, with every tag as a `-t` of it), and give more names to what is in the
registry with `docker buildx imagetools create -t NEW OLD`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds import references
from armready.builds.events import Call, Merge, Push
from armready.builds.file_builds import Builds, read_builds
from armready.builds.history import Chain
from armready.builds.model import HostKind
from armready.builds.needles import build_needles
from armready.builds.platforms import names_architecture
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.core.startup import regex
from armready.multiplatform.reporting import READABLE
from armready.multiplatform.rewrite import rewrite_build

_BUILDING = regex(r"(?i)build|image|docker|release|package|container")
_VARIABLE = regex(r"\$\{?(\w+)\}?")


_TWO_STEPS = """
    on: push
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - run: {}
          - run: |
              NAME=ghcr.io/example/app
              docker tag app $NAME:1
              «docker push $NAME:1»
"""


class PushFromDaemon(FileRule):
    code = "CI116"
    name = "push-from-daemon"
    summary = "A push sends what the local daemon holds"
    severity = Severity.WARNING
    kinds = READABLE
    needles = build_needles()
    examples = (
        Example("built elsewhere", path="push.sh", bad='make image\n«docker push "$REGISTRY/app:$TAG"»\n'),
        Example(
            "built for both by another step",
            path=".github/workflows/image.yml",
            bad=_TWO_STEPS.format("docker buildx build --platform linux/amd64,linux/arm64 -t app ."),
        ),
        Example(
            "built for one platform by another step, which CI101 tells",
            path=".github/workflows/image.yml",
            good=_TWO_STEPS.format("docker buildx build --platform linux/amd64 -t app .").replace("«", "").replace("»", ""),
            breaks=("linux/amd64", "linux/amd64,linux/arm64"),
        ),
        Example(
            "built here",
            path="push.sh",
            good="docker build -t example/app:1 .\ndocker push example/app:1\n",
            breaks=("docker build -t example/app:1 .\n", ""),
        ),
        Example(
            "called by a helper",
            path="push.sh",
            bad='./retry.sh 5 vault login\n«./retry.sh 5 docker push "$1"»\n',
            severity=Severity.INFO,
        ),
        Example(
            "a name that something else chose",
            path=".github/workflows/test.yml",
            bad="""
                on: push
                jobs:
                  test:
                    runs-on: ubuntu-latest
                    steps:
                      - run: |
                          eval "$(./build-test-image.sh)"
                          «docker push ${TEST_IMAGE}»
                """,
            severity=Severity.INFO,
        ),
        Example("one of several", path="push.sh", good='docker push "$REGISTRY/app:$TAG-$ARCH"\n', breaks=("-$ARCH", "")),
        Example(
            "joined afterwards",
            path="push.sh",
            good='docker push "$R/app:$A"\ndocker push "$R/app:$B"\ndocker manifest create "$R/app:1" "$R/app:$A" "$R/app:$B"\n',
            breaks=('docker manifest create "$R/app:1" "$R/app:$A" "$R/app:$B"\n', ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        builds = file.parse(read_builds)
        seen: set[tuple[Span, Span]] = set()
        for push in [*_elsewhere(file, builds), *(push for push in builds.free if _counts(builds, push))]:
            place = (push.step.span, push.step.span if push.step.script is not None else push.span)
            if place in seen or push.name is None:
                continue
            seen.add(place)
            yield self.finding(
                file.location(push.span),
                f"The push sends the one platform of {push.name.shown} that the local daemon holds, whatever platforms its build makes.",
                severity=Severity.WARNING if _is_told(builds, push) and _is_named(file, push) else Severity.INFO,
                confidence=Confidence.MEDIUM,
            )


def _is_told(builds: Builds, push: Push) -> bool:
    """Whether CI pushes it, or a script that has it built by what it calls first; a script that only pushes may push anything."""
    if push.job.host.kind is not HostKind.PERSISTENT or builds.pipeline.system not in ("shell", "make"):
        return True
    return any(call.order < push.order and _builds(call) for call in builds.events[push.job].of(Call))


def _builds(call: Call) -> bool:
    return call.runner != "script" or bool(_BUILDING.search(call.target))


def _is_named(file: File, push: Push) -> bool:
    """Whether the file says which image it is: not a lone variable that nothing before it sets."""
    alone = _VARIABLE.fullmatch(push.name.text) if push.name is not None else None
    if alone is None:
        return True
    return bool(
        re.search(rf"(?m)\bfor\s+{alone[1]}\s+in\b|(?:^|[\s;]){alone[1]}\s*[:?+]?=|^[ \t-]*{alone[1]}\s*:", file.text[: push.span.start])
    )


def _elsewhere(file: File, builds: Builds) -> Iterator[Push]:
    """The pushes in another step or job than the build, where the build cannot take them over."""
    for chain in builds.chains:
        if builds.pipeline.shares_images or builds.exempt[chain] or chain.build.job.recipe or chain.build.pushes or not _by_daemon(chain):
            continue
        if not chain.build.platforms.arm64 or rewrite_build(file, chain).fix is not None:
            continue
        yield from (push for push in chain.pushes if push.step.shell != chain.build.step.shell or push.job is not chain.build.job)


def _by_daemon(chain: Chain) -> bool:
    return chain.build.tool in ("docker", "podman") and not chain.build.declared


def _counts(builds: Builds, push: Push) -> bool:
    """Whether a push without a build in its file is one of a whole image."""
    name = push.name
    if name is None or push.declared is not None or push.job.disabled or not push.job.host.is_linux or push.all_platforms or push.every_tag:
        return False
    call = push.invocation
    if call is None or call.tool not in ("docker", "podman") or names_architecture(name.text) or push.job.one_of_several:
        return False
    if any(names_architecture(each) or references.is_test_registry(each) for each in name.spellings):
        return False
    return not any(isinstance(merge, Merge) for merge in builds.merges) and not builds.chains

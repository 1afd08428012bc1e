"""A reusable workflow is called with platforms that leave arm64 out.

## What it finds

In GitHub workflows, jobs that call a reusable workflow and hand it `platforms` (or `platform`, `image-platforms` and the like) with amd64
and without arm64. Calls that say they push nothing, that name an architecture elsewhere, or that a second call completes are left alone.

## Why it stops arm64

The workflow builds what its caller asks for: an image for amd64 alone, which arm64 nodes cannot run.

## What to do

Hand it `linux/amd64,linux/arm64`, and see that the workflow sets up QEMU, or builds on machines of both architectures.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.platforms import Platforms, names_architecture, parse
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.languages.yaml.nodes import Node, get, key_of, pairs, parse_yaml, span, strings, text_of

_PLATFORMS = frozenset({"platform", "platforms"})
_PUSHES = frozenset({"push", "publish"})
_CALL = """\
on: push
jobs:
  image:
    uses: example/shared/.github/workflows/image.yml@v1
    with:
      image: example/app
      {}
"""


class WorkflowCalledForAmd64(FileRule):
    code = "CI124"
    name = "workflow-called-for-amd64"
    summary = "A reusable workflow is called with platforms that leave arm64 out"
    severity = Severity.WARNING
    kinds = frozenset({Kind.GITHUB_WORKFLOW})
    needles = (b"amd64", b"x86_64")
    examples = (
        Example("platforms", path=".github/workflows/a.yml", bad=_CALL.format("platforms: «linux/amd64»"), severity=Severity.WARNING),
        Example("a list as JSON", path=".github/workflows/a.yml", bad=_CALL.format("image-platforms: «'[\"linux/amd64\"]'»")),
        Example(
            "both",
            path=".github/workflows/a.yml",
            good=_CALL.format("platforms: linux/amd64,linux/arm64"),
            breaks=("linux/arm64", "linux/386"),
        ),
        Example(
            "nothing is pushed",
            path=".github/workflows/a.yml",
            good=_CALL.format("platforms: linux/amd64\n      push: false"),
            breaks=("push: false", "push: true"),
        ),
        Example(
            "one of several",
            path=".github/workflows/a.yml",
            good=_CALL.format("platforms: linux/amd64\n      suffix: -amd64"),
            breaks=("suffix: -amd64", "suffix: -main"),
        ),
        Example(
            "a second call for arm64",
            path=".github/workflows/a.yml",
            good=_CALL.format("platforms: linux/amd64")
            + "  other:\n    uses: example/shared/.github/workflows/image.yml@v1\n    with: {platforms: linux/arm64}\n",
            breaks=("linux/arm64", "linux/386"),
        ),
        Example(
            "chosen when it runs",
            path=".github/workflows/a.yml",
            good=_CALL.format("platforms: ${{ inputs.platforms || 'linux/amd64' }}"),
            breaks=("${{ inputs.platforms || 'linux/amd64' }}", "linux/amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        calls = [(text_of(get(job, "uses")), get(job, "with")) for root in file.parse(parse_yaml) for _, job in pairs(get(root, "jobs"))]
        for_arm64 = {uses for uses, given in calls for _, platforms in _platforms(given) if platforms.arm64}
        for uses, given in calls:
            if uses is None or uses in for_arm64 or _is_left_alone(given):
                continue
            for value, platforms in _platforms(given):
                if platforms.amd64_only:
                    message = "The workflow that is called here is told to build without arm64, so arm64 nodes have no image to run."
                    yield self.finding(file.location(span(value)), message, confidence=Confidence.MEDIUM)


def _words(key: Node) -> list[str]:
    """The words of an input's name: `push-image` -> push, image."""
    return (key_of(key) or "").lower().replace("_", "-").split("-")


def _platforms(given: Node | None) -> Iterator[tuple[Node, Platforms]]:
    for key, value in pairs(given):
        if _words(key)[-1] in _PLATFORMS:
            yield value, parse(strings(value), {})


def _is_left_alone(given: Node | None) -> bool:
    """Whether a call pushes nothing, or names its architecture in something else that it hands over."""
    for key, value in pairs(given):
        words, text = _words(key), text_of(value) or ""
        if (text == "false" and not _PUSHES.isdisjoint(words)) or (words[-1] not in _PLATFORMS and names_architecture(text)):
            return True
    return False

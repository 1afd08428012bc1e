"""CI machines: what their labels and images say about architecture and about buildx."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from armready.core.startup import regex
from armready.knowledge.tables import table


class Buildx(StrEnum):
    """The buildx that a job's Docker CLI has.

    `NONE`: there is none. `OLD`: before 0.10, which does not know `--provenance`. `CURRENT`: 0.10 or newer. `UNKNOWN`: nothing tells.
    """

    NONE = "none"
    OLD = "old"
    CURRENT = "current"
    UNKNOWN = "unknown"


# GitLab.com's hosted runners with arm machines; the small one is there for every tier.
GITLAB_ARM = "saas-linux-small-arm64"
GITLAB_AMD64 = "saas-linux-small-amd64"
GITHUB_ARM = "ubuntu-24.04-arm"
GITHUB_AMD64 = "ubuntu-24.04"

_FLOATING = frozenset({"", "latest", "cli", "dind", "git", "rc", "test", "edge", "dind-rootless", "rootless"})
_DOCKER_IMAGE = regex(r"(?:^|/)docker(?::(?P<tag>[^@/]*))?(?:@(?s:.*))?$")
_VERSION = regex(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_ARM_LABEL = regex(r"(?:^|[-_.:/ ])(?:arm64|aarch64|arm|arm64v8|graviton|armv8)(?:$|[-_.:/ 0-9])", re.IGNORECASE)
_AMD64_LABEL = regex(r"(?:^|[-_.:/ ])(?:amd64|x86[-_]?64|x64|intel)(?:$|[-_.:/ ])", re.IGNORECASE)


def docker_image_tag(image: str) -> str | None:
    """The tag of an image that is `docker` or a mirror of it; None for another image."""
    match = _DOCKER_IMAGE.search(image)
    return None if match is None else (match["tag"] or "")


@cache
def _docker_rows() -> tuple[tuple[tuple[int, ...], Buildx], ...]:
    return tuple((tuple(int(part) for part in row["from"].split(".")), Buildx(row["buildx"])) for row in table("docker_cli").rows())


def buildx_of_image(image: str) -> Buildx:
    """The buildx in a job's image, from the version of the official `docker` image that it names."""
    tag = docker_image_tag(image)
    if tag is None:
        return Buildx.UNKNOWN
    if tag in _FLOATING:
        return Buildx.CURRENT
    if tag in ("stable", "stable-dind", "stable-git"):
        return Buildx.NONE
    match = _VERSION.match(tag)
    if match is None:
        return Buildx.UNKNOWN
    major, minor, patch = match.groups()
    if int(major) == 20 and patch is None:
        return Buildx.CURRENT
    version = (int(major), int(minor or 0), int(patch or 0)) if int(major) < 21 else (int(major),)
    found = Buildx.NONE
    for first, buildx in _docker_rows():
        if version >= first:
            found = buildx
    return found


def architecture_of_label(label: str) -> str:
    """`arm64` or `amd64` when a runner's label or tag spells it, else empty."""
    if _ARM_LABEL.search(label):
        return "arm64"
    return "amd64" if _AMD64_LABEL.search(label) else ""


def github_label(label: str) -> tuple[str, str]:
    """The system and architecture of a label of `runs-on`: (`linux`, `amd64`), (`windows`, …), (``, ``) when it is not GitHub's own."""
    lowered = label.strip().lower()
    if re.fullmatch(r"ubuntu-(?:latest|slim|\d\d\.\d\d)(?:-\d+-?cores?)?", lowered):
        return "linux", "amd64"
    if re.fullmatch(r"ubuntu-\d\d\.\d\d-arm(?:64)?|ubuntu-latest-arm(?:64)?", lowered):
        return "linux", "arm64"
    if lowered.startswith(("windows", "win-")):
        return "windows", "amd64"
    if lowered.startswith("macos"):
        return "macos", ""
    return "", architecture_of_label(lowered)

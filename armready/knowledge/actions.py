"""GitHub actions around image builds: what the common ones do, and which versions of the set-up actions go together."""

from __future__ import annotations

import re
from functools import cache

from armready.core.startup import dataclass
from armready.knowledge.tables import table

QEMU = "docker/setup-qemu-action"
BUILDX = "docker/setup-buildx-action"
NEWEST_BUILD_PUSH = 7

# Actions with the inputs of docker/build-push-action. Those whose builders are native need no emulation.
BUILD_PUSH = {
    "docker/build-push-action": False,
    "useblacksmith/build-push-action": False,
    "depot/build-push-action": True,
    "namespacelabs/nscloud-build-push-action": True,
    "warpbuilds/build-push-action": False,
}

# Actions that build one platform and push it by default; the input that names the image, and the one that names platforms if there is one.
PUBLISHERS = {
    "elgohr/publish-docker-github-action": ("name", "platforms"),
    "mr-smithers-excellent/docker-build-push": ("image", "platform"),
    "whoan/docker-build-with-cache-action": ("image_name", ""),
    "int128/kaniko-action": ("tags", ""),
    "aevea/action-kaniko": ("image", ""),
    "opspresso/action-docker": ("image_name", ""),
    "jerray/publish-docker-action": ("repository", ""),
    "macbre/push-to-ghcr": ("image_name", ""),
    "vaultexe/docker-build-push": ("image", ""),
    "jupyterhub/repo2docker-action": ("image_name", ""),
    "azure/acr-build": ("image", ""),
    "kciter/aws-ecr-action": ("repo", ""),
    "cmosg/docker-build-push": ("image", ""),
}


@dataclass(frozen=True, slots=True)
class ActionVersion:
    """One release of an action."""

    action: str
    major: int
    release: str
    commit: str


@cache
def _versions() -> tuple[tuple[ActionVersion, frozenset[int]], ...]:
    return tuple(
        (
            ActionVersion(row["action"], int(row["major"]), row["release"], row["commit"]),
            frozenset(int(each) for each in row["build_push"].split()),
        )
        for row in table("action_versions").rows()
    )


def as_of() -> str:
    """The day of the newest version in the table."""
    return table("action_versions").as_of


def partner(action: str, build_push: int | None) -> ActionVersion:
    """The release of a set-up action that goes with a major version of docker/build-push-action (None: the newest)."""
    wanted = build_push if build_push is not None else NEWEST_BUILD_PUSH
    fitting = [version for version, majors in _versions() if version.action == action and wanted in majors]
    newest = max((version for version, _ in _versions() if version.action == action), key=lambda each: each.major)
    return fitting[0] if fitting else newest


def newest(action: str) -> ActionVersion:
    """The newest release of a set-up action."""
    return partner(action, None)


def major_of(version: str) -> int | None:
    """The major number in `v6`, `v6.1.0`, `6`; None for a branch or a commit."""
    match = re.fullmatch(r"v?(\d{1,3})(?:\.[\w.]+)?", version)
    return int(match[1][:9]) if match else None


def is_commit(version: str) -> bool:
    """Whether the version is a commit."""
    return bool(re.fullmatch(r"[0-9a-f]{40}", version))

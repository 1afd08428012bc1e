"""Keep of the fixes that were written what builds, and take back the rest, file by file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from armready.core.finding import Finding
from armready.verify.images import Image

Changes = Mapping[str, tuple[bytes, bytes]]


def affected(images: Iterable[Image], changed: Iterable[str]) -> list[Image]:
    """The images whose Dockerfile, context or pipeline is among the changed files."""
    paths = tuple(changed)
    return [image for image in images if any(_is_of(path, image) for path in paths)]


def take_back(
    changes: Changes,
    applied: Sequence[Finding],
    images: Sequence[Image],
    why_not: Callable[[Image], str],
    restore: Callable[[Sequence[str]], None],
) -> dict[str, str]:
    """Restore files until each image builds; a file that changed together with another one goes with it.

    An image is built from its Dockerfile and its context, so these are restored first; then the pipeline, which must not
    build for a platform for which the image cannot be built.

    Args:
        changes: path -> (old bytes, new bytes).
        applied: the findings that were mended.
        images: those that the changes affect.
        why_not: builds an image and says why that fails; empty when it does not.
        restore: writes the old bytes of files.

    Returns:
        The files that were restored, with the reasons.
    """
    taken: dict[str, str] = {}
    groups = _together(applied)
    for image in images:
        reason = why_not(image)
        for path in _suspects(image, changes):
            if not reason:
                break
            if path in taken:
                continue
            group = sorted(each for each in groups.get(path, {path}) if each in changes and each not in taken)
            restore(group)
            taken |= dict.fromkeys(group, reason)
            reason = why_not(image)
    return taken


def _suspects(image: Image, changes: Changes) -> list[str]:
    """The changed files of an image, those that are most likely to blame first."""
    own = [path for path in changes if _is_of(path, image)]
    return sorted(own, key=lambda path: (path == image.source, path != image.dockerfile, path))


def _is_of(path: str, image: Image) -> bool:
    below = image.context in (".", "") or path.startswith(f"{image.context}/")
    return path in (image.dockerfile, image.source) or (below and not _is_of_pipeline(path))


def _is_of_pipeline(path: str) -> bool:
    """Whether a file below a context is read by a CI system, not by the build."""
    name = path.rpartition("/")[2]
    return path.startswith((".github/", ".circleci/", ".buildkite/")) or name in (".gitlab-ci.yml", "Jenkinsfile", "azure-pipelines.yml")


def _together(applied: Iterable[Finding]) -> dict[str, set[str]]:
    """The files that one fix changes together, by each of them."""
    groups: dict[str, set[str]] = {}
    for finding in applied:
        paths = {edit.path for edit in finding.fix.edits} if finding.fix else set()
        joined = set(paths).union(*(groups.get(path, set()) for path in paths))
        for path in joined:
            groups[path] = joined
    return groups

"""Paths in the words of a build, relative to the root of the repository."""

from __future__ import annotations

import posixpath
import re

from armready.builds.events import Build
from armready.builds.variables import Environment, expand, has_expansion

ROOTS = (
    "${CI_PROJECT_DIR}/",
    "$CI_PROJECT_DIR/",
    "${GITHUB_WORKSPACE}/",
    "$GITHUB_WORKSPACE/",
    "${{ github.workspace }}/",
    "$(Build.SourcesDirectory)/",
    "$(System.DefaultWorkingDirectory)/",
    "${WORKSPACE}/",
    "$WORKSPACE/",
    "${TRAVIS_BUILD_DIR}/",
    "$TRAVIS_BUILD_DIR/",
    "${CODEBUILD_SRC_DIR}/",
    "$CODEBUILD_SRC_DIR/",
    "${BITBUCKET_CLONE_DIR}/",
    "$BITBUCKET_CLONE_DIR/",
    "${DRONE_WORKSPACE}/",
    "${CI_WORKSPACE}/",
)


def is_root(text: str) -> bool:
    """Whether a text is a variable for the root of the checkout."""
    return f"{text.rstrip('/')}/" in ROOTS


def path_from(folder: str | None, path: str, environment: Environment) -> str | None:
    """Find a path relative to the root, as seen from a working folder; None when it cannot be told."""
    texts = expand(path, environment)
    text = texts[0] if len(texts) == 1 else path
    for root in ROOTS:
        if text.startswith(root):
            text = text[len(root) :].lstrip("/")
            return posixpath.normpath(text) if not has_expansion(text) else None
    if folder is None or has_expansion(text) or text.startswith(("/", "~")):
        return None
    found = posixpath.normpath(posixpath.join(folder, text))
    return None if found.startswith("..") else found


def dockerfile_of(build: Build) -> str | None:
    """The path of the build's Dockerfile relative to the root, None when it cannot be told."""
    folder = build.folder
    if folder is None or build.stdin:
        return None
    declared = build.declared
    context = build.context or "."
    if build.dockerfile and not (declared is not None and declared.in_context):
        return _path(folder, build.dockerfile, build.environment)
    where = _path(folder, context, build.environment)
    if where is None:
        return None
    return _path(where, build.dockerfile or "Dockerfile", build.environment)


def context_of(build: Build) -> str | None:
    """The path of the build's context relative to the root, None when it cannot be told."""
    return None if build.folder is None or build.stdin else _path(build.folder, build.context or ".", build.environment)


def _path(folder: str, text: str, environment: Environment) -> str | None:
    texts = expand(text, environment)
    if len(texts) != 1:
        return None
    path = texts[0]
    for root in ROOTS:
        if f"{path}/".startswith(root):
            path, folder = path[len(root) - 1 :].lstrip("/"), ""
            break
    for prefix in ("dir://", "/workspace/"):
        if path.startswith(prefix):
            path, folder = path.removeprefix(prefix), ""
    if has_expansion(path) or path.startswith(("/", "~")) or "://" in path or re.match(r"[\w.-]+@[\w.-]+:", path):
        return None
    found = posixpath.normpath(posixpath.join(folder, path))
    return None if found.startswith("..") else found

"""Makefile fragments: their recipes run in the folder of the Makefile that includes them, not in their own."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from armready.builds.facts import ImageBuild
from armready.core.project import Project

_ENDINGS = (".mk", ".mak")
_MAKEFILES = ("Makefile", "GNUmakefile", "makefile")


def as_included(project: Project, build: ImageBuild) -> ImageBuild:
    """A build with its paths as make sees them: from the nearest folder, its own or one around it, that holds a Makefile."""
    path = build.location.path
    if not path.endswith(_ENDINGS):
        return build
    own = posixpath.dirname(path)
    folder = next((each for each in _around(own) if any(project.exists(posixpath.join(each, name)) for name in _MAKEFILES)), own)
    if folder == own:
        return build
    inputs = build.inputs
    moved = replace(inputs, dockerfile=_moved(inputs.dockerfile, own, folder), context=_moved(inputs.context, own, folder))
    return replace(build, inputs=moved)


def _around(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]


def _moved(path: str | None, own: str, folder: str) -> str | None:
    if path is None:
        return None
    moved = posixpath.normpath(posixpath.join(folder, posixpath.relpath(path, own)))
    return None if moved.startswith("..") else moved

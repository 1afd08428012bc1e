"""Justfiles: every recipe is a job; the variables of the file are those of all."""

from __future__ import annotations

import posixpath

from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.knowledge.runners import Buildx
from armready.languages.just import parse_justfile

GLOBS = {
    "justfile": ("justfile", ".justfile", "*.just"),
}

_HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="just runs on whatever machine calls it")


def read(file: File) -> Pipeline:
    """The recipes of a justfile."""
    justfile = file.parse(parse_justfile)
    environment = {name: (value.strip("\"'"),) for name, value in justfile.variables.items()}
    folder = posixpath.dirname(file.path)
    return Pipeline(
        "just",
        tuple(
            Job(
                recipe.name,
                recipe.span,
                _HOST,
                (Step(recipe.span, recipe.script, shell=index, folder=folder),),
                environment=environment,
                recipe=True,
            )
            for index, recipe in enumerate(justfile.recipes)
            if recipe.script is not None
        ),
        shares_images=True,
    )

"""Makefiles: every rule with a recipe is a job; the variables of the file are those of all."""

from __future__ import annotations

import posixpath

from armready.file import File
from armready.knowledge.runners import Buildx
from armready.parsers.makefile import Makefile, parse_makefile, recipes
from armready.pipelines.model import Host, HostKind, Job, Pipeline, Step

HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="make runs on whatever machine calls it")


def read(file: File) -> Pipeline:
    """The rules of a Makefile."""
    makefile = file.parse(parse_makefile)
    environment = variables(makefile)
    folder = posixpath.dirname(file.path)
    jobs = []
    for index, rule in enumerate(recipes(makefile)):
        assert rule.recipe is not None
        step = Step(rule.span, rule.recipe, opaque=rule.opaque, shell=index, folder=folder)
        jobs.append(Job(" ".join(rule.targets), rule.span, HOST, (step,), environment=environment, recipe=True))
    return Pipeline("make", tuple(jobs), shares_images=True)


def variables(makefile: Makefile) -> dict[str, tuple[str, ...]]:
    """Every value that the file gives a variable; those that a condition chooses are alternatives, and `+=` adds to what was there."""
    found: dict[str, tuple[str, ...]] = {}
    for variable in makefile.variables:
        if variable.target:
            continue
        if variable.operator == "+=":
            found[variable.name] = tuple(f"{before} {variable.value}".strip() for before in found.get(variable.name, ("",)))
        elif variable.operator != "!=":
            before = found.get(variable.name, ()) if variable.conditional or variable.operator == "?=" else ()
            found[variable.name] = tuple(dict.fromkeys((*before, variable.value)))
    return found

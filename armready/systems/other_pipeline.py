"""YAML of a system that is not known, with commands that build and push images: the commands of one list share a machine."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.core.startup import regex
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import Node, ScalarNode, items, key_of, pairs, parse_yaml, span
from armready.systems.keyed_steps import Budget, Context, script_step

GLOBS = {
    "other-pipeline": (),
}

_HOST = Host(HostKind.UNKNOWN, buildx=Buildx.UNKNOWN, doubt="the system that runs these commands is not known")
_NOT_KNOWN = "the system that runs this file is not known, and so not where emulator and builder belong"
# Keys whose text a shell runs; what stands below others is documentation or data.
_RUNS = regex(r"(?i)(?:^|[_-])(?:cmds?|commands?|scripts?|run|runs|shell|bash|exec)(?:$|[_-])")


def read(file: File) -> Pipeline:
    """A job for each list that holds commands, and for each mapping outside of lists."""
    budget = Budget()
    groups: dict[int, list[Node]] = {}
    owners: dict[int, Node] = {}
    for root in file.parse(parse_yaml):
        for owner, script in _scripts(root, root, runs=False, budget=budget):
            owners[id(owner)] = owner
            groups.setdefault(id(owner), []).append(script)
    jobs = (_job(file, owners[key], scripts) for key, scripts in groups.items())
    return Pipeline("other", tuple(job for job in jobs if job.steps))


def _scripts(node: Node, owner: Node, *, runs: bool, budget: Budget) -> Iterator[tuple[Node, Node]]:
    """The scalars that a shell runs, each with the innermost list around it."""
    if not budget.spend():
        return
    if isinstance(node, ScalarNode):
        if runs:
            yield owner, node
        return
    for key, value in pairs(node):
        yield from _scripts(value, owner, runs=bool(_RUNS.search(key_of(key) or "")), budget=budget)
    for item in items(node):
        yield from _scripts(item, node, runs=runs, budget=budget)


def _job(file: File, owner: Node, scripts: list[Node]) -> Job:
    context = Context({}, posixpath.dirname(file.path) or "", detect_only=_NOT_KNOWN)
    steps: list[Step] = []
    for index, script in enumerate(scripts):
        step = script_step(file, script, None, index, context)
        if step is not None:
            steps.append(step)
    return Job("", span(owner), _HOST, tuple(steps))

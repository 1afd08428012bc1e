"""Taskfiles: every task is a job, every command a step of its own."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, get, pairs, parse_yaml, span, text_of
from armready.systems.keyed_steps import Context, script_step
from armready.systems.yaml_steps import ListEditor, environment_of, place_in

GLOBS = {
    "taskfile": ("taskfile*.yml", "taskfile*.yaml"),
}

_HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="task runs on whatever machine calls it")


def read(file: File) -> Pipeline:
    """The tasks of a Taskfile."""
    jobs = []
    for root in file.parse(parse_yaml):
        for key, task in pairs(get(root, "tasks")):
            folder = text_of(get(task, "dir"))
            own = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), folder or ""))
            environment = environment_of(get(root, "vars"), get(root, "env"), get(task, "vars"), get(task, "env"))
            context = Context(environment, None if folder and "{{" in folder else "" if own == "." else own)
            steps = tuple(_steps(file, task, context))
            if steps:
                needs = tuple(text_of(each) or text_of(get(each, "task")) or "" for each in _listed(get(task, "deps")))
                jobs.append(Job(text_of(key) or "", span(key), _HOST, steps, environment=environment, needs=needs, recipe=True))
    return Pipeline("task", tuple(jobs), shares_images=True)


def _listed(node: Node | None) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else []


def _steps(file: File, task: Node, context: Context) -> Iterator[Step]:
    """The commands of a task: a string, a list, or a mapping with `cmds` or `cmd`."""
    commands = task if not isinstance(task, MappingNode) else get(task, "cmds") or get(task, "cmd")
    if isinstance(commands, ScalarNode):
        step = script_step(file, commands, None, 0, context)
        if step is not None:
            yield step
        return
    for index, each in enumerate(_listed(commands)):
        script = each if isinstance(each, ScalarNode) else get(each, "cmd")
        assert isinstance(commands, SequenceNode)
        step = script_step(file, script, place_in(commands, index), index, context)
        if step is not None:
            yield step


EDITOR = ListEditor

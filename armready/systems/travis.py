"""Travis CI: one shell runs all phases of a job."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    key_of,
    merged_pairs,
    parse_yaml,
    span,
    strings,
    text_of,
)
from armready.systems.keyed_steps import Context, script_step
from armready.systems.yaml_steps import ListEditor, flattened, place_in

GLOBS = {
    "travis": (".travis.yml", ".travis.yaml"),
}
IS_CI = True
SCHEMA = "travis"

_PHASES = (
    "before_install",
    "install",
    "before_script",
    "script",
    "before_cache",
    "after_success",
    "before_deploy",
    "deploy",
    "after_deploy",
    "after_script",
)
_LATE = frozenset({"after_success", "after_failure", "after_deploy", "after_script"})
_WITH_BUILDX = frozenset({"focal", "jammy", "noble"})


def read(file: File) -> Pipeline:
    """The jobs: one for each entry of `jobs.include`, else the file itself."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    entries = get(root, "jobs", "include") or get(root, "matrix", "include")
    nodes = [each for each in entries.value if isinstance(each, MappingNode)] if isinstance(entries, SequenceNode) else []
    if isinstance(root, MappingNode) and not any(get(each, key) is not None for each in nodes for key in _PHASES):
        nodes = nodes or [root]
    machines = {architecture for node in nodes for architecture in _architectures(root, node)}
    several = "there is a job for each architecture" if "arm64" in machines and len(machines) > 1 else ""
    jobs = [_job(file, root, node, several) for node in nodes if isinstance(node, MappingNode)]
    return Pipeline("travis", tuple(jobs))


def _architectures(root: Node | None, node: Node | None) -> list[str]:
    own = strings(get(node, "arch")) or strings(get(root, "arch"))
    return ["arm64" if each.startswith("arm64") else each for each in own] or ["amd64"]


def _job(file: File, root: Node | None, node: MappingNode, several: str) -> Job:
    name = text_of(get(node, "name")) or text_of(get(node, "stage")) or "travis"
    return Job(
        name,
        span(node.value[0][0]),
        _host(root, node),
        tuple(_steps(file, root, node)),
        environment=_environment(get(root, "env")) | (_environment(get(node, "env")) if node is not root else {}),
        one_of_several=several,
    )


def _environment(node: Node | None) -> dict[str, tuple[str, ...]]:
    """Variables of `env`, with all values that its matrix gives them."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in merged_pairs(node):
        name = key_of(key) or ""
        if name in ("global", "jobs", "matrix"):
            found |= _environment(value)
        elif isinstance(value, ScalarNode) and name != "secure":
            found[name] = (value.value,)
    for scalar in [each for each, _, _ in flattened(node)]:
        for name, text in _assignments(scalar.value):
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), text)))
    for entry in node.value if isinstance(node, SequenceNode) else ():
        if isinstance(entry, MappingNode):
            for name, values in _environment(entry).items():
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), *values)))
    return found


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    for word in words:
        name, equals, value = word.partition("=")
        if equals and re.fullmatch(r"[A-Za-z_]\w*", name):
            yield name, value


def _steps(file: File, root: Node | None, node: MappingNode) -> Iterator[Step]:
    for phase in _PHASES:
        own = get(node, phase)
        value = own if own is not None else get(root, phase)
        if phase == "deploy":
            yield from _deployments(file, value)
            continue
        for scalar, sequence, index in flattened(value):
            place = place_in(sequence, index)
            step = script_step(file, scalar, place, 0, Context({}), phase)
            if step is not None:
                yield Step(step.span, step.script, name=phase, place=place, late=phase in _LATE)


def _deployments(file: File, node: Node | None) -> Iterator[Step]:
    entries = node.value if isinstance(node, SequenceNode) else [node]
    for number, entry in enumerate(entries):
        if text_of(get(entry, "provider")) != "script":
            continue
        context = Context({}, condition=f"deploy {number}")
        for scalar, _, _ in flattened(get(entry, "script")):
            step = script_step(file, scalar, None, number + 1, context, "deploy")
            if step is not None:
                yield step


def _host(root: Node | None, node: MappingNode) -> Host:
    def values(key: str) -> tuple[str, ...]:
        return strings(get(node, key)) or strings(get(root, key))

    systems: tuple[str, ...] = values("os")
    if systems and all(each == "windows" for each in systems):
        return Host(HostKind.WINDOWS, "amd64")
    if systems and all(each in ("osx", "macos") for each in systems):
        return Host(HostKind.MACOS)
    found = set(_architectures(root, node))
    architecture = found.pop() if len(found) == 1 else ""
    dist = next(iter(values("dist")), "")
    doubt = "builds on Travis take credits and stop after 10 minutes of silence"
    if dist in _WITH_BUILDX:
        return Host(HostKind.TRAVIS, architecture, buildx=Buildx.CURRENT, doubt=doubt)
    doubt = f"the machine of dist {dist or '(default)'} may have an engine without buildx: dist: jammy has one"
    return Host(HostKind.TRAVIS, architecture, buildx=Buildx.UNKNOWN, doubt=doubt)


EDITOR = ListEditor

"""AWS CodeBuild: a buildspec is one job, whose commands share a shell from version 0.2 on."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.architectures import varied
from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import MappingNode, Node, find, get, parse_yaml, span, text_of
from armready.systems.keyed_steps import Context, script_step
from armready.systems.yaml_steps import ListEditor, environment_of, flattened, mapping_texts, place_in

GLOBS = {
    "codebuild": ("buildspec*.yml", "buildspec*.yaml", "*buildspec.yml", "*buildspec.yaml"),
}
IS_CI = True

_PHASES = ("install", "pre_build", "build", "post_build")
_DOUBT = "the project, not this file, decides on privileged mode and on the machine"


def read(file: File) -> Pipeline:
    """The phases of a buildspec as one job."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    if not isinstance(root, MappingNode) or not root.value:
        return Pipeline("codebuild", ())
    shared = text_of(get(root, "version")) not in ("0.1",)
    machines = _machines(root)
    matrix = _matrix(root)
    axis = varied(matrix)
    several = (
        "its batch builds on machines of several architectures"
        if len(machines) > 1
        else f"its batch has several architectures ({axis})"
        if axis
        else ""
    )
    kind = HostKind.CODEBUILD_ARM if machines == {"arm64"} else HostKind.CODEBUILD
    architecture = machines.copy().pop() if len(machines) == 1 else ""
    job = Job(
        "build",
        span(root.value[0][0]),
        Host(kind, architecture, buildx=Buildx.UNKNOWN, doubt=_DOUBT),
        tuple(_steps(file, root, shared)),
        environment=environment_of(get(root, "env", "variables")) | matrix,
        one_of_several=several,
        matrix=matrix,
    )
    return Pipeline("codebuild", (job,))


def _steps(file: File, root: Node, shared: bool) -> Iterator[Step]:
    shell = 0
    for phase in _PHASES:
        for key in ("commands", "finally"):
            for scalar, sequence, index in flattened(get(root, "phases", phase, key)):
                shell += 0 if shared else 1
                place = place_in(sequence, index)
                step = script_step(file, scalar, place, shell, Context({}), phase)
                if step is not None:
                    yield step


def _machines(root: Node) -> set[str]:
    """The architectures of the machines that a batch names."""
    types = [*find(root, "batch", "*", "*", "env", "type"), *find(root, "batch", "build-matrix", "static", "env", "type")]
    types.extend(each for node in find(root, "batch", "build-matrix", "dynamic", "env", "type") for each in getattr(node, "value", ()))
    names = [text for each in types if (text := text_of(each))]
    return {"arm64" if name.startswith("ARM") else "amd64" for name in names if not name.startswith("WINDOWS")}


def _matrix(root: Node) -> dict[str, tuple[str, ...]]:
    """Variables with all values that the builds of a batch give them."""
    found: dict[str, tuple[str, ...]] = {}
    for node in find(root, "batch", "*", "*", "env", "variables"):
        for name, value in mapping_texts(node).items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), value)))
    for node in find(root, "batch", "build-matrix", "dynamic", "env", "variables"):
        for key, values in getattr(node, "value", ()):
            found[key.value] = tuple(text for each in getattr(values, "value", ()) if (text := text_of(each)))
    return found


EDITOR = ListEditor

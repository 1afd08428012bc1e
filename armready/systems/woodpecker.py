"""Woodpecker: steps are containers; the plugins that build images take their platforms in `settings`."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.architectures import varied
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.knowledge.runners import Buildx, architecture_of_label, buildx_of_image, docker_image_tag
from armready.languages.yaml.nodes import MappingNode, Node, SequenceNode, get, key_of, merged_pairs, parse_yaml, span, strings, text_of
from armready.systems.image_plugins import PluginEditor, plugin
from armready.systems.keyed_steps import Context, declared_step, script_step
from armready.systems.yaml_steps import flattened, mapping_texts, named_environment, place_in

GLOBS = {
    "woodpecker": (".woodpecker.yml", ".woodpecker.yaml", "*.woodpecker/**.yml", "*.woodpecker/**.yaml"),
}
IS_CI = True
SCHEMA = "woodpecker-ci"


def read(file: File) -> Pipeline:
    """A workflow, one job."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    steps = _steps_of(root)
    if not isinstance(root, MappingNode) or not steps:
        return Pipeline("woodpecker", ())
    matrix = _matrix(get(root, "matrix"))
    axis = varied(matrix)
    job = Job(
        "workflow",
        span(root.value[0][0]),
        _host(file, root, steps),
        tuple(_steps(file, steps)),
        environment={**named_environment(get(root, "environment")), **matrix},
        one_of_several=f"its matrix has several architectures ({axis})" if axis else "",
        needs=strings(get(root, "depends_on")),
        matrix=matrix,
    )
    return Pipeline("woodpecker", (job,))


def _steps_of(root: Node | None) -> list[tuple[str, MappingNode]]:
    for key in ("steps", "pipeline"):
        node = get(root, key)
        if isinstance(node, SequenceNode):
            return [(text_of(get(each, "name")) or "step", each) for each in node.value if isinstance(each, MappingNode)]
        if isinstance(node, MappingNode):
            return [(key_of(name) or "step", each) for name, each in merged_pairs(node) if isinstance(each, MappingNode)]
    return []


def _matrix(node: Node | None) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {key_of(key) or "": strings(value) for key, value in merged_pairs(node) if key_of(key) != "include"}
    include = get(node, "include")
    for entry in include.value if isinstance(include, SequenceNode) else ():
        for name, text in mapping_texts(entry).items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), text)))
    return found


def _host(file: File, root: MappingNode, steps: list[tuple[str, MappingNode]]) -> Host:
    labels = [text_of(get(root, "platform")) or "", *mapping_texts(get(root, "labels")).values()]
    if any("windows" in each for each in labels):
        return Host(HostKind.WINDOWS, "amd64")
    told = next((file.settings.runners[each] for each in labels if each in file.settings.runners), None)
    architecture = told.arch if told else next((found for each in labels if (found := architecture_of_label(each))), "")
    images = [text_of(get(step, "image")) or "" for _, step in steps]
    docker = next((each for each in images if docker_image_tag(each) is not None), "")
    doubt = "the agent of the workflow is not known, and its server must allow the plugin to run privileged"
    return Host(HostKind.PERSISTENT, architecture, buildx=buildx_of_image(docker) if docker else Buildx.UNKNOWN, doubt=doubt)


def _steps(file: File, steps: list[tuple[str, MappingNode]]) -> Iterator[Step]:
    for shell, (name, step) in enumerate(steps):
        when = get(step, "when")
        condition = file.text[span(when).start : span(when).end] if when is not None else ""
        context = Context(named_environment(get(step, "environment")), condition=condition)
        for scalar, sequence, index in flattened(get(step, "commands")):
            place = place_in(sequence, index)
            found = script_step(file, scalar, place, shell, context, name)
            if found is not None:
                yield found
        declared = plugin(file, step, text_of(get(step, "image")) or "", get(step, "settings"))
        if get(step, "commands") is None:
            yield declared_step(declared or Declared(Verb.OTHER, span(step)), None, shell, context, name)


EDITOR = PluginEditor

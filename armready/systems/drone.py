"""Drone: each document is a pipeline; its steps are containers on one machine."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.knowledge.runners import Buildx, architecture_of_label, buildx_of_image, docker_image_tag
from armready.languages.yaml.nodes import MappingNode, Node, SequenceNode, get, key_of, merged_pairs, parse_yaml, span, strings, text_of
from armready.systems.image_plugins import PluginEditor, plugin
from armready.systems.keyed_steps import Context, declared_step, script_step
from armready.systems.yaml_steps import flattened, named_environment, place_in

GLOBS = {
    "drone": (".drone.yml", ".drone.yaml", ".drone/*.y*ml", ".drone-*.yml"),
}
IS_CI = True
SCHEMA = "drone-ci"


def read(file: File) -> Pipeline:
    """The pipelines of a file, one job each."""
    roots = [root for root in file.parse(parse_yaml) if isinstance(root, MappingNode) and _steps_of(root)]
    machines = {_architecture(root) for root in roots}
    several = "there is a pipeline for each architecture" if len(machines) > 1 and "arm64" in machines else ""
    return Pipeline("drone", tuple(_job(file, root, several) for root in roots))


def _steps_of(root: MappingNode) -> list[tuple[str, MappingNode]]:
    """The steps with their names: a list, or the mapping of the old format."""
    steps = get(root, "steps")
    if isinstance(steps, SequenceNode):
        return [(text_of(get(each, "name")) or "step", each) for each in steps.value if isinstance(each, MappingNode)]
    return [(key_of(key) or "step", value) for key, value in merged_pairs(get(root, "pipeline")) if isinstance(value, MappingNode)]


def _architecture(root: Node) -> str:
    given = text_of(get(root, "platform", "arch")) or (text_of(get(root, "platform")) or "").rpartition("/")[2]
    return architecture_of_label(given) or given or "amd64"


def _job(file: File, root: MappingNode, several: str) -> Job:
    return Job(
        text_of(get(root, "name")) or "default",
        span(root.value[0][0]),
        _host(root),
        tuple(_steps(file, root)),
        environment=named_environment(get(root, "environment")),
        one_of_several=several,
        needs=strings(get(root, "depends_on")),
    )


def _host(root: MappingNode) -> Host:
    system = text_of(get(root, "platform", "os")) or (text_of(get(root, "platform")) or "").partition("/")[0]
    if system == "windows":
        return Host(HostKind.WINDOWS, "amd64")
    if system in ("darwin", "macos"):
        return Host(HostKind.MACOS)
    images = [text_of(get(step, "image")) or "" for _, step in _steps_of(root)]
    docker = next((each for each in images if docker_image_tag(each) is not None), "")
    doubt = "the runner of the pipeline is not known, and privileged steps need a trusted repository"
    return Host(HostKind.PERSISTENT, _architecture(root), buildx=buildx_of_image(docker) if docker else Buildx.UNKNOWN, doubt=doubt)


def _steps(file: File, root: MappingNode) -> Iterator[Step]:
    for shell, (name, step) in enumerate(_steps_of(root)):
        condition = file.text[span(when).start : span(when).end] if (when := get(step, "when")) is not None else ""
        context = Context(named_environment(get(step, "environment")), condition=condition)
        for scalar, sequence, index in flattened(get(step, "commands")):
            place = place_in(sequence, index)
            found = script_step(file, scalar, place, shell, context, name)
            if found is not None:
                yield found
        settings = get(step, "settings")
        declared = plugin(file, step, text_of(get(step, "image")) or "", settings if settings is not None else step)
        if get(step, "commands") is None:
            yield declared_step(declared or Declared(Verb.OTHER, span(step)), None, shell, context, name)


class DroneEditor(PluginEditor):
    """Edit the steps of Drone, whose plugins may have their settings beside the image."""

    settings_beside_image = True


EDITOR = DroneEditor

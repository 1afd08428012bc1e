"""Google Cloud Build: steps are containers that share one machine and its Docker daemon; `images:` is pushed at the end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.knowledge.runners import Buildx, docker_image_tag
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    in_flow_style,
    pair_of,
    parse_yaml,
    span,
    text_of,
)
from armready.systems.argument_list import argument, command_line
from armready.systems.keyed_steps import Context, script_step
from armready.systems.yaml_steps import Item, ListEditor, environment_of, named_environment, place_in

GLOBS = {
    "cloudbuild": ("cloudbuild*.yml", "cloudbuild*.yaml", "cloudbuild*.json", "*.cloudbuild.y*ml", "*-cloudbuild.y*ml"),
}
IS_CI = True
SCHEMA = "cloudbuild"

_DOCKER = "gcr.io/cloud-builders/docker"
# Where a file lists what is pushed from the daemon at the end.
_LISTS = (("images",), ("artifacts", "images"))
_SHELLS = frozenset({"bash", "sh", "/bin/bash", "/bin/sh", "ash"})
_DOUBT = "a second platform lengthens the build: see that its timeout is long enough"


def read(file: File) -> Pipeline:
    """The steps of a build as one job."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    steps = get(root, "steps")
    if not isinstance(root, MappingNode) or not isinstance(steps, SequenceNode) or not steps.value:
        return Pipeline("cloudbuild", ())
    environment = environment_of(get(root, "substitutions")) | named_environment(get(root, "options", "env"))
    job = Job(
        "build",
        span(root.value[0][0]),
        Host(HostKind.CLOUDBUILD, "amd64", buildx=Buildx.CURRENT, doubt=_DOUBT),
        (*_steps(file, steps, environment), *_images(root)),
        environment=environment,
    )
    return Pipeline("cloudbuild", (job,), shares_images=True)


def _is_docker(image: str) -> bool:
    return image.partition(":")[0] == _DOCKER or docker_image_tag(image) is not None


def _steps(file: File, steps: SequenceNode, environment: Mapping[str, tuple[str, ...]]) -> Iterator[Step]:
    linear = not any(get(step, "waitFor") is not None for step in steps.value)
    for index, step in enumerate(steps.value):
        name = text_of(get(step, "name")) or ""
        place = place_in(steps, index)
        folder = text_of(get(step, "dir")) or ""
        context = Context(
            named_environment(get(step, "env")),
            folder=None if folder.startswith(("/", "$", "..")) else folder.rstrip("/"),
            detect_only="" if linear else "steps wait for each other by waitFor, so their order is not that of the file",
        )
        use = Declared(Verb.USE, span(step), name, (name,))
        found = _step(file, step, name, place, index, context) or Step(span(step), name=name, shell=index)
        yield replace(found, declared=(use,)) if name and not _is_docker(name) else found


def _step(file: File, step: Node, image: str, place: tuple[int, int] | None, shell: int, context: Context) -> Step | None:
    label = text_of(get(step, "id")) or image
    script = get(step, "script")
    if script is not None:
        return script_step(file, script, place, shell, context, label)
    arguments, entrypoint = get(step, "args"), text_of(get(step, "entrypoint")) or ""
    inner = inline_script(arguments) if entrypoint in _SHELLS else None
    if inner is not None:
        return script_step(file, inner, place, shell, context, label)
    line = command_line(file, arguments, entrypoint or _program(image))
    if line is None:
        return None
    return Step(
        span(arguments) if arguments is not None else span(step),
        line,
        name=label,
        shell=shell,
        environment=context.environment,
        folder=context.folder,
        place=place,
        detect_only=context.detect_only,
    )


def inline_script(arguments: Node | None) -> ScalarNode | None:
    """The script of `[-c, script]`."""
    if not isinstance(arguments, SequenceNode) or len(arguments.value) < 2:
        return None
    for option, script in zip(arguments.value, arguments.value[1:], strict=False):
        text = text_of(option) or ""
        if text.startswith("-") and not text.startswith("--") and text.endswith("c") and isinstance(script, ScalarNode):
            return script
    return None


def _program(image: str) -> str:
    """The program that the image of a step runs."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    if "kaniko-project/executor" in image:
        return "/kaniko/executor"
    return {"gke-deploy": "gke-deploy", "cloud-sdk": "gcloud", "k8s-skaffold": "skaffold", "ko": "ko", "pack": "pack"}.get(
        name, name or "unknown"
    )


def _images(root: MappingNode) -> Iterator[Step]:
    """What is pushed from the daemon when all steps are done."""
    for where in _LISTS:
        images = get(root, *where)
        if not isinstance(images, SequenceNode):
            continue
        for entry in images.value:
            if isinstance(entry, ScalarNode):
                declared = Declared(Verb.PUSH, span(entry), "images", (entry.value,), push_span=span(entry), removable=True)
                yield Step(span(entry), declared=(declared,), name="images", shell=-1)


class CloudBuildEditor(ListEditor):
    """Edit the steps of Cloud Build and the list of what is pushed at the end."""

    def insert_scripts(self, step: Step, lines: tuple[str, ...]) -> list[Edit] | None:
        """Put shell lines before a step as steps of the docker builder."""
        item = self.item(step)
        if item is None or in_flow_style(item.sequence):
            return None
        image = text_of(get(item.node, "name")) or ""
        blocks = []
        for line in lines:
            program, *arguments = shlex.split(line)
            if program != "docker":
                return None
            name = yaml_edit.scalar(image if _is_docker(image) else _DOCKER)
            blocks.append((f"name: {name}", f"args: [{', '.join(argument(each) for each in arguments)}]"))
        return item.insert_items(tuple(blocks), blank=_spaced(item))

    def remove_pushes(self, steps: tuple[Step, ...]) -> list[Edit] | None:
        """Take references out of the lists of images, and a list with its last one."""
        edits: list[Edit] = []
        root = self.file.parse(parse_yaml)[0]
        for where in _LISTS:
            found = self._removed(root, where, {step.span for step in steps})
            if found is None:
                return None
            edits += found
        return edits

    def _removed(self, root: Node, where: tuple[str, ...], pushed: set[Span]) -> list[Edit] | None:
        images = get(root, *where)
        if not isinstance(images, SequenceNode):
            return []
        gone = [index for index, entry in enumerate(images.value) if span(entry) in pushed]
        if not gone:
            return []
        if len(gone) == len(images.value):
            edit = self._whole(root, where)
            return None if edit is None else [edit]
        if in_flow_style(images) and len(gone) > 1:
            kept = [self.file.text[slice(*span(entry))] for index, entry in enumerate(images.value) if index not in gone]
            return [self.file.replace(span(images), f"[{', '.join(kept)}]")]
        found = [yaml_edit.remove_item(self.file, images, index) for index in gone]
        edits = [edit for edit in found if edit is not None]
        return edits if len(edits) == len(found) else None

    def _whole(self, root: Node, where: tuple[str, ...]) -> Edit | None:
        chain: list[tuple[Node, Node]] = []
        node: Node | None = root
        for key in where:
            pair = pair_of(node, key)
            if node is None or pair is None:
                return None
            chain.append((node, pair[0]))
            node = pair[1]
        return yaml_edit.prune(self.file, *chain)


def _spaced(item: Item) -> bool:
    """Whether an empty line stands between the steps."""
    if len(item.sequence.value) < 2:
        return False
    start = item.sequence.value[1].start_mark.index
    line = item.file.text.rfind("\n", 0, start)
    return item.file.text[:line].endswith(("\n", "\r"))


EDITOR = CloudBuildEditor

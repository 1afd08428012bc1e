"""Google Cloud Build: steps are containers that share one machine and its Docker daemon; `images:` is pushed at the end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace

from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import dataclass
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
from armready.systems.yaml_steps import Item, environment_of, named_environment

_DOCKER = "gcr.io/cloud-builders/docker"
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
        (*_steps(file, steps, environment), *_images(file, root)),
        environment=environment,
        node=root,
    )
    return Pipeline("cloudbuild", (job,), shares_images=True)


@dataclass(frozen=True, eq=False)
class _BuilderStep(Item):
    """A step as the place of another one: shell lines become steps of the docker builder."""

    image: str = _DOCKER

    def insert_scripts(self, lines: tuple[str, ...]) -> list[Edit] | None:
        """Edits that put steps with these commands before this one."""
        if in_flow_style(self.sequence):
            return None
        blocks = []
        for line in lines:
            program, *arguments = shlex.split(line)
            if program != "docker":
                return None
            blocks.append((f"name: {yaml_edit.scalar(self.image)}", f"args: [{', '.join(argument(each) for each in arguments)}]"))
        return self.insert_items(tuple(blocks), blank=self._spaced())

    def _spaced(self) -> bool:
        """Whether an empty line stands between the steps."""
        if len(self.sequence.value) < 2:
            return False
        start = self.sequence.value[1].start_mark.index
        line = self.file.text.rfind("\n", 0, start)
        return self.file.text[:line].endswith(("\n", "\r"))


def _steps(file: File, steps: SequenceNode, environment: Mapping[str, tuple[str, ...]]) -> Iterator[Step]:
    linear = not any(get(step, "waitFor") is not None for step in steps.value)
    for index, step in enumerate(steps.value):
        name = text_of(get(step, "name")) or ""
        docker = name.partition(":")[0] == _DOCKER or docker_image_tag(name) is not None
        place = _BuilderStep(file, steps, index, name if docker else _DOCKER)
        folder = text_of(get(step, "dir")) or ""
        context = Context(
            named_environment(get(step, "env")),
            folder=None if folder.startswith(("/", "$", "..")) else folder.rstrip("/"),
            detect_only="" if linear else "steps wait for each other by waitFor, so their order is not that of the file",
        )
        use = Declared(Verb.USE, span(step), name, (name,))
        found = _step(file, step, name, place, index, context) or Step(span(step), name=name, shell=index)
        yield replace(found, declared=(use,)) if name and not docker else found


def _step(file: File, step: Node, image: str, place: _BuilderStep, shell: int, context: Context) -> Step | None:
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


def _images(file: File, root: MappingNode) -> Iterator[Step]:
    """What is pushed from the daemon when all steps are done."""
    for where in (("images",), ("artifacts", "images")):
        images = get(root, *where)
        if not isinstance(images, SequenceNode):
            continue
        remove = _Removal(file, root, images, where).edits
        for entry in images.value:
            if isinstance(entry, ScalarNode):
                declared = Declared(Verb.PUSH, span(entry), "images", (entry.value,), push_span=span(entry), remove=remove)
                yield Step(span(entry), declared=(declared,), name="images", shell=-1)


@dataclass(frozen=True, eq=False)
class _Removal:
    """How references are taken out of a list of images, and the list with the last one."""

    file: File
    root: MappingNode
    images: SequenceNode
    where: tuple[str, ...]

    def edits(self, pushes: tuple[Declared, ...]) -> list[Edit] | None:
        """Edits that take some out; None when that cannot be written."""
        gone = [index for index, entry in enumerate(self.images.value) if any(push.span == span(entry) for push in pushes)]
        if len(gone) == len(self.images.value):
            edit = self._whole()
            return None if edit is None else [edit]
        if in_flow_style(self.images) and len(gone) > 1:
            kept = [self.file.text[slice(*span(entry))] for index, entry in enumerate(self.images.value) if index not in gone]
            return [self.file.replace(span(self.images), f"[{', '.join(kept)}]")]
        found = [yaml_edit.remove_item(self.file, self.images, index) for index in gone]
        edits = [edit for edit in found if edit is not None]
        return edits if len(edits) == len(found) else None

    def _whole(self) -> Edit | None:
        chain: list[tuple[Node, Node]] = []
        node: Node | None = self.root
        for key in self.where:
            pair = pair_of(node, key)
            if node is None or pair is None:
                return None
            chain.append((node, pair[0]))
            node = pair[1]
        return yaml_edit.prune(self.file, *chain)

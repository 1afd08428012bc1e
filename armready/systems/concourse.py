"""Concourse: tasks that build images and the resources that push them."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.knowledge.runners import Buildx, architecture_of_label
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    items,
    key_of,
    merged_pairs,
    pair_of,
    parse_yaml,
    span,
    strings,
    text_of,
)
from armready.systems.argument_list import command_line
from armready.systems.cloudbuild import inline_script
from armready.systems.keyed_steps import Budget, Context, declared_step, script_step
from armready.systems.yaml_steps import environment_of, line_of, mapping_texts

GLOBS = {
    "concourse": (),
}
IS_CI = True

_MAX_DEPTH = 20
_OCI_BUILD = regex(r"(?:^|/)oci-build-task$")
_OLD_BUILDER = regex(r"(?:^|/)(?:builder-task|docker-image-resource)$")
_NESTED = ("do", "aggregate", "in_parallel", "steps", "try", "on_success", "on_failure", "ensure", "on_abort", "on_error")
_QEMU = "the workers need QEMU for arm64: a worker without it fails with an exec format error"


def read(file: File) -> Pipeline:
    """The jobs of a pipeline."""
    root, resources = _root(file), file.parse(_resources)
    return Pipeline("concourse", tuple(_job(file, each, resources) for each in _jobs(root)))


def _jobs(root: Node | None) -> list[MappingNode]:
    return [each for each in items(get(root, "jobs")) if isinstance(each, MappingNode) and each.value]


def _root(file: File) -> Node | None:
    return next(iter(file.parse(parse_yaml)), None)


def _resources(file: File) -> dict[str, Node]:
    return {text_of(get(entry, "name")) or "": entry for entry in items(get(_root(file), "resources"))}


@dataclass(frozen=True, eq=False)
class _Entry:
    """One step of a plan: what it does, its name, its mapping."""

    verb: str
    name: str
    node: MappingNode


def _plan(node: Node | None, budget: Budget, depth: int = 0) -> Iterator[_Entry]:
    """The steps of a plan in order, those in parallels and hooks too."""
    if depth > _MAX_DEPTH or not budget.spend():
        return
    for step in node.value if isinstance(node, SequenceNode) else [node]:
        if not isinstance(step, MappingNode):
            continue
        for key, value in merged_pairs(step):
            verb = key_of(key) or ""
            if verb in ("get", "put", "task") and isinstance(value, ScalarNode):
                yield _Entry(verb, value.value, step)
        for key, value in merged_pairs(step):
            if (key_of(key) or "") in _NESTED:
                yield from _plan(value, budget, depth + 1)


def _job(file: File, node: MappingNode, resources: dict[str, Node]) -> Job:
    entries = list(_plan(get(node, "plan"), Budget()))
    steps: list[Step] = []
    for shell, entry in enumerate(entries):
        steps.extend(_steps(file, entry, entries, resources, shell))
    tags = {each for entry in entries for each in strings(get(entry.node, "tags"))}
    architecture = next((found for tag in tags if (found := architecture_of_label(tag))), "")
    doubt = "the workers are not known"
    return Job(
        text_of(get(node, "name")) or "job",
        _place(node),
        Host(HostKind.UNKNOWN, architecture, buildx=Buildx.UNKNOWN, doubt=doubt),
        tuple(steps),
    )


def _place(job: MappingNode) -> Span:
    name = get(job, "name")
    return span(name if name is not None else job.value[0][0])


def _steps(file: File, entry: _Entry, entries: list[_Entry], resources: dict[str, Node], shell: int) -> Iterator[Step]:
    context = Context(environment_of(get(entry.node, "config", "params"), get(entry.node, "params")))
    if entry.verb == "put":
        declared = _image_put(file, entry, resources)
        if declared is not None:
            yield declared_step(declared, None, shell, context, entry.name)
        return
    if entry.verb != "task":
        return
    if _OCI_BUILD.search(_task_image(entry.node, resources)) or _OLD_BUILDER.search(_task_image(entry.node, resources)):
        yield declared_step(_oci_build(file, entry, entries, resources), None, shell, context, entry.name)
        return
    run = get(entry.node, "config", "run")
    inner = inline_script(get(run, "args"))
    if inner is not None:
        step = script_step(file, inner, None, shell, context, entry.name)
        if step is not None:
            yield step
    elif run is not None:
        line = command_line(file, get(run, "args"), text_of(get(run, "path")) or "unknown")
        if line is not None:
            yield Step(span(run), line, name=entry.name, shell=shell, environment=context.environment)


def _task_image(task: MappingNode, resources: dict[str, Node]) -> str:
    """The repository of the image that a task runs in."""
    config = get(task, "config", "image_resource", "source", "repository")
    if config is not None:
        return (text_of(config) or "").partition(":")[0]
    named = resources.get(text_of(get(task, "image")) or "")
    return (text_of(get(named, "source", "repository")) or "").partition(":")[0]


def _puts(entry: _Entry, entries: list[_Entry], resources: dict[str, Node]) -> list[_Entry]:
    """The steps that push the image that a task writes."""
    later = entries[entries.index(entry) + 1 :]
    found = []
    for each in later:
        image = text_of(get(each.node, "params", "image")) or text_of(get(each.node, "params", "load")) or ""
        kind = text_of(get(resources.get(text_of(get(each.node, "resource")) or each.name), "type"))
        outputs = _outputs(entry.node)
        if each.verb == "put" and kind in ("registry-image", "docker-image") and image.partition("/")[0] in outputs:
            found.append(each)
    return found


def _outputs(task: MappingNode) -> set[str]:
    outputs = get(task, "config", "outputs")
    names = {text_of(get(each, "name")) or "" for each in outputs.value} if isinstance(outputs, SequenceNode) else set()
    mapped = mapping_texts(get(task, "output_mapping"))
    return {mapped.get(name, name) for name in names or {"image"}}


def _reference(entry: _Entry, resources: dict[str, Node]) -> str:
    source = get(resources.get(text_of(get(entry.node, "resource")) or entry.name), "source")
    repository = text_of(get(source, "repository")) or ""
    tag = text_of(get(source, "tag")) or text_of(get(entry.node, "params", "version")) or "latest"
    return f"{repository}:{tag}" if repository else ""


def _oci_build(file: File, entry: _Entry, entries: list[_Entry], resources: dict[str, Node]) -> Declared:
    """A task that builds an image, joined with the steps that push it."""
    puts = _puts(entry, entries, resources)
    params = {**mapping_texts(get(entry.node, "config", "params")), **mapping_texts(get(entry.node, "params"))}
    platform = params.get("IMAGE_PLATFORM")
    context = _in_repository(params.get("CONTEXT", "."))
    dockerfile = _in_repository(params.get("DOCKERFILE", ""))
    unpacks = params.get("UNPACK_ROOTFS", "").lower() in ("true", "1")
    plain = all(text_of(get(each.node, "params", "image")) == "image/image.tar" for each in puts)
    reasons = _QEMU
    if unpacks:
        reasons = "UNPACK_ROOTFS unpacks one platform: drop it where nothing uses the files, set IMAGE_PLATFORM and put image/image"

    builder = get(entry.node, "config", "image_resource", "source", "repository")
    return Declared(
        Verb.BUILD,
        span(builder) if builder is not None else line_of(file, entry.node),
        "oci-build-task",
        tuple(name for each in puts if (name := _reference(each, resources))),
        platforms=None if platform is None else (platform,),
        pushes=bool(puts),
        push_span=line_of(file, puts[0].node) if puts else None,
        dockerfile=dockerfile,
        context=context,
        native=True,
        takes_platforms=bool(puts) and plain and not unpacks,
        reasons=(reasons,),
    )


def _in_repository(path: str) -> str:
    """A path without the name of the input that holds the repository."""
    head, _slash, rest = path.partition("/")
    return (rest or ".") if head not in ("", ".") else path


def _widen(file: File, entry: _Entry, puts: list[_Entry], platforms: tuple[str, ...]) -> list[Edit] | None:
    """The platforms in the task, and its image put as a folder instead of an archive of one platform."""
    own = get(entry.node, "params")
    params = own if own is not None and get(own, "IMAGE_PLATFORM") is not None else get(entry.node, "config", "params") or own
    text = ",".join(platforms)
    pair = pair_of(params, "IMAGE_PLATFORM")
    if params is None:
        config = get(entry.node, "config")
        run = pair_of(config, "run")
        edit = (
            yaml_edit.insert_pair(file, config, "params", {"IMAGE_PLATFORM": text}, before=run[0] if run else None)
            if config is not None
            else None
        )
    elif pair is not None:
        edit = yaml_edit.set_value(file, params, pair[0], text)
    else:
        edit = yaml_edit.insert_pair(file, params, "IMAGE_PLATFORM", text)
    edits = [edit]
    for put in puts:
        image = get(put.node, "params", "image")
        edits.append(yaml_edit.set_scalar(file, image, "image/image") if image is not None else None)
    found = [each for each in edits if each is not None]
    return found if len(found) == len(edits) else None


def _image_put(file: File, entry: _Entry, resources: dict[str, Node]) -> Declared | None:
    """The old docker-image resource, which builds what it pushes."""
    resource = resources.get(text_of(get(entry.node, "resource")) or entry.name)
    build = text_of(get(entry.node, "params", "build"))
    if text_of(get(resource, "type")) != "docker-image" or build is None:
        return None
    name = _reference(entry, resources)
    return Declared(
        Verb.BUILD,
        line_of(file, entry.node),
        "the docker-image resource",
        (name,) if name else (),
        pushes=True,
        push_span=line_of(file, entry.node),
        dockerfile=_in_repository(text_of(get(entry.node, "params", "dockerfile")) or ""),
        context=_in_repository(build),
        reasons=(
            "the docker-image resource builds one platform: build with the oci-build-task and IMAGE_PLATFORM, and put a registry-image",
        ),
    )


class ConcourseEditor(Editor):
    """Edit the tasks that build images."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Set the platforms of a task, and put its image as a folder."""
        node = next((job for job in _jobs(_root(self.file)) if _place(job) == build.job.span), None)
        entries = list(_plan(get(node, "plan"), Budget()))
        entry = entries[build.step.shell]
        return _widen(self.file, entry, _puts(entry, entries, self.file.parse(_resources)), platforms)


EDITOR = ConcourseEditor

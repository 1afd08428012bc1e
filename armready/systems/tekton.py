"""Tekton: tasks are pods whose steps are containers; the builders of the catalog are known by name."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.core.startup import regex
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import MappingNode, Node, SequenceNode, get, key_of, merged_pairs, parse_yaml, span, text_of
from armready.systems.containers import container_step
from armready.systems.keyed_steps import Context, declared_step
from armready.systems.yaml_steps import line_of, named_environment

GLOBS = {
    "tekton": (),
}
IS_CI = True

# Tasks of the catalog that build images; some stand there in several variants, `s2i-java`.
CATALOG = ("kaniko", "buildah", "docker-build", "buildkit", "buildkit-daemonless", "buildpacks", "jib-maven", "jib-gradle", "s2i", "img")
# A task whose name goes on with `manifest` joins or pushes what others built.
_TASK = regex(rf"(?:{'|'.join(CATALOG)})(?!-manifest)(?:-\w+)*")
_HOST = Host(HostKind.UNKNOWN, "", buildx=Buildx.UNKNOWN, doubt="the node that runs the pod is not known, and it needs QEMU for arm64")


def read(file: File) -> Pipeline:
    """Tasks, and the tasks that pipelines define or take from the catalog."""
    jobs: list[Job] = []
    for root in file.parse(parse_yaml):
        if isinstance(root, MappingNode) and (text_of(get(root, "apiVersion")) or "").startswith(("tekton.dev/", "triggers.tekton.dev/")):
            jobs.extend(_jobs(file, root))
    return Pipeline("tekton", tuple(jobs))


def _jobs(file: File, root: MappingNode) -> Iterator[Job]:
    kind, spec, name = text_of(get(root, "kind")) or "", get(root, "spec"), text_of(get(root, "metadata", "name")) or "task"
    if kind in ("Task", "ClusterTask"):
        yield from _task(file, name, spec)
    elif kind == "TaskRun":
        yield from _task(file, name, get(spec, "taskSpec"))
        if spec is not None:
            yield from _reference(file, name, spec, {})
    elif kind in ("Pipeline", "PipelineRun"):
        inner = get(spec, "pipelineSpec") if kind == "PipelineRun" and get(spec, "pipelineSpec") is not None else spec
        given = _parameters(get(inner, "params")) | _parameters(get(spec, "params"))
        for key in ("tasks", "finally"):
            tasks = get(inner, key)
            for task in tasks.value if isinstance(tasks, SequenceNode) else ():
                label = text_of(get(task, "name")) or name
                yield from _task(file, label, get(task, "taskSpec"))
                yield from _reference(file, label, task, given)


def _parameters(node: Node | None) -> dict[str, tuple[str, ...]]:
    """`params.x` -> the value or default that a file gives it."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in node.value if isinstance(node, SequenceNode) else ():
        name = text_of(get(entry, "name"))
        value = text_of(get(entry, "value"))
        value = text_of(get(entry, "default")) if value is None else value
        if name and value is not None:
            found[f"params.{name}"] = (value,)
    return found


def _task(file: File, name: str, spec: Node | None) -> Iterator[Job]:
    steps = get(spec, "steps")
    if not isinstance(steps, SequenceNode) or not isinstance(spec, MappingNode):
        return
    found: list[Step] = []
    parameters = _parameters(get(spec, "params"))
    for shell, step in enumerate(steps.value):
        label = text_of(get(step, "name")) or "step"
        one = container_step(file, step, shell, "the steps of a Task are shared by all that refer to it", label, parameters)
        if one is not None:
            found.append(one)
    environment = parameters | named_environment(get(spec, "stepTemplate", "env"))
    yield Job(name, span(spec.value[0][0]), _HOST, tuple(found), environment=environment)


def _reference(file: File, name: str, task: Node, given: dict[str, tuple[str, ...]]) -> Iterator[Job]:
    """A builder of the catalog."""
    reference = text_of(get(task, "taskRef", "name")) or ""
    if not reference:
        params = get(task, "taskRef", "params")
        reference = next(
            (text_of(get(each, "value")) or "" for each in getattr(params, "value", ()) if text_of(get(each, "name")) == "name"), ""
        )
    if not _TASK.fullmatch(reference) or get(task, "matrix") is not None:
        return
    own = {key.removeprefix("params.").lower(): values[0] for key, values in _parameters(get(task, "params")).items()}
    image = own.get("image") or own.get("app_image") or own.get("output-image") or ""
    platform = own.get("platform") or own.get("platforms")
    where = get(task, "taskRef")
    assert where is not None
    declared = Declared(
        Verb.BUILD,
        line_of(file, where),
        f"the task {reference}",
        (image,) if image else (),
        platforms=None if platform is None else (platform,),
        pushes=True,
        push_span=line_of(file, where),
        dockerfile=own.get("dockerfile", "").removeprefix("./"),
        context=own.get("context", "").removeprefix("./"),
        reasons=(f"the task {reference} builds on one node: run it on a node of each architecture, by a matrix, and join the images",),
    )
    keys = [key for key, _ in merged_pairs(task)]
    step = declared_step(declared, None, 0, Context({}), key_of(keys[0]) or "")
    yield Job(name, span(keys[0]), _HOST, (step,), environment=given)

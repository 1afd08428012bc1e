"""Argo Workflows: each template is a pod."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.knowledge.runners import Buildx, architecture_of_label
from armready.languages.yaml.nodes import MappingNode, Node, SequenceNode, get, key_of, merged_pairs, parse_yaml, span, text_of
from armready.systems.containers import container_step
from armready.systems.yaml_steps import mapping_texts

GLOBS = {
    "argo": (),
}
IS_CI = True


def read(file: File) -> Pipeline:
    """The templates of all workflows, one job each."""
    jobs: list[Job] = []
    for root in file.parse(parse_yaml):
        spec = get(root, "spec")
        workflow = get(spec, "workflowSpec") or get(spec, "workflowMetadata", "spec") or spec
        if not (text_of(get(root, "apiVersion")) or "").startswith("argoproj.io/"):
            continue
        templates = get(workflow, "templates")
        shared = _parameters(get(workflow, "arguments", "parameters"), "workflow.parameters")
        nodes = templates.value if isinstance(templates, SequenceNode) else ()
        jobs.extend(_job(file, each, workflow, shared) for each in nodes if isinstance(each, MappingNode) and each.value)
    return Pipeline("argo", tuple(jobs))


def _parameters(node: Node | None, prefix: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in node.value if isinstance(node, SequenceNode) else ():
        name, value = text_of(get(entry, "name")), text_of(get(entry, "value"))
        value = text_of(get(entry, "default")) if value is None else value
        if name and value is not None:
            found[f"{prefix}.{name}"] = (value,)
    return found


def _job(file: File, template: MappingNode, workflow: Node | None, shared: dict[str, tuple[str, ...]]) -> Job:
    selector = mapping_texts(get(template, "nodeSelector")) or mapping_texts(get(workflow, "nodeSelector"))
    architecture = next((found for value in selector.values() if (found := architecture_of_label(f"-{value}-"))), "")
    name = get(template, "name")
    environment = shared | _parameters(get(template, "inputs", "parameters"), "inputs.parameters")
    return Job(
        text_of(name) or "template",
        span(name if name is not None else template.value[0][0]),
        Host(
            HostKind.UNKNOWN,
            architecture,
            buildx=Buildx.UNKNOWN,
            doubt="the node that runs the pod is not known, and it needs QEMU for arm64",
        ),
        tuple(_steps(file, template, environment)),
        environment=environment,
    )


def _steps(file: File, template: MappingNode, environment: dict[str, tuple[str, ...]]) -> Iterator[Step]:
    containers: list[tuple[str, Node]] = []
    for key, value in merged_pairs(template):
        name = key_of(key) or ""
        if name in ("container", "script"):
            containers.append((name, value))
        elif name in ("initContainers", "containerSet", "sidecars"):
            inner = get(value, "containers") if name == "containerSet" else value
            if name != "sidecars":
                containers.extend((text_of(get(each, "name")) or name, each) for each in getattr(inner, "value", ()))
    for shell, (name, container) in enumerate(containers):
        step = container_step(file, container, shell, "", name, environment)
        if step is not None:
            yield step

"""Azure Pipelines: stages, jobs, deployments and templates of steps; the Docker tasks are read as what they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from armready.builds.architectures import siblings, varied
from armready.builds.events import Build
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.builds.variables import expand
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.knowledge.runners import Buildx, architecture_of_label
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
from armready.systems.azure_tasks import build_by_script, docker_task
from armready.systems.keyed_steps import Budget, Context, KeyedEditor, declared_step, script_step
from armready.systems.yaml_steps import mapping_texts, place_in

GLOBS = {
    "azure": (
        "azure-pipelines*.yml",
        "azure-pipelines*.yaml",
        "*.azure-pipelines.yml",
        "*.azure-pipelines/**.y*ml",
        "*.azuredevops/**.y*ml",
        "*.pipelines/**.y*ml",
        "azure-pipeline*.y*ml",
    ),
}
IS_CI = True
SCHEMA = "azure-pipelines"

_MAX_DEPTH = 40
_INLINE = {"bash": "script", "cmdline": "script", "azurecli": "inlinescript", "shellscript": "inlinescript"}
_TEMPLATE_KEY = regex(r"^\$\{\{\s*(?:if|elseif|else|each|insert)\b")
_VARIABLE_WORD = regex(r"\$\(([A-Za-z_][\w.]*)\)")


def read(file: File) -> Pipeline:
    """The jobs of a pipeline or of a template."""
    reader = _Reader(file)
    roots = file.parse(parse_yaml)
    jobs = tuple(job for root in roots for job in reader.jobs(root, _Scope({}, None)))
    return Pipeline("azure", reader.with_siblings(jobs), includes=tuple(dict.fromkeys(reader.templates)))


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a stage or job inherits."""

    environment: Mapping[str, tuple[str, ...]]
    pool: Node | None
    name: str = ""
    condition: str = ""


class _Reader:
    def __init__(self, file: File) -> None:
        self.file = file
        self.templates: list[str] = []
        self.shell = 0
        self.budget = Budget()

    def jobs(self, node: Node | None, scope: _Scope, depth: int = 0) -> Iterator[Job]:
        """The jobs in a mapping with `stages`, `jobs` or `steps`, in what it extends, and under template conditions."""
        if depth > _MAX_DEPTH or not self.budget.spend():
            return
        if isinstance(node, SequenceNode):
            for entry in node.value:
                yield from self.jobs(entry, scope, depth + 1)
            return
        if not isinstance(node, MappingNode):
            return
        inner = self._inside(node, scope)
        for key, value in merged_pairs(node):
            name = key_of(key) or ""
            if name in ("stages", "jobs") or _TEMPLATE_KEY.match(name):
                yield from self.jobs(value, inner, depth + 1)
            elif name == "steps" and isinstance(value, SequenceNode):
                yield self._job(node, key, value, inner)
            elif name in ("extends", "parameters", "strategy") and isinstance(value, MappingNode):
                yield from self._nested(node, value, inner, depth)

    def _nested(self, job: MappingNode, node: MappingNode, scope: _Scope, depth: int) -> Iterator[Job]:
        """Steps in the strategy of a deployment, or in what is given to a template."""
        steps = [
            value
            for hook in ("preDeploy", "deploy", "routeTraffic", "postRouteTraffic")
            for way in ("runOnce", "rolling", "canary")
            if (value := get(node, way, hook, "steps"))
        ]
        for each in steps:
            if isinstance(each, SequenceNode):
                yield self._job(job, job.value[0][0], each, scope)
        if not steps:
            yield from self.jobs(node, scope, depth + 1)

    def _inside(self, node: MappingNode, scope: _Scope) -> _Scope:
        environment = {**scope.environment, **self._variables(get(node, "variables")), **self._parameters(get(node, "parameters"))}
        pool = get(node, "pool")
        named = text_of(get(node, "job")) or text_of(get(node, "deployment")) or text_of(get(node, "stage")) or scope.name
        condition = text_of(get(node, "condition")) or scope.condition
        return _Scope(environment, pool if pool is not None else scope.pool, named, condition)

    def _variables(self, node: Node | None) -> dict[str, tuple[str, ...]]:
        texts = mapping_texts(node)
        for entry in node.value if isinstance(node, SequenceNode) else ():
            name, value = text_of(get(entry, "name")), text_of(get(entry, "value"))
            if name and value is not None:
                texts[name] = value
        found: dict[str, tuple[str, ...]] = {}
        for name, value in texts.items():
            found[name] = found[f"variables.{name}"] = (value,)
            if name.upper() != name:
                found[name.upper().replace(".", "_")] = (value,)
        return found

    def _parameters(self, node: Node | None) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {f"parameters.{name}": (value,) for name, value in mapping_texts(node).items() if value}
        for entry in node.value if isinstance(node, SequenceNode) else ():
            name, value = text_of(get(entry, "name")), text_of(get(entry, "default"))
            if name and value:
                found[f"parameters.{name}"] = (value,)
        return found

    def _job(self, node: MappingNode, key: Node, steps: SequenceNode, scope: _Scope) -> Job:
        matrix = self._matrix(get(node, "strategy", "matrix"))
        environment = {**scope.environment, **matrix}
        axis = varied(matrix)
        several = f"its matrix has several architectures ({axis})" if axis else ""
        found = tuple(self._steps(steps, environment, Context({})))
        where = get(node, "job") or get(node, "deployment")
        return Job(
            scope.name or "job",
            span(where if where is not None else key),
            self._host(scope.pool, environment),
            found,
            environment=environment,
            disabled=scope.condition.strip().lower() in ("false", "never()"),
            one_of_several=several,
            needs=strings(get(node, "dependsOn")),
            matrix=matrix,
        )

    def _matrix(self, node: Node | None) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for _, leg in merged_pairs(node):
            for name, value in mapping_texts(leg).items():
                for each in (name, f"variables.{name}", name.upper().replace(".", "_")):
                    found[each] = tuple(dict.fromkeys((*found.get(each, ()), value)))
        return found

    def with_siblings(self, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
        """The jobs, those marked that differ by the architecture in their names."""
        spelled = siblings(job.name for job in jobs)
        return tuple(
            replace(job, one_of_several=f"there is a job for each architecture ({spelled[job.name]})")
            if job.name in spelled and not job.one_of_several
            else job
            for job in jobs
        )

    def _host(self, pool: Node | None, environment: Mapping[str, tuple[str, ...]]) -> Host:
        image = text_of(get(pool, "vmImage"))
        if image is not None:
            return _hosted(expand(image, environment), text_of(get(pool, "name")))
        name = text_of(pool) or text_of(get(pool, "name"))
        if name is None:
            return Host(HostKind.UNKNOWN, doubt="the file does not say which pool runs the job")
        name = expand(name, environment)[0]
        demands = [name, *strings(get(pool, "demands"))]
        runner = next((self.file.settings.runners[each] for each in demands if each in self.file.settings.runners), None)
        if runner is None and any("windows" in each.lower() for each in demands):
            return Host(HostKind.WINDOWS, "amd64")
        architecture = runner.arch if runner else next((found for each in demands if (found := architecture_of_label(each))), "")
        known = runner is not None and runner.ephemeral and runner.privileged
        doubt = "" if known else f"the pool {name} is not known (`runners` in the configuration can say what it is)"
        return Host(HostKind.UNKNOWN if known else HostKind.PERSISTENT, architecture, trusted=bool(known), doubt=doubt)

    # Steps.

    def _steps(self, sequence: SequenceNode, environment: Mapping[str, tuple[str, ...]], context: Context) -> Iterator[Step]:
        for index, step in enumerate(sequence.value):
            if not isinstance(step, MappingNode) or not step.value or not self.budget.spend():
                continue
            first = key_of(step.value[0][0]) or ""
            if _TEMPLATE_KEY.match(first):
                for key, value in step.value:
                    if isinstance(value, SequenceNode):
                        yield from self._steps(
                            value,
                            environment,
                            replace(context, condition=key_of(key) or "", detect_only="the step stands under a template expression"),
                        )
                continue
            if text_of(get(step, "enabled")) == "false":
                continue
            self.shell += 1
            yield from self._step(step, sequence, index, environment, context)

    def _step(
        self, step: MappingNode, sequence: SequenceNode, index: int, environment: Mapping[str, tuple[str, ...]], context: Context
    ) -> Iterator[Step]:
        script, folder = self._script(step)
        name = text_of(get(step, "displayName")) or text_of(get(step, "name")) or ""
        given = {key: (value,) for key, value in mapping_texts(get(step, "env")).items()}
        where = replace(
            context,
            environment={**context.environment, **given},
            folder=_folder(folder),
            condition=" ".join(each for each in (context.condition, text_of(get(step, "condition")) or "") if each),
        )
        place = place_in(sequence, index)
        template = text_of(get(step, "template"))
        if template and "@" not in template:
            self.templates.append(template)
        if isinstance(script, ScalarNode):
            found = script_step(self.file, script, place, self.shell, where, name)
            if found is not None:
                yield replace(found, opaque=opaque_of(script.value), id=text_of(get(step, "name")) or "")
            return
        declared = docker_task(self.file, step, environment)
        yield declared_step(declared or Declared(Verb.OTHER, span(step.value[0][0])), place, self.shell, where, name)

    def _script(self, step: MappingNode) -> tuple[Node | None, str]:
        """The shell of a step and its working folder."""
        for key in ("script", "bash"):
            script = get(step, key)
            if isinstance(script, ScalarNode):
                return script, text_of(get(step, "workingDirectory")) or ""
        task = (text_of(get(step, "task")) or "").partition("@")[0].lower().rpartition(".")[2]
        inputs = {(key_of(key) or "").lower(): value for key, value in merged_pairs(get(step, "inputs"))}
        if task == "azurecli" and (text_of(inputs.get("scripttype")) or "bash").lower() in ("ps", "pscore", "batch"):
            return None, ""
        script = inputs.get(_INLINE.get(task, "")) or inputs.get("filepath") or inputs.get("scriptpath")
        folder = text_of(inputs.get("workingdirectory")) or text_of(inputs.get("cwd")) or ""
        return script, folder


def opaque_of(text: str) -> tuple[Span, ...]:
    """`$(name)` of a pipeline's variables: Azure replaces it before a shell could take it for a command."""
    return tuple(Span(*match.span()) for match in _VARIABLE_WORD.finditer(text))


def _hosted(images: tuple[str, ...], pool: str | None) -> Host:
    lowered = [each.lower() for each in images]
    if all(each.startswith(("windows", "win", "vs20")) for each in lowered):
        return Host(HostKind.WINDOWS, "amd64")
    if all(each.startswith("mac") for each in lowered):
        return Host(HostKind.MACOS)
    if all(re.match(r"ubuntu-(?:latest|2\d\.\d\d)$", each) for each in lowered) and pool in (None, "Azure Pipelines"):
        return Host(HostKind.AZURE_LINUX, "amd64", buildx=Buildx.CURRENT, trusted=True, doubt="")
    if any(each.startswith(("ubuntu", "hosted ubuntu", "linux")) for each in lowered):
        return Host(HostKind.AZURE_LINUX, "amd64", doubt=f"the image {images[0]} of the agent is old or depends on a variable")
    return Host(HostKind.UNKNOWN, "", doubt="which image the agent has depends on a variable")


def _folder(text: str) -> str | None:
    for root in (
        "$(Build.SourcesDirectory)",
        "$(System.DefaultWorkingDirectory)",
        "$(Build.Repository.LocalPath)",
        "$(Pipeline.Workspace)/s",
    ):
        if text.startswith(root):
            text = text.removeprefix(root).lstrip("/")
    if text.startswith(("/", "$", "~", "..")):
        return None
    return "" if text in (".", "./") else text.removeprefix("./").rstrip("/")


class AzureEditor(KeyedEditor):
    """Edit the steps of Azure Pipelines."""

    key = "script"
    block = True
    extra = ("displayName: Set up builds for arm64",)

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Put a login and a script in the place of a Docker task."""
        item = self.item(build.step)
        return None if item is None else build_by_script(item, build.job.environment, platforms)

    def remove_pushes(self, steps: tuple[Step, ...]) -> list[Edit] | None:
        """Take out the tasks."""
        found = [self.remove_step(step) for step in steps]
        edits = [edit for each in found if each is not None for edit in each]
        return edits if None not in found else None


EDITOR = AzureEditor

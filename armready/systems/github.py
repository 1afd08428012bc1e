"""GitHub Actions: workflows and composite actions, also as Gitea and Forgejo run them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from armready.builds.architectures import siblings, varied
from armready.builds.model import Host, HostKind, Job, Needs, Pipeline, Step
from armready.builds.variables import expand
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import dataclass, regex
from armready.knowledge.runners import Buildx, github_label
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    SequenceNode,
    embedded,
    entries,
    get,
    key_of,
    merged_pairs,
    pair_at,
    parse_yaml,
    span,
    strings,
    text_of,
)
from armready.systems.github_actions import declared_by, metadata_names, set_platforms
from armready.systems.github_native import native
from armready.systems.github_setup import prepare_job
from armready.systems.yaml_steps import ListEditor, environment_of, place_in

if TYPE_CHECKING:
    from armready.builds.events import Build
    from armready.builds.history import Chain

GLOBS = {
    "github-workflow": (
        "*.github/workflows/*.yml",
        "*.github/workflows/*.yaml",
        "*.gitea/workflows/*.y*ml",
        "*.forgejo/workflows/*.y*ml",
        "*.github/workflow-templates/*.y*ml",
    ),
    "github-action": ("action.yml", "action.yaml"),
}
IS_CI = True
SCHEMA = "github-workflows"

_OTHER_SHELL = regex(r"^(?:pwsh|powershell|cmd|python\d?|perl|node|nu|fish)\b")
_NEVER = regex(r"^\s*(?:\$\{\{\s*)?false(?:\s*\}\})?\s*$")


def read(file: File) -> Pipeline:
    """The jobs of a workflow; the steps of a composite action as one job."""
    roots = [root for root in file.parse(parse_yaml) if isinstance(root, MappingNode)]
    root = roots[0] if roots else None
    reader = _Reader(file, root)
    jobs = tuple(reader.action() if file.kind is Kind.GITHUB_ACTION else reader.workflow())
    return Pipeline("github", jobs)


@dataclass(frozen=True)
class _Reader:
    file: File
    root: Node | None

    def workflow(self) -> Iterator[Job]:
        shared = environment_of(get(self.root, "env")) | self._inputs()
        jobs = [(key, node) for key, node in merged_pairs(get(self.root, "jobs")) if isinstance(node, MappingNode)]
        spelled = siblings(key_of(key) or "" for key, _ in jobs)
        for key, node in jobs:
            matrix = self._matrix(get(node, "strategy", "matrix"))
            own = environment_of(get(node, "env"))
            environment = shared | own | {f"matrix.{name}": values for name, values in matrix.items()}
            labels = self._labels(node, environment)
            name = key_of(key) or ""
            steps = get(node, "steps")
            environment |= metadata_names(steps, environment)
            several = _several(name, spelled, matrix, labels)
            default = get(node, "defaults", "run") or get(self.root, "defaults", "run")
            yield self._job(name, key, self._host(node, labels), steps, environment, default, several, matrix, node)

    def action(self) -> Iterator[Job]:
        steps = get(self.root, "runs", "steps")
        if steps is None or not isinstance(self.root, MappingNode):
            return
        environment = {f"inputs.{name}": values for name, values in self._defaults(get(self.root, "inputs")).items()}
        environment |= metadata_names(steps, environment)
        host = Host(HostKind.UNKNOWN, buildx=Buildx.CURRENT, doubt="a composite action runs on the machines of those who use it")
        yield self._job("action", self.root, host, steps, environment, None, "", {}, self.root)

    def _job(
        self,
        name: str,
        key: Node,
        host: Host,
        steps: Node | None,
        environment: Mapping[str, tuple[str, ...]],
        default: Node | None,
        several: str,
        matrix: Mapping[str, tuple[str, ...]],
        node: MappingNode,
    ) -> Job:
        condition = text_of(get(node, "if")) or ""
        return Job(
            name,
            span(key),
            host,
            tuple(self._steps(steps, environment, default)),
            environment=environment,
            disabled=bool(_NEVER.match(condition)),
            one_of_several=several,
            insecure=False,
            needs=strings(get(node, "needs")),
            own_setup=True,
            divisible=self.file.kind is not Kind.GITHUB_ACTION,
            matrix=matrix,
        )

    def _steps(self, steps: Node | None, environment: Mapping[str, tuple[str, ...]], default: Node | None) -> Iterator[Step]:
        if not isinstance(steps, SequenceNode):
            return
        shell = text_of(get(default, "shell")) or ""
        folder = text_of(get(default, "working-directory")) or ""
        for index, node in enumerate(steps.value):
            keys = entries(node)
            condition = text_of(keys.get("if")) or ""
            if not isinstance(node, MappingNode) or _NEVER.match(condition):
                continue
            own = environment_of(keys.get("env"))
            run = keys.get("run")
            script = None
            if run is not None and not _OTHER_SHELL.match(text_of(keys.get("shell")) or shell):
                script = embedded(self.file, run)
            where = text_of(keys.get("working-directory")) or folder
            yield Step(
                span(node),
                script,
                declared=tuple(declared_by(steps, index, environment)) if script is None else (),
                name=text_of(keys.get("name")) or "",
                shell=index,
                environment=own,
                folder=_folder(where, environment),
                condition=condition,
                place=place_in(steps, index),
                id=text_of(keys.get("id")) or "",
            )

    def _inputs(self) -> dict[str, tuple[str, ...]]:
        events = get(self.root, "on") or get(self.root, "true")
        found: dict[str, tuple[str, ...]] = {}
        for event in ("workflow_call", "workflow_dispatch"):
            values = self._defaults(get(events, event, "inputs"))
            found |= {f"{prefix}.{name}": value for name, value in values.items() for prefix in ("inputs", "github.event.inputs")}
        return found

    def _defaults(self, inputs: Node | None) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for key, value in merged_pairs(inputs):
            name, default = key_of(key), text_of(get(value, "default"))
            if name and default:
                found[name] = (default,)
        return found

    def _matrix(self, node: Node | None) -> dict[str, tuple[str, ...]]:
        """All values of each axis, those of `include` among them; axes of mappings as `axis.key`."""
        found: dict[str, tuple[str, ...]] = {}

        def add(name: str, values: tuple[str, ...]) -> None:
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *values)))

        for key, value in merged_pairs(node):
            name = key_of(key) or ""
            if name == "exclude" or not isinstance(value, SequenceNode):
                continue
            for item in value.value:
                prefix = "" if name == "include" else name
                text = text_of(item)
                if text is not None:
                    add(name, (text,))
                for inner, each in merged_pairs(item):
                    label = key_of(inner) or ""
                    values = strings(each)
                    if values:
                        add(f"{prefix}.{label}" if prefix else label, (",".join(values),))
                    for deeper, last in merged_pairs(each):
                        if text_of(last):
                            add(f"{prefix}.{label}.{key_of(deeper)}".lstrip("."), (text_of(last) or "",))
        return found

    def _labels(self, node: MappingNode, environment: Mapping[str, tuple[str, ...]]) -> list[str]:
        runs_on = get(node, "runs-on")
        written = strings(get(runs_on, "labels") if isinstance(runs_on, MappingNode) else runs_on)
        return [each for label in written for each in expand(label, environment)]

    def _host(self, node: MappingNode, labels: list[str]) -> Host:
        if re.search(r"\.(?:gitea|forgejo)/", self.file.path):
            return Host(HostKind.UNKNOWN, buildx=Buildx.CURRENT, doubt="what a Gitea or Forgejo runner is, its instance decides")
        runners = self.file.settings.runners
        told = next((runners[label] for label in labels if label in runners), None)
        if told is not None:
            trusted = told.privileged and told.ephemeral
            doubt = "" if trusted else "the runner is kept between builds, or gives no privileges to register QEMU"
            kind = HostKind.UNKNOWN if told.ephemeral else HostKind.PERSISTENT
            return Host(kind, told.arch, buildx=Buildx.CURRENT, trusted=trusted, doubt=doubt)
        known = [github_label(label) for label in labels]
        systems = {system for system, _ in known}
        architectures = {architecture for _, architecture in known if architecture}
        if systems == {"windows"}:
            return Host(HostKind.WINDOWS, "amd64")
        if systems == {"macos"}:
            return Host(HostKind.MACOS)
        if get(node, "container") is not None:
            return Host(
                HostKind.UNKNOWN,
                "amd64" if architectures == {"amd64"} else "",
                buildx=Buildx.UNKNOWN,
                doubt="the job runs in a container, whose Docker CLI is not known",
            )
        if "linux" in systems and architectures == {"amd64"}:
            return Host(HostKind.GITHUB_LINUX, "amd64", buildx=Buildx.CURRENT, trusted=True, doubt="")
        if architectures == {"arm64"}:
            return Host(
                HostKind.GITHUB_ARM if "linux" in systems else HostKind.PERSISTENT, "arm64", buildx=Buildx.CURRENT, trusted=True, doubt=""
            )
        if "self-hosted" in labels:
            doubt = "a self-hosted runner is kept between builds (`runners` in the configuration can say what it is)"
            return Host(
                HostKind.UNKNOWN, next(iter(architectures), "") if len(architectures) == 1 else "", buildx=Buildx.CURRENT, doubt=doubt
            )
        architecture = next(iter(architectures)) if len(architectures) == 1 and "" not in {each for _, each in known} else ""
        return Host(HostKind.UNKNOWN, architecture, buildx=Buildx.CURRENT, doubt="what its runner is cannot be told from the file")


def _folder(text: str, environment: Mapping[str, tuple[str, ...]]) -> str | None:
    texts = expand(text, environment)
    found = texts[0] if len(texts) == 1 else text
    if "$" in found:
        return "" if found.strip() in ("${{ github.workspace }}", "$GITHUB_WORKSPACE") else None
    found = found.strip().removeprefix("./").strip("/")
    return "" if found == "." else found


def _several(name: str, spelled: Mapping[str, str], matrix: Mapping[str, tuple[str, ...]], labels: list[str]) -> str:
    if name in spelled:
        return f"there is a job for each architecture ({spelled[name]})"
    architectures = {architecture for _, architecture in map(github_label, labels)}
    if {"amd64", "arm64"} <= architectures:
        return "its matrix has runners of both architectures"
    axis = varied(matrix)
    return f"its matrix has several architectures ({axis})" if axis else ""


class GithubEditor(ListEditor):
    """Edit workflows and composite actions."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Give the inputs of an action its platforms."""
        item = self.item(build.step)
        return None if item is None else set_platforms(self.file, item.node, platforms, build.job.environment)

    def prepare(self, job: Job, step: Step, missing: Needs) -> list[Edit] | None:
        """Put the actions that set up emulator and builder before a step."""
        item = self.item(step)
        return None if item is None else prepare_job(item, step, missing)

    def divide(self, chain: Chain, builds: int) -> list[Edit] | str:
        """Run the build once on a machine of each architecture, and join the images in a job of its own."""
        job, declared = chain.build.job, chain.build.declared
        if declared is None:
            return "native mode is made for docker/build-push-action"
        standing = pair_at(self.file, job.span.start)
        if standing is None or not isinstance(standing[2], MappingNode):
            return "the job is written in a way that cannot be edited exactly"
        return native(self.file, standing[0], job.name, standing[2], declared, builds)


EDITOR = GithubEditor

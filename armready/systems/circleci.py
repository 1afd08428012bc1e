"""CircleCI: jobs with their commands and executors put in; the orbs that build images are known by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from armready.builds.architectures import siblings, varied
from armready.builds.events import Build
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.builds.variables import expand
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import regex
from armready.knowledge.runners import Buildx, architecture_of_label, buildx_of_image, docker_image_tag
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    find,
    get,
    key_of,
    merged_pairs,
    pair_at,
    pair_of,
    parse_yaml,
    span,
    strings,
    text_of,
)
from armready.systems.keyed_steps import Budget, Context, KeyedEditor, declared_step, script_step
from armready.systems.yaml_steps import environment_of, flattened, line_of, mapping_texts, place_in

GLOBS = {
    "circleci": ("*.circleci/*.yml", "*.circleci/*.yaml", "circle.yml"),
}
IS_CI = True
SCHEMA = "circle-ci"

_MAX_DEPTH = 8
_OLD_MACHINE = regex(r"^(?:true|default|circleci/classic.*|ubuntu-1[46]04.*|ubuntu-2004:(?:2020|2021|2022).*)$")
_ORBS = {
    "circleci/docker": "docker",
    "circleci/docker-publish": "docker",
    "circleci/aws-ecr": "ecr",
    "circleci/gcp-gcr": "docker",
    "circleci/gcp-artifact-registry": "docker",
    "circleci/azure-acr": "docker",
}
_BUILDS = frozenset({"build", "build-image"})
_PUSHES = frozenset({"push", "push-image"})
_BOTH = frozenset({"publish", "build-and-push-image"})


def read(file: File) -> Pipeline:
    """The jobs of a CircleCI configuration."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    if get(root, "usage", "workflows") is not None or get(root, "usage", "jobs") is not None:
        root = get(root, "usage")
    if get(root, "jobs") is None and get(root, "workflows") is None:
        return Pipeline("circleci", tuple(_first_version(file, root)))
    reader = _Reader(file, root)
    return Pipeline("circleci", tuple(reader.jobs()))


def _first_version(file: File, root: Node | None) -> Iterator[Job]:
    """The commands of version 1.0, which CircleCI no longer runs: one machine, one phase after the other."""
    steps: list[Step] = []
    context = Context({}, detect_only="the file is of CircleCI's version 1.0, which no longer runs")
    for phase in ("machine", "dependencies", "database", "compile", "test", "deployment"):
        for node in (get(root, phase), *find(root, phase, "*")):
            for key in ("pre", "override", "post", "commands"):
                for scalar, _, _ in flattened(get(node, key)):
                    step = script_step(file, scalar, None, len(steps), context, phase)
                    if step is not None:
                        steps.append(step)
    if steps and isinstance(root, MappingNode):
        yield Job("circle", span(root.value[0][0]), Host(HostKind.CIRCLE_MACHINE, "amd64", doubt="the machine is no more"), tuple(steps))


@dataclass
class _Reader:
    file: File
    root: Node | None
    commands: dict[str, Node] = field(default_factory=dict)
    executors: dict[str, Node] = field(default_factory=dict)
    orbs: dict[str, str] = field(default_factory=dict)
    shell: int = 0
    called: Counter[str] = field(default_factory=Counter)
    own: Node | None = None
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        self._define("", self.root)
        for key, orb in merged_pairs(get(self.root, "orbs")):
            name, reference = key_of(key), text_of(orb)
            if name and reference is not None:
                self.orbs[name] = reference.partition("@")[0]
            elif name:
                self._define(f"{name}/", orb)

    def _define(self, prefix: str, node: Node | None) -> None:
        for section, known in (("commands", self.commands), ("executors", self.executors)):
            known |= {f"{prefix}{key_of(key)}": value for key, value in merged_pairs(get(node, section))}

    def jobs(self) -> Iterator[Job]:
        defined = {key_of(key) or "": (key, value) for key, value in merged_pairs(get(self.root, "jobs")) if isinstance(value, MappingNode)}
        calls = self._calls()
        ordered = any(True for _ in find(self.root, "workflows", "*", "jobs"))
        spelled = siblings(defined)
        for name, (key, node) in defined.items():
            used = [call for called, call, _ in calls if called == name]
            yield self._job(name, key, node, spelled.get(name, ""), used, disabled=ordered and not used)
        for called, call, place in calls:
            declared = self._orb(called, call, place)
            if declared is not None and called not in defined:
                context = Context(environment_of())
                before = [step for key in ("pre-steps", "pre_steps") for step in self._steps(get(call, key), {}, context)]
                chosen = get(call, "executor") is not None or get(call, "resource-class") is not None
                host = Host(HostKind.UNKNOWN, "" if chosen else "amd64", doubt="an orb chooses the machine")
                yield Job(
                    text_of(get(call, "name")) or called, span(place), host, (*before, declared_step(declared, None, -1, context, called))
                )

    def _calls(self) -> list[tuple[str, Node | None, Node]]:
        """The jobs that the workflows run: name, parameters, and where they stand."""
        found: list[tuple[str, Node | None, Node]] = []
        for jobs in find(self.root, "workflows", "*", "jobs"):
            for entry in jobs.value if isinstance(jobs, SequenceNode) else ():
                if isinstance(entry, ScalarNode):
                    found.append((entry.value, None, entry))
                for key, value in merged_pairs(entry):
                    found.append((key_of(key) or "", value, key))
        return found

    # One job.

    def _job(self, name: str, key: Node, node: MappingNode, sibling: str, calls: list[Node | None], *, disabled: bool) -> Job:
        parameters = self._parameters(node, calls)
        executor, given = self._executor(node, parameters)
        parameters |= {f"parameters.{name}": (value,) for name, value in given.items()}
        environment = environment_of(get(executor, "environment"), get(node, "environment")) | parameters
        matrix = {name.removeprefix("parameters."): values for name, values in parameters.items() if len(values) > 1}
        axis = varied(matrix)
        several = (
            f"there is a job for each architecture ({sibling})"
            if sibling
            else f"it runs for several architectures ({axis})"
            if axis
            else ""
        )
        context = Context({})
        self.called, self.own = Counter(), get(node, "steps")
        steps = tuple(self._steps(get(node, "steps"), environment, context))
        remote = any(step.name == "setup_remote_docker" for step in steps)
        host = self._host(node, executor, parameters, remote)
        return Job(
            name,
            span(key),
            host,
            steps,
            environment=environment,
            disabled=disabled,
            one_of_several=several,
            needs=tuple(each for call in calls for each in strings(get(call, "requires"))),
            matrix=matrix,
        )

    def _parameters(self, node: Node | None, calls: list[Node | None]) -> dict[str, tuple[str, ...]]:
        """`parameters.x` -> the values that the workflows give it, or its default."""
        found: dict[str, tuple[str, ...]] = {}
        for key, definition in merged_pairs(get(node, "parameters")):
            name, default = key_of(key) or "", text_of(get(definition, "default"))
            values: list[str] = []
            for call in calls:
                own = text_of(get(call, name))
                varied_values = strings(get(call, "matrix", "parameters", name))
                values.extend(varied_values or ([own] if own is not None else [default] if default is not None else []))
            known = tuple(dict.fromkeys(values or ([default] if default is not None else [])))
            if known:
                found[f"parameters.{name}"] = known
        return found

    def _executor(self, node: Node, parameters: Mapping[str, tuple[str, ...]]) -> tuple[Node | None, dict[str, str]]:
        """The executor that a job names, and the parameters that it gives it."""
        named = get(node, "executor")
        name = text_of(named) or text_of(get(named, "name")) or ""
        for each in expand(name, parameters):
            if each in self.executors:
                executor = self.executors[each]
                defaults = {
                    key_of(key) or "": text_of(get(value, "default")) or "" for key, value in merged_pairs(get(executor, "parameters"))
                }
                own = {key: value for key, value in mapping_texts(named).items() if key != "name"} if isinstance(named, MappingNode) else {}
                return executor, {key: value for key, value in (defaults | own).items() if value}
        return None, {}

    def _host(self, node: Node, executor: Node | None, parameters: Mapping[str, tuple[str, ...]], remote: bool) -> Host:
        def value(*keys: str) -> Node | None:
            own = get(node, *keys)
            return own if own is not None else get(executor, *keys)

        named = text_of(get(node, "executor")) or text_of(get(node, "executor", "name")) or ""
        sizes = expand(text_of(value("resource_class")) or "", parameters)
        size = sizes[-1]
        if value("macos") is not None:
            return Host(HostKind.MACOS, "arm64")
        machine, images = value("machine"), value("docker")
        image = expand(text_of(get(machine, "image")) or text_of(machine) or "", parameters)[-1]
        if named.startswith(("win/", "windows/")) or "windows" in f"{size} {image}".lower():
            return Host(HostKind.WINDOWS, "amd64")
        if "/" in size:
            runner = self.file.settings.runners.get(size)
            architecture = runner.arch if runner else architecture_of_label(size)
            known = runner is not None and runner.ephemeral and runner.privileged
            doubt = "" if known else f"{size} is a machine of one's own (`runners` in the configuration can say what it is)"
            return Host(HostKind.UNKNOWN if known else HostKind.PERSISTENT, architecture, trusted=bool(known), doubt=doubt)
        several = {each.startswith("arm.") for each in sizes}
        architecture = "" if len(several) > 1 or "<<" in size else "arm64" if several == {True} else "amd64"
        if machine is not None:
            old = bool(_OLD_MACHINE.match(image))
            doubt = f"the machine image {image} is old, and so is its buildx" if old else ""
            return Host(
                HostKind.CIRCLE_MACHINE, architecture, buildx=Buildx.UNKNOWN if old else Buildx.CURRENT, trusted=not old, doubt=doubt
            )
        if images is None:
            return Host(
                HostKind.UNKNOWN,
                "amd64" if not named else "",
                doubt=f"what the executor {named} is stands in an orb" if named else "the job names no executor",
            )
        return _remote(expand(text_of(get(images, 0, "image")) or "", parameters)[-1], architecture, remote)

    # Steps.

    def _steps(self, node: Node | None, parameters: Mapping[str, tuple[str, ...]], context: Context, depth: int = 0) -> Iterator[Step]:
        if not isinstance(node, SequenceNode) or depth > _MAX_DEPTH:
            return
        for index, step in enumerate(node.value):
            if not self.budget.spend():
                return
            name = text_of(step)
            if name is not None:
                yield from self._named(name, None, node, index, step, parameters, context, depth)
                continue
            for key, value in merged_pairs(step)[:1]:
                yield from self._named(key_of(key) or "", value, node, index, key, parameters, context, depth)

    def _named(
        self,
        name: str,
        value: Node | None,
        sequence: SequenceNode,
        index: int,
        key: Node,
        parameters: Mapping[str, tuple[str, ...]],
        context: Context,
        depth: int,
    ) -> Iterator[Step]:
        self.shell += 1
        if name == "run" or (name == "deploy" and name not in self.commands):
            yield from self._run(value, sequence, index, context)
        elif name in ("when", "unless") and isinstance(value, MappingNode):
            condition = f"{name} {self.file.text[span(value).start : span(value).start + 60]}"
            yield from self._steps(get(value, "steps"), parameters, replace(context, condition=condition), depth + 1)
        elif name in self.commands:
            command = self.commands[name]
            given = self._parameters(command, [value])
            inner = {each: tuple(text for one in values for text in expand(one, parameters)) for each, values in given.items()}
            self.called[name] += 1
            twice = self.called[name] > 1 or self._repeats(name)
            again = "the command runs more than once in a job, and a builder is created once" if twice else ""
            shared = replace(context, environment={**context.environment, **inner}, detect_only=again or context.detect_only)
            yield from self._steps(get(command, "steps"), {**parameters, **inner}, shared, depth + 1)
        else:
            declared = self._orb(name, value, key)
            if declared is not None:
                yield declared_step(declared, place_in(sequence, index), self.shell, context, name)
            else:
                yield Step(span(key), name=name, shell=self.shell)

    def _run(self, value: Node | None, sequence: SequenceNode, index: int, context: Context) -> Iterator[Step]:
        script = value if isinstance(value, ScalarNode) else get(value, "command")
        folder = text_of(get(value, "working_directory"))
        environment = {**context.environment, **environment_of(get(value, "environment"))}
        own = replace(context, environment=environment, folder=_below(context.folder, folder))
        place = place_in(sequence, index)
        condition = text_of(get(value, "when"))
        if condition and condition != "on_success":
            own = replace(own, condition=condition)
        step = script_step(self.file, script, place, self.shell, own, text_of(get(value, "name")) or "run")
        if step is not None:
            yield step

    def _repeats(self, name: str) -> bool:
        """Whether the steps of the job itself call a command several times."""
        steps = self.own.value if isinstance(self.own, SequenceNode) else ()
        return sum(1 for step in steps if text_of(step) == name or pair_of(step, name) is not None) > 1

    # Orbs.

    def _orb(self, name: str, value: Node | None, key: Node) -> Declared | None:
        alias, slash, command = name.partition("/")
        family = _ORBS.get(self.orbs.get(alias, "")) if slash else None
        if family is None:
            return None
        given = mapping_texts(value)
        return _orb_command(self.file, family, command.replace("_", "-"), given, key)


def _remote(image: str, architecture: str, remote: bool) -> Host:
    """A job in a container, with or without CircleCI's remote Docker."""
    if not remote:
        return Host(HostKind.UNKNOWN, architecture, doubt="the job has no setup_remote_docker, so where it builds is not known")
    if image.startswith("cimg/"):
        return Host(HostKind.CIRCLE_REMOTE, architecture, tls=True, buildx=Buildx.CURRENT, trusted=True, doubt="")
    known = docker_image_tag(image) is not None
    buildx = buildx_of_image(image) if known else Buildx.UNKNOWN
    doubt = "" if known and buildx is not Buildx.UNKNOWN else f"which buildx the image {image} has is not known"
    return Host(HostKind.CIRCLE_REMOTE, architecture, tls=True, buildx=buildx, trusted=not doubt, doubt=doubt)


def _below(folder: str | None, path: str | None) -> str | None:
    if path is None or folder is None:
        return folder
    path = path.removeprefix("~/project").lstrip("/") if path.startswith("~/project") else path
    if path.startswith(("/", "~", "$", "<", "..")):
        return None
    return path.removeprefix("./").rstrip("/") if path not in (".", "./") else ""


def _orb_command(file: File, family: str, command: str, given: Mapping[str, str], key: Node) -> Declared | None:
    """What a command or job of a known orb does."""
    verb = (
        Verb.BUILD
        if command in _BUILDS | _BOTH
        else Verb.PUSH
        if command in _PUSHES
        else Verb.LOGIN
        if command in ("check", "ecr-login")
        else Verb.OTHER
    )
    if verb in (Verb.OTHER, Verb.LOGIN):
        return Declared(Verb.LOGIN, span(key), command) if verb is Verb.LOGIN else None
    names = {each.replace("-", "_"): text for each, text in given.items()}
    image = names.get("image") or names.get("image_name") or names.get("repo") or ""
    registry = names.get("registry") or names.get("account_url") or names.get("registry_url") or ""
    tags = (names.get("tag") or names.get("image_tag") or "${CIRCLE_SHA1}").split(",")
    references = tuple(f"{registry}/{image}:{tag.strip()}" if registry else f"{image}:{tag.strip()}" for tag in tags) if image else ()
    if verb is Verb.PUSH:
        return Declared(Verb.PUSH, span(key), f"orb {command}", references)
    said = names.get("deploy") or names.get("push_image") or "true"
    extra = names.get("extra_build_args", "")
    platform = names.get("platform") or " ".join(re.findall(r"--platform[= ]([^\s\"']+)", extra)) or None
    pushes = command in _BOTH and said != "false"
    dockerfile, path = names.get("dockerfile") or "", names.get("path") or names.get("build_path") or ""

    return Declared(
        Verb.BUILD,
        line_of(file, key),
        f"orb {command}",
        references,
        platforms=None if platform is None else (platform,),
        pushes=pushes,
        push_span=span(key),
        loads=not pushes,
        dockerfile=dockerfile,
        in_context=bool(path and dockerfile),
        context=names.get("docker_context") or path,
        native=family == "ecr",
        takes_platforms=family == "ecr",
        reasons=()
        if family == "ecr"
        else ("the orb builds one platform and takes no list: build in a job of your own with docker buildx build --platform",),
    )


class CircleEditor(KeyedEditor):
    """Edit the steps of CircleCI."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Set the parameter of an orb's command or job."""
        call = pair_at(self.file, build.span.start)
        given = call[2] if call is not None else None
        pair, text = pair_of(given, "platform"), ",".join(platforms)
        if given is None:
            return None
        if pair is not None:
            edit = yaml_edit.set_value(self.file, given, pair[0], text)
        else:
            edit = yaml_edit.insert_pair(self.file, given, "platform", text)
        return None if edit is None else [edit]


EDITOR = CircleEditor

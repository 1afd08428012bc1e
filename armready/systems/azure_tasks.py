"""The Docker tasks of Azure Pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from armready.builds.model import Declared, Verb
from armready.builds.variables import expand
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import MappingNode, Node, get, key_of, merged_pairs, pair_of, text_of
from armready.languages.yaml.nodes import span as span_of
from armready.systems.yaml_steps import Item, line_of

_HOST = regex(
    r"^(?:[\w$().-]+\.azurecr\.(?:io|cn|us)|docker\.io|ghcr\.io|quay\.io|(?:\w+\.)?gcr\.io|[\w.-]+\.dkr\.ecr\.[\w-]+\.amazonaws\.com|[\w-]+-docker\.pkg\.dev)$"
)
_NO_PLATFORMS = "Docker@2 takes no platforms: log in with it, and build in a script with docker buildx build --platform"
_LABELS = "The labels that Docker@2 adds to an image are lost"
_PLATFORM = regex(r"--platform[= ]+([^\s\"']+)")


def docker_task(file: File, step: MappingNode, environment: Mapping[str, tuple[str, ...]]) -> Declared | None:
    """What a step with a Docker task does; None for another step."""
    task = pair_of(step, "task")
    if task is None:
        return None
    name, _, major = (text_of(task[1]) or "").partition("@")
    inputs = _inputs(step)
    span = line_of(file, task[0])
    if name.lower() == "docker":
        if major.startswith("2"):
            return _docker_2(span, inputs, environment)
        return _docker_1(Declared(Verb.OTHER, span, f"Docker@{major}"), inputs)
    if name.lower() == "dockercompose":
        action = inputs.get("action", "").lower()
        tool = f"DockerCompose@{major}"
        if action.startswith("push"):
            return Declared(
                Verb.BUILD,
                span,
                tool,
                pushes=True,
                push_span=span,
                folder=None,
                reasons=(f"{tool} builds one platform: use docker buildx bake",),
            )
    return None


def _names(repository: str, tags: str) -> tuple[str, ...]:
    texts = [each.strip() for each in re.split(r"[\n,]", tags) if each.strip()] or ["$(Build.BuildId)"]
    return tuple(f"{repository}:{tag}" for tag in texts) if repository else ()


def _docker_2(span: Span, inputs: Mapping[str, str], environment: Mapping[str, tuple[str, ...]]) -> Declared:
    command = inputs.get("command", "buildAndPush").lower()
    names = _names(inputs.get("repository", ""), inputs.get("tags", ""))
    if command == "push":
        return Declared(Verb.PUSH, span, "Docker@2", names, removable=True)
    if command == "login":
        return Declared(Verb.LOGIN, span, "Docker@2")
    if command not in ("build", "buildandpush"):
        return Declared(Verb.OTHER, span, "Docker@2")
    arguments = inputs.get("arguments", "") if command == "build" else ""
    platforms = tuple(_PLATFORM.findall(arguments))
    pushes = command == "buildandpush" or "--push" in arguments.split()
    dockerfile, context = _dockerfile(inputs, environment)
    possible = _scriptable(inputs, environment) is not None
    return Declared(
        Verb.BUILD,
        span,
        "Docker@2",
        names,
        platforms=platforms or None,
        pushes=pushes,
        push_span=span,
        loads=not pushes,
        dockerfile=dockerfile,
        context=context,
        takes_platforms=possible,
        reasons=(_LABELS,) if possible else (_NO_PLATFORMS,),
    )


class _Build(NamedTuple):
    """A build by Docker@2 as `docker buildx build` can do it.

    Attributes:
        server: the host of the registry, empty for Docker Hub.
        names: what is pushed there.
        dockerfile: its path, as written.
        context: likewise.
    """

    server: str
    names: tuple[str, ...]
    dockerfile: str
    context: str

    def command(self, platforms: tuple[str, ...]) -> str:
        """The command that builds and pushes."""
        tags = " ".join(f'-t "{self.server}/{name}"' if self.server else f'-t "{name}"' for name in self.names)
        options = f"--platform {','.join(platforms)} --provenance=false --push"
        return f'docker buildx build {options} -f "{self.dockerfile}" {tags} {_word(self.context)}'


def _scriptable(inputs: Mapping[str, str], environment: Mapping[str, tuple[str, ...]]) -> _Build | None:
    """The build as a command; None when the file does not tell all that it needs."""
    command = inputs.get("command", "buildAndPush").lower()
    names = _names(inputs.get("repository", ""), inputs.get("tags", ""))
    server = _login_server(inputs.get("containerregistry", ""), environment)
    path = expand(inputs.get("dockerfile") or "**", environment)[-1]
    if not names or server is None or "*" in path or (command == "build" and inputs.get("arguments", "")):
        return None
    context = inputs.get("buildcontext") or "**"
    if context == "**":
        context = path.rpartition("/")[0] or "."
    return _Build(server, names, inputs.get("dockerfile", ""), context)


def build_by_script(item: Item, environment: Mapping[str, tuple[str, ...]], platforms: tuple[str, ...]) -> list[Edit] | None:
    """Edits that make of a build by Docker@2 a login by it and a script with `docker buildx build --push`.

    Returns:
        None when a word cannot be written in a script, or the step shares its lines with others.
    """
    file, step = item.file, item.node
    task, given = pair_of(step, "task"), pair_of(step, "inputs")
    inputs = _inputs(step)
    build = _scriptable(inputs, environment)
    if build is None or task is None or given is None:
        return None
    command = build.command(platforms)
    if re.search(r": | #|[\n`\\]", command):
        return None
    registry = inputs.get("containerregistry", "")
    login = ("task: Docker@2", "displayName: Registry login", "inputs:", "  command: login", f"  containerRegistry: {registry}")
    before = item.insert_items((login,)) if registry else []
    removed = yaml_edit.remove_pair(file, step, given[0])
    if before is None or removed is None:
        return None
    replaced = file.replace(Span(span_of(task[0]).start, span_of(task[1]).end), f"script: {command}")
    return [*before, replaced, removed]


def _inputs(step: Node) -> dict[str, str]:
    """The inputs of a task by their names in lower case."""
    return {(key_of(key) or "").lower(): text_of(value) or "" for key, value in merged_pairs(get(step, "inputs"))}


def _word(text: str) -> str:
    return text if re.fullmatch(r"[\w./-]+", text) else f'"{text}"'


def _login_server(connection: str, environment: Mapping[str, tuple[str, ...]]) -> str | None:
    """The host of the registry behind a service connection: empty for none, None when no variable or name tells it."""
    if not connection:
        return ""
    if any(_HOST.match(each) for each in expand(connection, environment)):
        return connection
    found = {
        f"$({name})"
        for name, values in environment.items()
        if not name.startswith(("variables.", "parameters.")) and name.upper() != name and any(_HOST.match(each) for each in values)
    }
    return found.pop() if len(found) == 1 else None


def _dockerfile(inputs: Mapping[str, str], environment: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    """Dockerfile and context as paths; the default is any Dockerfile, which is taken for the one at the root."""
    text = inputs.get("dockerfile") or "**/Dockerfile"
    found = expand(text, environment)[-1].removeprefix("$(Build.SourcesDirectory)/").removeprefix("$(System.DefaultWorkingDirectory)/")
    found = found.removeprefix("**/")
    context = inputs.get("buildcontext") or "**"
    return found, (found.rpartition("/")[0] or ".") if context == "**" else context


def _docker_1(declared: Declared, inputs: Mapping[str, str]) -> Declared | None:
    """The older tasks: `command` or `action` in words, `imageName` with its tag."""
    command = (inputs.get("command") or inputs.get("action") or "build an image").lower()
    names = tuple(each for each in (inputs.get("imagename", ""), *re.split(r"[\n,]", inputs.get("imagenamespath", ""))) if each.strip())
    verb = Verb.BUILD if command.startswith("build") else Verb.PUSH if command.startswith("push") else Verb.OTHER
    if verb is Verb.OTHER:
        return None
    return Declared(
        verb,
        declared.span,
        declared.tool,
        names,
        loads=verb is Verb.BUILD,
        dockerfile=(inputs.get("dockerfile") or "**/Dockerfile").removeprefix("**/"),
        reasons=(
            f"{declared.tool} is an old task that builds one platform: log in with Docker@2, and build in a script with docker buildx",
        ),
    )

"""The Docker tasks of Azure Pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping

from armready.builds.variables import expand
from armready.file import File
from armready.parsers.yaml import MappingNode, get, key_of, merged_pairs, pair_of, text_of
from armready.pipelines.keyed_steps import KeyedItem
from armready.pipelines.model import Declared, Verb
from armready.pipelines.yaml_steps import line_of

_PLATFORM = re.compile(r"--platform[= ]+([^\s\"']+)")


def docker_task(file: File, step: MappingNode, place: KeyedItem, environment: Mapping[str, tuple[str, ...]]) -> Declared | None:
    """What a step with a Docker task does; None for another step."""
    task = pair_of(step, "task")
    if task is None:
        return None
    name, _, major = (text_of(task[1]) or "").partition("@")
    inputs = {(key_of(key) or "").lower(): text_of(value) or "" for key, value in merged_pairs(get(step, "inputs"))}
    span = line_of(file, task[0])
    if name.lower() == "docker":
        if major.startswith("2"):
            return _docker_2(file, step, place, inputs, environment)
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


def _docker_2(
    file: File, step: MappingNode, place: KeyedItem, inputs: Mapping[str, str], environment: Mapping[str, tuple[str, ...]]
) -> Declared:
    task = pair_of(step, "task")
    assert task is not None
    span = line_of(file, task[0])
    command = inputs.get("command", "buildAndPush").lower()
    names = _names(inputs.get("repository", ""), inputs.get("tags", ""))
    if command == "push":
        return Declared(Verb.PUSH, span, "Docker@2", names)
    if command == "login":
        return Declared(Verb.LOGIN, span, "Docker@2")
    if command not in ("build", "buildandpush"):
        return Declared(Verb.OTHER, span, "Docker@2")
    arguments = inputs.get("arguments", "") if command == "build" else ""
    platforms = tuple(_PLATFORM.findall(arguments))
    pushes = command == "buildandpush" or "--push" in arguments.split()
    dockerfile, context = _dockerfile(inputs, environment)
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
        folder="" if dockerfile is not None else None,
        reasons=("Docker@2 takes no platforms: log in with it, and build in a script with docker buildx build --platform",),
    )


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

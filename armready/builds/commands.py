"""Commands that build an image, as events."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise

from armready.builds import platforms as platform_values
from armready.builds.events import Build, Moment, Name, Output, name_of
from armready.builds.grammar import Invocation
from armready.builds.variables import Environment, expand, has_expansion
from armready.core.startup import regex

_PLATFORM_NAME = regex(r"(?i)platform|buildx|multi_?arch")


def build(call: Invocation, at: Moment) -> Build:
    """A build by docker, podman, buildah or nerdctl."""
    output, pushes, output_names = _output(call, at.environment)
    arguments = [
        word
        for word in call.arguments
        if not (has_expansion(word.text) and not word.text.startswith(('"', "'")) and len(call.arguments) > 1)
    ]
    context = arguments[-1].template if arguments else (call.arguments[-1].template if call.arguments else "")
    dockerfile = call.last("file") or ""
    command = call.command
    heredoc = any(redirect.operator.startswith("<<") for redirect in getattr(command, "redirects", ()))
    tags = tuple(
        name_of(option.value, at.environment, option.value_word) for option in call.options if option.name == "tag" and option.value
    )
    tags += tuple(name_of(each, at.environment) for each in output_names)
    values = call.all("platform")
    hidden_tags, hidden_platforms = _hidden_options(call, at.environment)
    tags += hidden_tags
    values += hidden_platforms
    if call.tool in ("podman", "buildah") and not values:
        values = call.all("arch")
    default = at.environment.get("DOCKER_DEFAULT_PLATFORM", ())
    own = [each.value.template for each in getattr(command, "assignments", ()) if each.name == "DOCKER_DEFAULT_PLATFORM" and each.value]
    named = platform_values.parse(values, at.environment)
    inherited = not named.given and bool(own or default)
    if inherited:
        named = platform_values.parse(own or default, at.environment)
    return Build(
        at,
        tool=call.tool,
        tags=tags,
        platforms=named,
        output=output,
        pushes=pushes,
        dockerfile=dockerfile,
        context=context,
        stdin=context == "-" or dockerfile == "-" or heredoc,
        target=call.last("target") or "",
        arguments=tuple(call.all("build-arg")),
        manifest=call.last("manifest") or "",
        by_digest=any("push-by-digest=true" in each for each in call.all("output")),
        default_platform=inherited,
    )


def _hidden_options(call: Invocation, environment: Environment) -> tuple[tuple[Name, ...], list[str]]:
    """The tags and platforms in words that are variables with options in them (`docker build $ARGS .`)."""
    tags: list[Name] = []
    platforms: list[str] = []
    for word in call.arguments:
        if not has_expansion(word.text) or word.text.startswith(("'", '"')):
            continue
        texts = expand(word.template, environment)
        if len(call.arguments) > 1 and _PLATFORM_NAME.search(word.template) and not any("--platform" in text for text in texts):
            platforms.append("$(" + word.template.strip("${}()") + ")")
        for text in texts:
            parts = text.split()
            for option, value in pairwise(parts):
                if option in ("-t", "--tag"):
                    tags.append(name_of(value.strip("\"'"), environment))
                elif option == "--platform":
                    platforms.append(value)
            tags += [name_of(part.split("=", 1)[1], environment) for part in parts if part.startswith("--tag=")]
            platforms += [part.split("=", 1)[1] for part in parts if part.startswith("--platform=")]
    return tuple(tags), platforms


def _output(call: Invocation, environment: Environment) -> tuple[Output, bool, list[str]]:
    """Where a build puts its result, whether that pushes it, and the names that the output gives."""
    pushes = call.flag("push") or (call.flag("save") and call.tool == "depot")
    output = Output.REGISTRY if pushes else Output.DAEMON if call.flag("load") else Output.DEFAULT
    found: list[str] = []
    for value in (expand(each, environment)[-1] for each in call.all("output")):
        keys = dict(part.split("=", 1) for part in re.findall(r'(?:[^,"]|"[^"]*(?:"|$))+', value) if "=" in part)
        kind = keys.get("type", "local")
        if kind == "registry" or keys.get("push", "").strip('"') not in ("", "false"):
            output, pushes = Output.REGISTRY, True
            found += [each for each in keys.get("name", "").strip('"').split(",") if each]
        elif kind == "docker" and output is Output.DEFAULT and "dest" not in keys:
            output = Output.DAEMON
        elif kind in ("local", "tar", "oci", "docker"):
            output = Output.FILE
        elif kind == "cacheonly":
            output = Output.CACHE
    return output, pushes, found


def kaniko(call: Invocation, at: Moment) -> Build:
    """A build by kaniko's executor."""
    pushes = not call.flag("no-push") and not call.flag("noPush")
    tags = tuple(
        name_of(option.value, at.environment, option.value_word) for option in call.options if option.name == "destination" and option.value
    )
    return Build(
        at,
        tool="kaniko",
        tags=tags,
        platforms=platform_values.parse(call.all("custom-platform", "customPlatform"), at.environment),
        output=Output.REGISTRY if pushes else Output.CACHE,
        pushes=pushes,
        dockerfile=call.last("dockerfile") or "",
        context=call.last("context") or "",
        target=call.last("target") or "",
    )


def buildctl(call: Invocation, at: Moment) -> Build:
    """A build by buildctl."""
    _, pushes, found = _output(call, at.environment)
    for value in call.all("output"):
        name = re.search(r'"name=([^"]+)"|name="([^"]+)"|name=([^",]+)', value)
        found = [*found, *((name[1] or name[2] or name[3]).split(",") if name else ())]
    options = dict(each.split("=", 1) for each in call.all("opt", "frontend-opt") if "=" in each)
    local = dict(each.split("=", 1) for each in call.all("local") if "=" in each)
    return Build(
        at,
        tool="buildctl",
        tags=tuple(name_of(each, at.environment) for each in dict.fromkeys(found)),
        platforms=platform_values.parse([options["platform"]] if "platform" in options else [], at.environment),
        output=Output.REGISTRY if pushes else Output.FILE if call.all("output") else Output.DEFAULT,
        pushes=pushes,
        dockerfile=posixpath.join(local.get("dockerfile", ""), options.get("filename", "Dockerfile")),
        context=local.get("context", ""),
        target=options.get("target", ""),
    )

"""Invocations of container tools as events: one function for each effect of the table in `container_tools`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from armready.builds import commands
from armready.builds import platforms as platform_values
from armready.builds.container_tools import Effect
from armready.builds.events import (
    Bake,
    Build,
    Call,
    Deploy,
    Event,
    Login,
    Merge,
    Moment,
    Name,
    Output,
    Pull,
    Push,
    Setup,
    Tag,
    Use,
    name_of,
)
from armready.builds.grammar import Invocation
from armready.builds.paths import path_from
from armready.builds.publishers import Publication, described_in, goreleaser_files, publication
from armready.builds.variables import expand
from armready.knowledge.emulators import registers_emulators
from armready.languages.shell.script import Word

# Services whose machines are x86-64 alone, by the words of the command that gives them an image.
_X86_SERVICES = (
    ("run deploy", "Cloud Run"),
    ("run jobs", "Cloud Run"),
    ("run services", "Cloud Run"),
    ("containerapp ", "Azure Container Apps"),
    ("container create", "Azure Container Instances"),
    ("webapp ", "Azure App Service"),
)
_RUN_IMAGE = frozenset({"--image", "-i", "--docker-custom-image-name", "--container-image-name", "--deployment-container-image-name"})


def tool_events(call: Invocation, at: Moment) -> Iterator[Event]:
    """What an invocation does to images and builders."""
    make = _EFFECTS.get(call.usage.effect)
    return iter(()) if make is None else make(call, at)


def published(tool: str, found: Publication, at: Moment) -> Build:
    """A build by a command that pushes by itself."""
    return Build(
        at,
        tool=tool,
        tags=tuple(name_of(each, at.environment) for each in found.names),
        platforms=platform_values.parse(found.platforms, at.environment),
        output=Output.REGISTRY,
        pushes=True,
        stdin=True,
        described_in=described_in(at.folder, found.described_in),
    )


def _names(words: Sequence[Word], at: Moment) -> tuple[Name, ...]:
    return tuple(name_of(word.template, at.environment, word) for word in words)


def _build(call: Invocation, at: Moment) -> Iterator[Event]:
    yield commands.build(call, at)


def _kaniko(call: Invocation, at: Moment) -> Iterator[Event]:
    yield commands.kaniko(call, at)


def _buildctl(call: Invocation, at: Moment) -> Iterator[Event]:
    yield commands.buildctl(call, at)


def _publish(call: Invocation, at: Moment) -> Iterator[Event]:
    found = publication(call, at.environment)
    if found is not None:
        yield published(call.tool, found, at)


def _release(call: Invocation, at: Moment) -> Iterator[Event]:
    for path in goreleaser_files(call):
        yield Call(at, runner="goreleaser", path=path_from(at.folder, path, at.environment))


def _pass_on(call: Invocation, at: Moment) -> Iterator[Event]:
    """`gcloud docker -- push X`."""
    inner = [word for word in call.words[2:] if word.template != "--"]
    if inner and inner[0].template in ("push", "pull"):
        yield Push(at, name=_names(inner[1:2], at)[0]) if inner[0].template == "push" and len(inner) > 1 else Login(at)


def _tag(call: Invocation, at: Moment) -> Iterator[Event]:
    if len(call.arguments) >= 2:
        every = _names(call.arguments, at)
        yield Tag(at, source=every[0], names=every[1:])


def _push(call: Invocation, at: Moment) -> Iterator[Event]:
    if not call.arguments:
        return
    every = _names(call.arguments, at)
    many = call.flag("all") or call.flag("all-platforms")
    if call.tool in ("podman", "buildah") and len(every) > 1:
        # `podman push $ARGUMENTS LOCAL REMOTE`: it takes two names at most.
        yield Push(at, name=every[-1], source=every[-2], all_platforms=many)
        return
    # `docker push $ARGUMENTS NAME`: a push takes one name, so what stands before it are options.
    yield Push(at, name=every[-1], every_tag=call.flag("all-tags") or call.flag("a"), all_platforms=many)


def _pull(call: Invocation, at: Moment) -> Iterator[Event]:
    if call.arguments:
        yield Pull(at, name=_names(call.arguments[:1], at)[0])


def _login(call: Invocation, at: Moment) -> Iterator[Event]:
    del call
    yield Login(at)


def _merge(call: Invocation, at: Moment) -> Iterator[Event]:
    if call.verb.endswith("push") and call.arguments:
        yield Merge(at, names=_names(call.arguments, at)[:1])
        return
    tags = tuple(name_of(value, at.environment) for value in call.all("tag"))
    yield Merge(at, names=tags or _names(call.arguments[:1], at), sources=_names(call.arguments, at))


def _create_builder(call: Invocation, at: Moment) -> Iterator[Event]:
    driver = call.last("driver") or "docker-container"
    yield Setup(at, kind="builder", detail=driver, named=_first_argument(call))


def _use_builder(call: Invocation, at: Moment) -> Iterator[Event]:
    yield Setup(at, kind="use-builder", named=_first_argument(call))


def _install_buildx(call: Invocation, at: Moment) -> Iterator[Event]:
    del call
    yield Setup(at, kind="install")


def _context(call: Invocation, at: Moment) -> Iterator[Event]:
    yield Setup(at, kind="context", named=_first_argument(call))


def _first_argument(call: Invocation) -> str:
    return call.arguments[0].template if call.arguments else ""


def _copy(call: Invocation, at: Moment) -> Iterator[Event]:
    """`skopeo copy` from the local storage to a registry."""
    source, target = (word.template for word in call.arguments[:2]) if len(call.arguments) >= 2 else ("", "")
    local = re.match(r"(?:docker-daemon|containers-storage):(.+)$", source)
    if local and target.startswith("docker://"):
        wide = call.flag("all") or call.last("multi-arch") == "all"
        name = name_of(target, at.environment, call.arguments[1])
        yield Push(at, name=name, source=name_of(local[1], at.environment), all_platforms=wide)


def _deploy(call: Invocation, at: Moment) -> Iterator[Event]:
    """`aws lambda update-function-code --image-uri X` and its like."""
    texts = [word.template for word in call.words]
    images = [value for option, value in pairwise(texts) if option == "--image-uri"]
    images += [found[1] for text in texts for found in re.finditer(r"(?:ImageUri|--image-uri|Image)=([^,\s]+)", text)]
    if images:
        service = "AWS Lambda" if call.verb == "lambda" else "SageMaker"
        yield Deploy(at, names=tuple(name_of(each, at.environment) for each in images), service=service)


def _deploy_on_x86(call: Invocation, at: Moment) -> Iterator[Event]:
    """`gcloud run deploy --image X` and its like: services that have no arm64 machines."""
    texts = [word.template for word in call.words]
    service = next((name for words, name in _X86_SERVICES if words in " ".join(texts[1:6])), "")
    images = [value for option, value in pairwise(texts) if option in _RUN_IMAGE]
    images += [value for option, _, value in (text.partition("=") for text in texts) if option in _RUN_IMAGE and value]
    if service and images:
        yield Deploy(at, names=tuple(name_of(each, at.environment) for each in images), service=service, takes_index=True)


def _bake(call: Invocation, at: Moment) -> Iterator[Event]:
    what = call.verb.rpartition(" ")[2]
    sets = call.all("set")
    given = [each.split("=", 1)[1] for each in sets if re.match(r"[^=]*\.platform=", each)]
    yield Bake(
        at,
        verb=what if what == "bake" else f"compose {what}",
        files=tuple(call.all("file")),
        targets=tuple(word.template for word in call.arguments),
        pushes=what == "push" or call.flag("push") or any("type=registry" in each or "push=true" in each for each in sets),
        platforms=platform_values.parse(given, at.environment),
        loads=call.flag("load"),
    )


def _start(call: Invocation, at: Moment) -> Iterator[Event]:
    """`docker compose up`, which runs what a file names."""
    yield Use(at, verb=call.verb)


def _use(call: Invocation, at: Moment) -> Iterator[Event]:
    texts = [expand(word.template, at.environment)[-1] for word in call.words]
    if call.verb in ("run", "container run") and any(map(registers_emulators, texts)):
        image = next(filter(registers_emulators, texts))
        yield Setup(at, kind="emulator", detail=" ".join([image, *texts[texts.index(image) + 1 :]]))
        return
    yield Use(at, names=_names(call.arguments, at), verb=call.verb)


def _inspect(call: Invocation, at: Moment) -> Iterator[Event]:
    yield Use(at, names=_names(call.arguments, at), verb=call.tool)


_EFFECTS: Mapping[Effect, Callable[[Invocation, Moment], Iterator[Event]]] = {
    Effect.BAKE: _bake,
    Effect.BUILD: _build,
    Effect.BUILD_BY_BUILDCTL: _buildctl,
    Effect.BUILD_BY_KANIKO: _kaniko,
    Effect.CONTEXT: _context,
    Effect.COPY: _copy,
    Effect.CREATE_BUILDER: _create_builder,
    Effect.DEPLOY: _deploy,
    Effect.DEPLOY_ON_X86: _deploy_on_x86,
    Effect.INSPECT: _inspect,
    Effect.INSTALL_BUILDX: _install_buildx,
    Effect.LOGIN: _login,
    Effect.MERGE: _merge,
    Effect.PASS_ON: _pass_on,
    Effect.PUBLISH: _publish,
    Effect.PULL: _pull,
    Effect.PUSH: _push,
    Effect.RELEASE: _release,
    Effect.START: _start,
    Effect.TAG: _tag,
    Effect.USE: _use,
    Effect.USE_BUILDER: _use_builder,
}

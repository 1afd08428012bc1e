"""The container tools: the programs of each, and what each of their verbs does to images and takes as options.

This is the one table of them. A command is read by it (`grammar`), becomes an event by it (`tool_events`), and a file in which nothing
of it stands is not parsed (`build_words`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from armready.builds import options
from armready.builds.options import Syntax, words


class Effect(StrEnum):
    """What a verb does."""

    BAKE = "bake"
    BUILD = "build"
    BUILD_BY_BUILDCTL = "build-by-buildctl"
    BUILD_BY_KANIKO = "build-by-kaniko"
    CONTEXT = "context"
    COPY = "copy"
    CREATE_BUILDER = "create-builder"
    DEPLOY = "deploy"
    DEPLOY_ON_X86 = "deploy-on-x86"
    INSPECT = "inspect"
    INSTALL_BUILDX = "install-buildx"
    LOGIN = "login"
    MERGE = "merge"
    NOTHING = "nothing"
    PASS_ON = "pass-on"
    PUBLISH = "publish"
    PULL = "pull"
    PUSH = "push"
    RELEASE = "release"
    START = "start"
    TAG = "tag"
    USE = "use"
    USE_BUILDER = "use-builder"


class Usage(NamedTuple):
    """What a verb does, and how its options are read.

    Attributes:
        effect: what it does.
        syntax: how its options are read.
    """

    effect: Effect
    syntax: Syntax


class _Row(NamedTuple):
    """Verbs of tools: `*` stands for any word, and the verb is empty where a tool does one thing and takes none."""

    tools: str
    verbs: tuple[str, ...]
    effect: Effect
    syntax: Syntax = options.OTHER


PROGRAMS = {
    "docker": "docker", "docker.exe": "docker", "docker-compose": "compose", "podman-compose": "compose", "docker-buildx": "buildx",
    "podman": "podman", "podman-remote": "podman", "buildah": "buildah", "nerdctl": "nerdctl", "nerdctl.lima": "nerdctl",
    "finch": "nerdctl", "buildctl": "buildctl", "buildctl-daemonless.sh": "buildctl", "img": "img", "depot": "depot", "kaniko": "kaniko",
    "crane": "crane", "gcrane": "crane", "skopeo": "skopeo", "regctl": "regctl", "oras": "oras", "manifest-tool": "manifest-tool",
    "ko": "ko", "pack": "pack", "skaffold": "skaffold", "goreleaser": "goreleaser", "az": "az", "gcloud": "gcloud", "oc": "oc",
    "aws": "aws", "trivy": "trivy", "grype": "grype", "syft": "syft", "cosign": "cosign", "dive": "dive",
    "container-structure-test": "container-structure-test", "dgoss": "dgoss", "kind": "kind", "minikube": "minikube", "k3d": "k3d",
    "microk8s": "microk8s",
}  # fmt: skip
"""The programs of the tools, each with its tool."""
KANIKO = frozenset({"/kaniko/executor", "/kaniko/warmer", "executor"})
"""How the programs of kaniko stand in a command."""

_DOCKERS = "docker podman nerdctl buildah img depot"
_WITH_BUILDX = "docker podman nerdctl"
_BUILDING = ("build", "image build", "builder build", "buildx build", "buildx b", "bud", "image b")
_ROWS = (
    _Row("docker nerdctl img depot", _BUILDING, Effect.BUILD, options.DOCKER_BUILD),
    _Row("podman buildah", _BUILDING, Effect.BUILD, options.PODMAN_BUILD),
    _Row(_DOCKERS, ("compose build", "compose push"), Effect.BAKE, options.COMPOSE_BUILD),
    _Row(_DOCKERS, ("compose run", "compose up"), Effect.START, options.COMPOSE_BUILD),
    _Row(_DOCKERS, ("compose *",), Effect.NOTHING, options.COMPOSE_BUILD),
    _Row(_DOCKERS, ("buildx bake", "bake"), Effect.BAKE, options.BAKE),
    _Row(_DOCKERS, ("run", "create", "container run", "container create"), Effect.USE, options.RUN),
    _Row(_WITH_BUILDX, ("context create", "context use"), Effect.CONTEXT),
    _Row(_WITH_BUILDX, ("buildx create",), Effect.CREATE_BUILDER, options.CREATE_BUILDER),
    _Row(_WITH_BUILDX, ("buildx use", "buildx inspect"), Effect.USE_BUILDER),
    _Row(_WITH_BUILDX, ("buildx install",), Effect.INSTALL_BUILDX),
    _Row(
        _DOCKERS,
        ("manifest inspect", "manifest rm", "manifest exists", "manifest annotate", "buildx imagetools *"),
        Effect.NOTHING,
        options.MANIFEST,
    ),
    _Row(_DOCKERS, ("manifest *", "buildx imagetools create"), Effect.MERGE, options.MANIFEST),
    _Row("crane regctl", ("index append", "index create"), Effect.MERGE, options.CRANE),
    _Row("manifest-tool", ("",), Effect.MERGE),
    _Row("pack", ("manifest create", "manifest add"), Effect.MERGE, options.PACK),
    _Row(f"{_DOCKERS} oc", ("tag", "image tag"), Effect.TAG),
    _Row("crane regctl oras", ("tag",), Effect.TAG),
    _Row(f"{_DOCKERS} crane oras", ("push", "image push"), Effect.PUSH, options.PUSH),
    _Row(f"{_DOCKERS} crane oras", ("pull", "image pull"), Effect.PULL, options.PULL),
    _Row(_DOCKERS, ("save", "image save"), Effect.USE, options.SAVE),
    _Row(_DOCKERS, ("load", "image load"), Effect.USE, options.LOAD),
    _Row(f"{_DOCKERS} crane oras skopeo oc ko regctl az gcloud", ("login",), Effect.LOGIN, options.LOGIN),
    _Row("kaniko", ("",), Effect.BUILD_BY_KANIKO, options.KANIKO),
    _Row("buildctl", ("build",), Effect.BUILD_BY_BUILDCTL, options.BUILDCTL),
    _Row("pack", ("build",), Effect.PUBLISH, options.PACK),
    _Row("ko", ("build", "publish", "apply", "create", "resolve", "run"), Effect.PUBLISH, options.KO),
    # `run` builds, pushes and deploys; `dev` and `debug` are for the machine of one person.
    _Row("skaffold", ("build", "run"), Effect.PUBLISH, options.SKAFFOLD),
    _Row("az", ("acr build",), Effect.PUBLISH),
    _Row("gcloud", ("builds submit",), Effect.PUBLISH),
    _Row("gcloud", ("docker",), Effect.PASS_ON),
    _Row("goreleaser", ("*",), Effect.RELEASE, options.GORELEASER),
    _Row("skopeo", ("copy",), Effect.COPY, options.SKOPEO),
    _Row("aws", ("lambda", "sagemaker"), Effect.DEPLOY),
    _Row("gcloud", ("run", "beta", "alpha"), Effect.DEPLOY_ON_X86),
    _Row("az", ("containerapp", "container", "webapp"), Effect.DEPLOY_ON_X86),
    _Row(
        _DOCKERS,
        (
            *words("cp inspect export history rmi scan scout commit images diff mount unshare"),
            *("image inspect", "image rm", "image history", "image ls"),
        ),
        Effect.USE,
    ),
    _Row("grype syft dive container-structure-test dgoss", ("",), Effect.INSPECT),
    _Row("trivy kind minikube k3d microk8s cosign", ("*",), Effect.INSPECT),
)

_ANY = "*"
_SHORT_NAME = 4
# Tools that mostly do other things: their verbs tell more than their names.
_MOSTLY_OTHER = frozenset({"aws", "az", "gcloud"})
# What changes no image, or speaks of one: `--image`.
_WITHOUT_NEEDLE = frozenset(
    [
        *(Effect.INSPECT, Effect.LOGIN, Effect.NOTHING, Effect.PASS_ON, Effect.PULL, Effect.START, Effect.TAG, Effect.USE),
        *(Effect.DEPLOY, Effect.DEPLOY_ON_X86),
    ]
)


@cache
def _usages() -> Mapping[tuple[str, str], Usage]:
    """Tool and verb -> usage."""
    found: dict[tuple[str, str], Usage] = {}
    for row in _ROWS:
        for tool in row.tools.split():
            for verb in row.verbs:
                found[tool, verb] = Usage(row.effect, row.syntax)
    return found


def usage_of(tool: str, verb: str) -> Usage:
    """What a verb does; verbs that the table does not name do nothing to images."""
    usages = _usages()
    for key in (verb, f"{verb.partition(' ')[0]} {_ANY}", f"{verb.rpartition(' ')[0]} {_ANY}", _ANY):
        if (tool, key) in usages:
            return usages[tool, key]
    return Usage(Effect.NOTHING, options.OTHER)


@cache
def groups(tool: str) -> frozenset[str]:
    """The words behind which the verb of a tool goes on: `image`, `buildx`, `buildx imagetools`."""
    return frozenset(verb.rpartition(" ")[0] for of, verb in _usages() if of == tool and " " in verb)


def has_verb(tool: str) -> bool:
    """Whether a verb comes first; false where a tool does one thing."""
    return (tool, "") not in _usages()


def build_words() -> tuple[str, ...]:
    """Texts of which one stands in every script that says what images are built, pushed or joined, or that sets a builder up."""
    acting = {(tool, verb) for row in _ROWS if row.effect not in _WITHOUT_NEEDLE for tool in row.tools.split() for verb in row.verbs}
    tools = {tool for tool, _ in acting} - _MOSTLY_OTHER
    named = (f"{program} " if len(program) <= _SHORT_NAME else program for program, tool in PROGRAMS.items() if tool in tools)
    return (*named, *(verb for tool, verb in acting if tool in _MOSTLY_OTHER), *KANIKO, *options.TOOL_VARIABLES)

"""Commands that build and push by themselves, without a Dockerfile's options: pack, ko, skaffold, `az acr build` and others."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from armready.builds import references
from armready.builds.facts import BakePlatforms
from armready.builds.grammar import Invocation
from armready.core.file import File
from armready.core.startup import dataclass
from armready.languages.yaml.nodes import Node, key_of, pairs, parse_yaml, strings, walk

PUBLISHERS = {
    "skaffold": "give it `--platform=linux/amd64,linux/arm64`, or set build.platforms in its configuration",
    "ko": "give it `--platform=linux/amd64,linux/arm64`, or set defaultPlatforms in .ko.yaml",
    "pack": "pack builds one platform per run: run it with `--platform` for both under tags of their own, then `pack manifest create`",
    "az": "`az acr build` takes one value of `--platform`: run it for both under tags of their own, then `docker buildx imagetools create`",
    "jib": "name both platforms under jib.from.platforms of the build file; the base image must be an index",
    "spring-boot": "its imagePlatform is one platform: publish both under tags of their own, then `docker buildx imagetools create`",
    "gcloud": "`gcloud builds submit --tag` builds one platform: give it a cloudbuild.yaml that runs docker buildx",
}
# Where GoReleaser looks for its configuration.
GORELEASER_FILES = (
    ".config/goreleaser.yml",
    ".config/goreleaser.yaml",
    ".goreleaser.yml",
    ".goreleaser.yaml",
    "goreleaser.yml",
    "goreleaser.yaml",
)
# Those that take both platforms at once in an option behind their verb, and what the fix rests on.
WIDENED = {
    "ko": "ko compiles for arm64 itself: the base image must have arm64, and the program must do without cgo",
    "skaffold": "The machine needs QEMU for what the Dockerfiles run",
}
_LOCAL_CLUSTERS = ("kind-", "k3d-", "minikube", "docker-desktop", "docker-for-desktop")
_KEYS = frozenset({"platforms", "defaultPlatforms"})


@dataclass(frozen=True, slots=True)
class Publication:
    """An image that a command builds and pushes.

    Attributes:
        names: the references, as far as the command names them.
        platforms: the values it gives; () where it gives none.
        described_in: the file that may name platforms instead, relative to the working folder.
    """

    names: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    described_in: str = ""


def publication(call: Invocation, environment: Mapping[str, tuple[str, ...]]) -> Publication | None:
    """What a command with the effect of publishing publishes; None where it only builds, or stays on the machine."""
    platforms = tuple(call.all("platform"))
    if call.tool == "pack":
        first = tuple(word.template for word in call.arguments[:1])
        return Publication((*first, *call.all("tag")), platforms) if call.flag("publish") else None
    if call.tool == "skaffold":
        described = call.last("filename", "file", "f") or "skaffold.yaml"
        return None if _stays_local(call, environment) else Publication((), platforms, described)
    if call.tool == "ko":
        repository = environment.get("KO_DOCKER_REPO", ("",))[-1].strip("\"'")
        if call.flag("local") or call.last("push") == "false" or repository.startswith(("ko.local", "kind.local", "localhost")):
            return None
        return Publication((), platforms or environment.get("KO_DEFAULTPLATFORMS", ()), ".ko.yaml")
    if call.tool == "az":
        return Publication((*call.all("image"), *call.all("tag")), platforms)
    names = tuple(call.all("tag"))
    return Publication(names) if names else None


def _stays_local(call: Invocation, environment: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether skaffold is told not to push, or may deploy to a cluster on the same machine: `run` without a registry is for tests too."""
    registry = call.last("default-repo", "d") or environment.get("SKAFFOLD_DEFAULT_REPO", ("",))[-1]
    context = call.last("kube-context") or ""
    if call.last("push") == "false" or call.flag("dry-run") or (call.verb == "run" and not registry):
        return True
    return context.startswith(_LOCAL_CLUSTERS) or bool(registry and references.is_test_registry(f"{registry}/"))


def goreleaser_files(call: Invocation) -> tuple[str, ...]:
    """The configurations of which a command of GoReleaser takes one; () where it pushes nothing."""
    words = {word.template for word in call.words}
    if "release" not in words or words & {"--snapshot", "--skip-publish", "--skip=publish"}:
        return ()
    return tuple(call.all("config", "f")) or GORELEASER_FILES


def described_in(folder: str | None, path: str) -> tuple[str, ...]:
    """The path of a configuration relative to the root, when it is known."""
    if folder is None or not path or "$" in path:
        return ()
    found = posixpath.normpath(posixpath.join(folder, path))
    return () if found.startswith("..") else (found,)


def described_platforms(file: File) -> Iterator[BakePlatforms]:
    """The collector of what skaffold and ko read: the platforms that a file names anywhere."""
    values = tuple(text for root in file.parse(parse_yaml) for text in _named(root))
    if values:
        yield BakePlatforms(values)


def _named(root: Node) -> Iterator[str]:
    for node in walk(root):
        for key, value in pairs(node):
            if key_of(key) in _KEYS:
                yield from strings(value)

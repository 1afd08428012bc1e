"""Image references: `[registry/]path[:tag][@digest]`, with the names of one image made equal and unresolved variables marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

from armready.core.startup import dataclass, regex

DOCKER_HUB = "docker.io"

_HUB_ALIASES = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_HUB_MIRRORS = ("public.ecr.aws/docker", "mirror.gcr.io")
_DEPENDENCY_PROXY = regex(r"\$\{?CI_DEPENDENCY_PROXY_(?:DIRECT_)?GROUP_IMAGE_PREFIX\}?/")
_VARIABLE = regex(r"\$\{[^{}]*\}|\$\([^()]*\)|\$\w+|\{\{[^{}]*\}\}|<<[^<>]*>>|<[^<>]*>|%\w+%|@\w+@")
_MARK = "\x00"


@dataclass(frozen=True, slots=True)
class Reference:
    """One image reference.

    Attributes:
        text: as written.
        registry: `docker.io` for Docker Hub and its mirrors; empty when a variable stands for it.
        repository: the path in the registry, on Docker Hub always with a namespace (`library/debian`).
        tag: as written, None when there is none.
        digest: `sha256:...`, None when there is none.
        name: the text before tag and digest, as written.
        unresolved: which of "registry", "repository", "tag", "digest" hold a variable.
    """

    text: str
    registry: str
    repository: str
    tag: str | None
    digest: str | None
    name: str
    unresolved: frozenset[str] = frozenset()

    @classmethod
    @lru_cache(4096)
    def parse(cls, text: str, mirrors: tuple[str, ...] = ()) -> Reference:
        """Read a reference. Never fails: what makes no sense has no facts either.

        Args:
            text: the reference; `$REG/app:${TAG}`, Helm's `{{ }}` and the like are variables nobody resolved.
            mirrors: registry prefixes that mirror Docker Hub.
        """
        masked = _VARIABLE.sub(lambda match: _MARK * len(match[0]), text)
        named, _, digest = _cut(masked, "@", masked.find("@"))
        colon = named.find(":", named.rfind("/") + 1)
        path, _, tag = _cut(named, ":", colon)
        name = text[: len(path)]
        unresolved = {part for part, value in (("tag", tag), ("digest", digest)) if _MARK in value}
        registry, repository = _located(name, path, mirrors)
        if not registry:
            unresolved.add("registry")
        if _VARIABLE.search(repository):
            unresolved.add("repository")
        return cls(
            text=text,
            registry=registry,
            repository=repository,
            tag=text[len(path) + 1 : len(named)] if colon >= 0 else None,
            digest=text[len(named) + 1 :] or None,
            name=name,
            unresolved=frozenset(unresolved),
        )

    @property
    def familiar(self) -> str:
        """The name people use, without tag: `debian`, `bitnami/redis`, `quay.io/org/app`, `$REG/app`."""
        if self.registry == DOCKER_HUB:
            return self.repository.removeprefix("library/")
        return f"{self.registry}/{self.repository}" if self.registry else self.name

    @property
    def official(self) -> str | None:
        """The name of an official image of Docker Hub (namespace `library`), else None."""
        hub = self.registry == DOCKER_HUB and self.repository.startswith("library/") and "repository" not in self.unresolved
        return self.repository.removeprefix("library/") if hub else None

    @property
    def known_tag(self) -> str | None:
        """The tag that is pulled: `latest` where none is written; None when a variable or a digest alone decides."""
        if "tag" in self.unresolved or (self.tag is None and self.digest):
            return None
        return self.tag or "latest"

    @property
    def short(self) -> str:
        """For messages: name and tag as written, without the digest."""
        return self.name if self.tag is None else f"{self.name}:{self.tag}"

    def with_tag(self, tag: str | None) -> Reference:
        """The same image under another tag, spelled as in the text; without a digest, which names other content."""
        text = self.name if tag is None else f"{self.name}:{tag}"
        return replace(self, text=text, tag=tag, digest=None, unresolved=self.unresolved - {"tag", "digest"})


def _cut(text: str, mark: str, at: int) -> tuple[str, str, str]:
    return (text, "", "") if at < 0 else (text[:at], mark, text[at + 1 :])


def _located(name: str, masked: str, mirrors: Iterable[str]) -> tuple[str, str]:
    """Registry and repository. The registry is the first component with a dot or a port, or localhost; empty behind a variable."""
    proxied = _DEPENDENCY_PROXY.match(name)
    if proxied:
        return DOCKER_HUB, _on_hub(name[proxied.end() :])
    for mirror in (*mirrors, *_HUB_MIRRORS):
        prefix = mirror.rstrip("/") + "/"
        if name.startswith(prefix):
            return DOCKER_HUB, _on_hub(name[len(prefix) :])
    first, slash, _ = masked.partition("/")
    if not slash:
        return DOCKER_HUB, name if _MARK in masked else _on_hub(name)
    path = name[len(first) + 1 :]
    if "/docker.io/" in masked:
        return DOCKER_HUB, _on_hub(name.partition("/docker.io/")[2])
    if _MARK in first:
        return "", path
    registry = name[: len(first)]
    if registry in _HUB_ALIASES:
        return DOCKER_HUB, _on_hub(path)
    if "." in registry or ":" in registry or registry == "localhost":
        return ("registry.k8s.io" if registry == "k8s.gcr.io" else registry), path
    return DOCKER_HUB, name


def _on_hub(path: str) -> str:
    return path if "/" in path else f"library/{path}"


class Where(StrEnum):
    """The part of a reference that names an architecture."""

    NAMESPACE = "namespace"
    TAG = "tag"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True)
class ArchName:
    """An architecture in an image's name.

    Attributes:
        arch: `amd64`, `386`, `arm64`, `arm`, `ppc64le`, `s390x`, `riscv64`, `mips64le`.
        token: what says so, with its separator: `-amd64`, `amd64/`.
        where: the part it stands in.
        stripped: the reference without token and digest; None when nothing sensible is left or no such name is known.
        known: facts say that this image's names work so; else it is deduced from the name alone.
        advice: what the facts recommend; may be empty.
    """

    arch: str
    token: str
    where: Where
    stripped: Reference | None
    known: bool = False
    advice: str = ""


# Namespaces of Docker Hub with images for one architecture, and what names one in tags and repositories.
HUB_NAMESPACES = {
    "amd64": "amd64", "i386": "386", "arm64v8": "arm64", "arm32v5": "arm", "arm32v6": "arm", "arm32v7": "arm", "ppc64le": "ppc64le",
    "s390x": "s390x", "riscv64": "riscv64", "mips64le": "mips64le", "winamd64": "amd64",
}  # fmt: skip
ARCH_TOKENS = {
    "amd64": "amd64", "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "386": "386", "i386": "386", "i686": "386",
    "arm64": "arm64", "arm64v8": "arm64", "aarch64": "arm64", "arm32v5": "arm", "arm32v6": "arm", "arm32v7": "arm", "armhf": "arm",
    "armv7": "arm", "ppc64le": "ppc64le", "s390x": "s390x", "riscv64": "riscv64",
}  # fmt: skip
_TOKEN = "|".join(sorted(map(re.escape, ARCH_TOKENS), key=len, reverse=True))
_NOT_A_TARGET = r"(?![-_](?:unknown|pc|linux|musl|gnu|apple|w64|none|elf)(?:[-_]|$))"
_SUFFIX = regex(rf"[-_.](?:linux[-_])?({_TOKEN})$", re.IGNORECASE)
_PREFIX = regex(rf"^(?:linux[-_])?({_TOKEN}){_NOT_A_TARGET}[-_.]", re.IGNORECASE)
_INFIX = regex(rf"-(amd64|x86_64|arm64|aarch64){_NOT_A_TARGET}(?=-)", re.IGNORECASE)
_WHOLE = regex(rf"^(?:linux[-_])?({_TOKEN})$", re.IGNORECASE)
_HOST_AND_TARGET = regex(rf"^(?:{_TOKEN})-(?:{_TOKEN})(?:-|$)")


def spelled_arch(reference: Reference) -> ArchName | None:
    """The architecture that the name itself spells out, by its form alone."""
    return _in_namespace(reference) or _in_tag(reference) or _in_repository(reference)


def _in_namespace(reference: Reference) -> ArchName | None:
    namespace, _, rest = reference.repository.partition("/")
    if reference.registry != DOCKER_HUB or namespace not in HUB_NAMESPACES or not rest:
        return None
    before, _, _ = reference.name.rpartition(f"{namespace}/")
    plain = None if "repository" in reference.unresolved else _retagged(before + rest, reference.tag)
    return ArchName(HUB_NAMESPACES[namespace], f"{namespace}/", Where.NAMESPACE, plain, known=True)


def _in_tag(reference: Reference) -> ArchName | None:
    tag = reference.tag
    if not tag or _HOST_AND_TARGET.match(tag):
        return None
    for pattern in (_SUFFIX, _PREFIX, _INFIX, _WHOLE):
        match = pattern.search(tag)
        if match is None:
            continue
        rest = tag[: match.start()] + tag[match.end() :]
        unclear = "tag" in reference.unresolved and not rest
        return ArchName(ARCH_TOKENS[match[1].lower()], match[0], Where.TAG, None if unclear else _retagged(reference.name, rest or None))
    return None


def _in_repository(reference: Reference) -> ArchName | None:
    parts = reference.repository.split("/")
    for index in reversed(range(len(parts))):
        part = parts[index]
        match = _SUFFIX.search(part) or _PREFIX.search(part) or _WHOLE.search(part)
        if match is None or match[1] in ("386", "x64"):
            continue
        rest = part[: match.start()] + part[match.end() :]
        plain = "/".join(parts[:index] + ([rest] if rest else []) + parts[index + 1 :])
        before = reference.name.removesuffix(reference.repository)
        stripped = _retagged(before + plain, reference.tag) if plain and before != reference.name else None
        return ArchName(ARCH_TOKENS[match[1].lower()], match[0], Where.REPOSITORY, stripped)
    return None


def _retagged(name: str, tag: str | None) -> Reference:
    return Reference.parse(name if tag is None else f"{name}:{tag}")

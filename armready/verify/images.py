"""Which images a repository builds: from its pipelines and descriptions, and from Dockerfiles that none of them names."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from armready.builds.facts import ImageBuild
from armready.builds.variables import has_expansion
from armready.core.classify import Kind
from armready.core.facts import DockerfileFact
from armready.core.startup import dataclass

if TYPE_CHECKING:
    from armready.core.results import FileResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image to build.

    Attributes:
        dockerfile: its path relative to the root.
        context: likewise, of a folder.
        target: the stage that is built; empty for the last one.
        arguments: the build arguments that are known, `NAME=value`.
        source: the file that says so; empty for a Dockerfile that none names, which is built with its folder as the context.
    """

    dockerfile: str
    context: str
    target: str = ""
    arguments: tuple[str, ...] = ()
    source: str = ""

    @property
    def title(self) -> str:
        """The image in a report."""
        return f"{self.dockerfile} ({self.target})" if self.target else self.dockerfile


def images_of(results: Mapping[str, FileResult], dockerfiles: Collection[str] | None = None) -> list[Image]:
    """The images of a repository, each once, in the order of their Dockerfiles.

    Args:
        results: of the first pass over all of it.
        dockerfiles: only these; None for all.
    """
    known = [path for path, result in results.items() if result.kind is Kind.DOCKERFILE and _is_built(result)]
    found: dict[tuple[str, str, str, tuple[str, ...]], Image] = {}
    for each in _described(results, known):
        found.setdefault((each.dockerfile, each.context, each.target, each.arguments), each)
    named = {each.dockerfile for each in found.values()}
    alone = [Image(dockerfile=path, context=posixpath.dirname(path) or ".") for path in known if path not in named]
    every = [*found.values(), *alone]
    return sorted(
        (each for each in every if dockerfiles is None or each.dockerfile in dockerfiles), key=lambda each: (each.dockerfile, each.target)
    )


def _is_built(result: FileResult) -> bool:
    """Whether a Dockerfile can be built as it stands: it has stages for Linux, and nothing has to be filled in first."""
    facts: list[DockerfileFact] = result.facts.of(DockerfileFact)
    return any(fact.stages and not fact.is_template and not fact.stages[-1].is_windows for fact in facts)


def _described(results: Mapping[str, FileResult], known: Collection[str]) -> Iterator[Image]:
    for path, result in results.items():
        builds: list[ImageBuild] = result.facts.of(ImageBuild)
        for build in builds:
            inputs = build.inputs
            if inputs.dockerfile in known and inputs.dockerfile is not None and inputs.context is not None:
                yield Image(
                    dockerfile=inputs.dockerfile,
                    context=inputs.context,
                    target="" if has_expansion(inputs.target) else inputs.target,
                    arguments=tuple(each for each in inputs.arguments if not _is_architecture(each)),
                    source=path,
                )


def _is_architecture(argument: str) -> bool:
    """Whether an argument overrides what BuildKit sets for each platform."""
    return argument.partition("=")[0] in (
        "TARGETPLATFORM",
        "TARGETARCH",
        "TARGETOS",
        "TARGETVARIANT",
        "BUILDPLATFORM",
        "BUILDARCH",
        "BUILDOS",
    )

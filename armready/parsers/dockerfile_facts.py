"""What other files need to know of a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.facts import DockerfileFact, ImageFact, StageFact
from armready.file import File
from armready.parsers.dockerfile import Dockerfile, Instruction, parse_dockerfile
from armready.parsers.dockerfile_images import ImageUse, Role, image_uses
from armready.parsers.dockerfile_stages import PlatformKind, Stage
from armready.source import Location

# Commands that take many times as long under emulation, or fail there (.NET).
_HEAVY = re.compile(
    r"(?<![\w./-])(?:cargo\s+(?:\+\S+\s+)?(?:build|install)|go\s+(?:build|install|test)|dotnet\s+(?:build|publish|test|restore)|make|ninja|meson"
    r"|cmake\s+--build|bazel(?:isk)?\s+(?:build|test)|(?:\./)?mvnw?|(?:\./)?gradlew?|sbt|gcc|g\+\+|clang|swift\s+build|ghc|cabal|stack\s+build|rustc"
    r"|(?:npm|yarn|pnpm)\s+(?:run\s+)?build|mix\s+(?:compile|release)|nim\s+c|zig\s+build|native-image|vcpkg)(?![\w.-])"
)


def collect(file: File) -> Iterator[DockerfileFact]:
    """The fact of one Dockerfile."""
    dockerfile = file.parse(parse_dockerfile)
    if not dockerfile.stages:
        return
    uses: dict[int, list[ImageUse]] = {}
    for use in file.parse(image_uses):
        uses.setdefault(use.stage.index, []).append(use)
    stages = tuple(_stage(file, dockerfile, stage, uses.get(stage.index, [])) for stage in dockerfile.stages)
    yield DockerfileFact(stages, dockerfile.is_template)


def _stage(file: File, dockerfile: Dockerfile, stage: Stage, uses: list[ImageUse]) -> StageFact:
    images = [(use.role, ImageFact(use.text, file.location(use.span), use.varies, use.overridable)) for use in uses]
    runs = [each for each in stage.instructions if each.keyword == "RUN"] if stage.platform.kind is not PlatformKind.BUILD else []
    return StageFact(
        name=stage.name,
        location=file.location(stage.origin.span),
        base=next((image for role, image in images if role is Role.BASE), None),
        parent=stage.parent.index if stage.parent is not None else None,
        sources=tuple(each.index for each in (*stage.sources, *stage.choices)),
        images=tuple(image for role, image in images if role is not Role.BASE),
        copies=tuple(_context_paths(stage)),
        platform=stage.platform.kind.value,
        arch=stage.platform.arch,
        is_final=stage.is_final,
        ships=stage.ships,
        is_windows=stage.is_windows,
        runs=_places(file, runs),
        heavy=_places(file, [each for each in runs if _is_heavy(each)]),
    )


def _places(file: File, instructions: list[Instruction]) -> tuple[Location, ...]:
    return tuple(file.location(each.span) for each in instructions)


def _is_heavy(instruction: Instruction) -> bool:
    return instruction.shell is not None and _HEAVY.search(instruction.shell.text) is not None


def _context_paths(stage: Stage) -> Iterator[str]:
    """The sources of COPY and ADD that lie in the build context."""
    for each in stage.instructions:
        actual = each.trigger or each
        if actual.keyword not in ("COPY", "ADD") or actual.flag("from") is not None:
            continue
        for word in actual.words[:-1]:
            if not word.text.startswith("<<") and "://" not in word.text:
                yield stage.resolve(word.text, each)

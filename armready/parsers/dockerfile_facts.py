"""What other files need to know of a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.arch import Arch, tokens
from armready.dockerfile_edits import declared_above
from armready.facts import CopiedFileFact, DockerfileFact, ImageFact, StageFact
from armready.file import File
from armready.fix import Applicability, Fix
from armready.parsers.dockerfile import Dockerfile, Instruction, Word, parse_dockerfile
from armready.parsers.dockerfile_images import ImageUse, Role, image_uses
from armready.parsers.dockerfile_stages import PlatformKind, Stage
from armready.source import Location

# Commands that take many times as long under emulation, or fail there (.NET).
_HEAVY = re.compile(
    r"(?<![\w./-])(?:cargo\s+(?:\+\S+\s+)?(?:build|install)|go\s+(?:build|install|test)|dotnet\s+(?:build|publish|test|restore)|make|ninja|meson"
    r"|cmake\s+--build|bazel(?:isk)?\s+(?:build|test)|(?:\./)?mvnw?|(?:\./)?gradlew?|sbt|gcc|g\+\+|clang|swift\s+build|ghc|cabal|stack\s+build|rustc"
    r"|(?:npm|yarn|pnpm)\s+(?:run\s+)?build|mix\s+(?:compile|release)|nim\s+c|zig\s+build|native-image|vcpkg)(?![\w.-])"
)

_ARM64_NAMES = {"x86_64": "aarch64", "x86-64": "aarch64"}


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


def copied_files(file: File) -> Iterator[CopiedFileFact]:
    """The files that COPY and ADD take from the build context or another stage; not those of Windows and single-architecture stages."""
    dockerfile = file.parse(parse_dockerfile)
    for stage in dockerfile.stages:
        if stage.is_windows or stage.variant:
            continue
        for each in stage.instructions:
            if each.keyword in ("COPY", "ADD"):
                yield from _copied(file, dockerfile, stage, each)


def _copied(file: File, dockerfile: Dockerfile, stage: Stage, instruction: Instruction) -> Iterator[CopiedFileFact]:
    flag = instruction.flag("from")
    for word in instruction.words[:-1]:
        if "://" in word.text or word.text.startswith("<<"):
            continue
        arm64_path, fix = _for_arm64(file, stage, instruction, word)
        path = stage.resolve(word.text, instruction)
        if arm64_path or (flag is None and path.strip("./") and "*" not in path):
            yield CopiedFileFact(
                path, file.location(word.span), flag is not None, arm64_path, fix, stage.ships, not dockerfile.is_template
            )


def _for_arm64(file: File, stage: Stage, instruction: Instruction, word: Word) -> tuple[str, Fix | None]:
    """The path for arm64, and the edit to one for every architecture; nothing for a path that names none."""
    found = [each for each in tokens(word.text) if each.arch is Arch.AMD64 and not each.foreign]
    if not found:
        return "", None
    arm64, every = word.text, word.text
    for token in reversed(found):
        other = _ARM64_NAMES.get(token.text.lower(), "arm64")
        arm64 = arm64[: token.start] + other + arm64[token.end :]
        every = every[: token.start] + "${TARGETARCH}" + every[token.end :]
    arm64_path = stage.resolve(arm64, instruction)
    if any(token.text != "amd64" for token in found) or file.source.slice(word.span) != word.text:
        return arm64_path, None
    edits = [file.replace(word.span, every)]
    if not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    return arm64_path, Fix("Copy the file of the architecture that is built for", tuple(edits), Applicability.SAFE)

"""What other files need to know of a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.facts import ArchArgumentFact, CopiedFileFact, DockerfileFact, ImageFact, StageFact
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.source import Location
from armready.core.startup import regex
from armready.dockerfiles.edit import declared_above
from armready.knowledge.arch import Arch, tokens
from armready.knowledge.compilers import heavy
from armready.languages.dockerfile.expansion import unquote
from armready.languages.dockerfile.images import ImageUse, Role, image_uses
from armready.languages.dockerfile.instructions import Instruction, Pair, Word
from armready.languages.dockerfile.parser import Dockerfile, parse_dockerfile
from armready.languages.dockerfile.platforms import ARM64, AUTOMATIC, PlatformKind
from armready.languages.dockerfile.stages import Stage
from armready.languages.dockerfile.variables import sets, users

# Where programs lie that were compiled before the build, and the whole context, which may hold them.
_BUILT = regex(r"(?:^|/)(?:s?bin|build|dist|target|out|_output|release|artifacts?)(?:/|$)|^[./]*$|\.(?:exe|so|a)$")

# Values that are nothing but a name of amd64, and variables that have rules of their own.
_AMD64 = regex(
    r"(?:linux[-_/]?)?(?:gnu[-_]|musl[-_])?(?:amd64|x86[-_]64|x64|64-?bit)(?:[-_]linux)?|linux64|linux-64|linux-musl-x64"
    r"|x86_64-(?:unknown-|pc-|alpine-)?linux-(?:gnu|musl)|manylinux\w*_x86_64",
    re.IGNORECASE,
)
_SPECIAL = AUTOMATIC | {"GOARCH", "GOAMD64", "CONDA_SUBDIR", "CARGO_BUILD_TARGET", "DOTNET_RUNTIME_ID", "DOCKER_DEFAULT_PLATFORM"}

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
        files_only=_files_only(stage, uses),
    )


def _files_only(stage: Stage, uses: list[ImageUse]) -> bool:
    chain = list(stage.chain())
    first = chain[-1]
    if first.parent is not None or first.base is None or first.base.text != "scratch" or uses:
        return False
    if any(each.choices or any(source is not each.parent for source in each.sources) for each in chain):
        return False
    keywords = {(instruction.trigger or instruction).keyword for each in chain for instruction in each.instructions}
    if {"RUN", "CMD", "ENTRYPOINT"} & keywords or (stage.is_final and not {"COPY", "ADD"} & keywords):
        return False
    paths = [path for each in chain for path in _context_paths(each)]
    return (bool(paths) or not stage.is_final) and not any(_BUILT.search(path) or tokens(path) for path in paths)


def _places(file: File, instructions: list[Instruction]) -> tuple[Location, ...]:
    return tuple(file.location(each.span) for each in instructions)


def _is_heavy(instruction: Instruction) -> bool:
    return instruction.shell is not None and heavy().search(instruction.shell.text) is not None


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
        path = stage.resolve(word.text, instruction, ARM64)
        if arm64_path or (flag is None and path.strip("./") and "*" not in path):
            yield CopiedFileFact(
                path=path,
                location=file.location(word.span),
                from_stage=flag is not None,
                arm64_path=arm64_path,
                fix=fix,
                ships=stage.ships,
                sure=not dockerfile.is_template,
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
    arm64_path = stage.resolve(arm64, instruction, ARM64)
    if any(token.text != "amd64" for token in found) or file.source.slice(word.span) != word.text:
        return arm64_path, None
    edits = [file.replace(word.span, every)]
    if not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    return arm64_path, Fix("Copy the file of the architecture that is built for", tuple(edits), Applicability.SAFE)


def arch_arguments(file: File) -> Iterator[ArchArgumentFact]:
    """The ARGs and ENVs whose whole value is a name of amd64, and which something uses that does not set them again."""
    dockerfile = file.parse(parse_dockerfile)
    for instruction in dockerfile.instructions:
        stage = dockerfile.stage_of(instruction)
        if instruction.keyword not in ("ARG", "ENV") or (stage is not None and (stage.variant or stage.is_windows)):
            continue
        for pair in instruction.pairs:
            passed = _with_default(dockerfile, instruction, pair)
            if passed and _used_by_others(file, instruction, pair):
                yield ArchArgumentFact(passed, file.location(pair.span), is_env=False, fix=None, sure=not dockerfile.is_template)
            if not pair.value or pair.name in _SPECIAL or not _AMD64.fullmatch(unquote(pair.value, dockerfile.escape)):
                continue
            if _used_by_others(file, instruction, pair):
                using = users(file, instruction, pair.name)
                fix = _derived(file, dockerfile, instruction, pair, using)
                yield ArchArgumentFact(
                    name=pair.name,
                    location=file.location(pair.span),
                    is_env=instruction.keyword == "ENV",
                    fix=fix,
                    sure=not dockerfile.is_template,
                )


def _used_by_others(file: File, instruction: Instruction, pair: Pair) -> bool:
    """Whether something uses a variable as it is set here."""
    using = users(file, instruction, pair.name)
    return bool(using) and not any(sets(each, pair.name) for each in using) and not _chooses_namespace(using, pair.name)


# `${ARCH:-amd64}`.
_DEFAULT = re.compile(r"\$\{(\w+):?-(\w+)\}")


def _with_default(dockerfile: Dockerfile, instruction: Instruction, pair: Pair) -> str:
    """The build argument without which a variable is amd64; empty for what BuildKit sets and for other values."""
    found = _DEFAULT.fullmatch(unquote(pair.value or "", dockerfile.escape))
    if found is None or found[1] in _SPECIAL or pair.name in _SPECIAL or not _AMD64.fullmatch(found[2]):
        return ""
    stage = dockerfile.stage_of(instruction)
    unknown = f"${{{found[1]}}}"
    given = stage.resolve(unknown, instruction, ARM64) if stage is not None else ""
    return found[1] if given in ("", unknown) or _AMD64.fullmatch(given) else ""


def _chooses_namespace(using: list[Instruction], name: str) -> bool:
    """Whether the variable only chooses a platform, or a namespace of Docker Hub: those have rules of their own."""
    namespace = re.compile(rf"(?:^|\s)\$\{{?{re.escape(name)}\}}?/")
    return all(each.keyword == "FROM" and (each.flag("platform") is not None or namespace.search(each.body.text)) for each in using)


def _derived(file: File, dockerfile: Dockerfile, instruction: Instruction, pair: Pair, using: list[Instruction]) -> Fix | None:
    raw = pair.value or ""
    if unquote(raw, dockerfile.escape).lower() != "amd64" or raw.startswith("'"):
        return None
    stage = dockerfile.stage_of(instruction)
    quote = '"' if raw.startswith('"') else ""
    edits = [file.replace(pair.value_span, f"{quote}${{TARGETARCH}}{quote}")]
    if stage is not None and not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    fix = Fix("Derive it from TARGETARCH", tuple(edits))
    if any(each.keyword == "FROM" or "://" in each.text for each in using):
        return fix.demoted(Applicability.UNSAFE, "The file or image for arm64 has to exist.")
    return fix

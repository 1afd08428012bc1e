"""The images that a Dockerfile names, with the words that name them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.dockerfile.expansion import uses
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import Dockerfile, parse_dockerfile
from armready.languages.dockerfile.platforms import AMD64, ARM64
from armready.languages.dockerfile.stages import Definition, Stage

_MOUNT_FROM = regex(r"(?:^|,)from=([^,\"']+)")
_WHOLE_VARIABLE = regex(r"\"?\$(?:(\w+)|\{(\w+)\})\"?")
_LONGEST_CHAIN = 8
_PLAIN_VALUE = regex(r"(\"|'|)([^\"'\\$\s]+)\1")


class Role(StrEnum):
    """What an image is named for."""

    BASE = "base"
    COPY = "copy"
    MOUNT = "mount"


@dataclass(frozen=True, eq=False)
class ImageUse:
    """One image, where a Dockerfile names it.

    Attributes:
        text: the reference with the variables of known value replaced, as a build for arm64 has it.
        written: the reference as it stands at `span`; what an edit replaces.
        span: where to point: the reference, or the default of the one ARG that holds it.
        origin: the word of the FROM or --from; differs from `span` where an ARG holds the reference.
        role: what it is named for.
        stage: the stage that it is the base of, or that copies from it.
        varies: the reference differs between architectures.
        overridable: an ARG decides at least a part of it.
    """

    text: str
    written: str
    span: Span
    origin: Span
    role: Role
    stage: Stage
    varies: bool
    overridable: bool


def image_uses(file: File) -> tuple[ImageUse, ...]:
    """The images that a Dockerfile is built from, copies from and mounts, in order; not its own stages, and not `scratch`.

    Raises:
        ParseProblem: as `parse_dockerfile`.
    """
    return tuple(_uses(file.parse(parse_dockerfile)))


def _uses(dockerfile: Dockerfile) -> Iterator[ImageUse]:
    for stage in dockerfile.stages:
        if stage.base is not None and stage.parent is None:
            yield from _use(dockerfile, stage, stage.base.text, stage.base.span, Role.BASE, stage.position)
        for instruction in stage.instructions:
            yield from _copied(dockerfile, stage, instruction.trigger or instruction)


def _copied(dockerfile: Dockerfile, stage: Stage, instruction: Instruction) -> Iterator[ImageUse]:
    if instruction.keyword in ("COPY", "ADD"):
        flag = instruction.flag("from")
        if flag is not None and flag.value and dockerfile.stages.named(flag.value, stage.index) is None:
            yield from _use(dockerfile, stage, flag.value, flag.value_span, Role.COPY, stage.position)
    elif instruction.keyword == "RUN":
        for flag in instruction.flags:
            found = _MOUNT_FROM.search(flag.value or "") if flag.name == "mount" else None
            if found is not None and flag.value_span.end - flag.value_span.start == len(flag.value or ""):
                span = Span(*found.span(1)).shift(flag.value_span.start)
                if dockerfile.stages.named(found[1], stage.index) is None:
                    yield from _use(dockerfile, stage, found[1], span, Role.MOUNT, stage.position)


def _use(dockerfile: Dockerfile, stage: Stage, written: str, span: Span, role: Role, position: int) -> Iterator[ImageUse]:
    stages = dockerfile.stages
    amd64, arm64 = (stages.resolve_global(written, position, each) for each in (AMD64, ARM64))
    if arm64.isdigit() or arm64 in ("", "scratch") or stages.named(arm64, stage.index) is not None:
        return
    varies = amd64 != arm64
    definition = None if varies else _holder(dockerfile, written, position)
    value = _PLAIN_VALUE.fullmatch(definition.pair.value or "") if definition is not None else None
    overridable = any(True for _ in uses(written))
    if definition is None or value is None:
        yield ImageUse(text=arm64, written=written, span=span, origin=span, role=role, stage=stage, varies=varies, overridable=overridable)
        return
    start = definition.pair.value_span.start + value.start(2)
    held = Span(start, start + len(value[2]))
    yield ImageUse(text=arm64, written=value[2], span=held, origin=span, role=role, stage=stage, varies=varies, overridable=overridable)


def _holder(dockerfile: Dockerfile, written: str, position: int) -> Definition | None:
    """The ARG whose default is the whole reference, through ARGs that only repeat another one."""
    for _ in range(_LONGEST_CHAIN):
        match = _WHOLE_VARIABLE.fullmatch(written)
        definition = None if match is None else dockerfile.stages.global_definition(match[1] or match[2], position)
        if definition is None or "$" not in (definition.pair.value or ""):
            return definition
        written, position = definition.pair.value or "", definition.position
    return None

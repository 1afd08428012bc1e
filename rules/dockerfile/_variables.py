"""What the rules about ARG and ENV (DF102, DF120 to DF124, DF130) share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from armready.file import File
from armready.fix import Edit
from armready.parsers.dockerfile import Dockerfile, Instruction, Pair
from armready.parsers.dockerfile_expand import uses
from armready.parsers.dockerfile_stages import Stage
from armready.source import Span


def without_default(file: File, pair: Pair) -> Edit:
    """The edit that leaves the name of an ARG, and takes its default away."""
    return file.delete(Span(pair.name_span.end, pair.span.end))


def declared_above(file: File, instruction: Instruction, *names: str) -> Edit:
    """The edit that declares arguments above an instruction, and above the comment that touches it."""
    source = file.source
    line = source.line_index(instruction.span.start)
    while line > 0 and source.slice(source.line_span(line - 1)).lstrip().startswith("#"):
        line -= 1
    keyword = "arg" if source.slice(instruction.keyword_span).islower() else "ARG"
    indent = source.indent_at(instruction.span.start)
    return file.insert(source.line_starts[line], "".join(f"{indent}{keyword} {name}{source.newline}" for name in names))


def texts(instruction: Instruction) -> Iterator[str]:
    """The texts of an instruction in which variables are replaced: by BuildKit, or by the shell that it starts."""
    actual = instruction.trigger or instruction
    yield actual.code.text
    for heredoc in actual.heredocs:
        yield actual.source.slice(heredoc.body)


def names_used(instruction: Instruction) -> frozenset[str]:
    """The variables that an instruction uses."""
    escape = instruction.escape
    return frozenset(use.name for text in texts(instruction) for use in uses(text, escape))


def is_used(dockerfile: Dockerfile, instruction: Instruction, name: str) -> bool:
    """Whether a variable that an ARG or ENV sets is used below it: in the stage and those built from it; by any, when it is global."""
    start = dockerfile.stage_of(instruction)
    for stage in dockerfile.stages:
        if start is None and name in names_used(stage.origin):
            return True
        if not reaches(start, stage):
            continue
        if any(name in names_used(each) for each in stage.instructions):
            return True
    return False


def reaches(start: Stage | None, stage: Stage) -> bool:
    """Whether what `start` declares is visible in `stage`; None stands for what is declared in front of the first FROM."""
    return start is None or any(each is start for each in stage.chain())


def is_used_outside_from(users: Iterable[Instruction]) -> bool:
    """Whether one of the instructions is not a FROM."""
    return any(each.keyword != "FROM" for each in users)

"""What the rules about ARG and ENV (DF102, DF120 to DF124, DF130) share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from armready.parsers.dockerfile import Dockerfile, Instruction
from armready.parsers.dockerfile_expand import uses
from armready.parsers.dockerfile_stages import Stage


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

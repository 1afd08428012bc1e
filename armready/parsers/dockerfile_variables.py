"""Which instructions of a Dockerfile use a variable."""

from __future__ import annotations

import re
from collections.abc import Iterator

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


def users(dockerfile: Dockerfile, instruction: Instruction, name: str) -> list[Instruction]:
    """The instructions that use a variable which an ARG or ENV sets."""
    start = dockerfile.stage_of(instruction)
    found: list[Instruction] = []
    for stage in dockerfile.stages:
        visible = [stage.origin] if start is None else []
        if reaches(start, stage):
            visible += [each for each in stage.instructions if each is not instruction]
        found += [each for each in visible if name in names_used(each)]
    return found


def sets(instruction: Instruction, name: str) -> bool:
    """Whether a script gives a variable a value of its own; `make ARCH=$ARCH` only passes it on."""
    name = re.escape(name)
    return instruction.keyword == "RUN" and re.search(rf"(?<![\w$-]){name}=(?![\"']?\$\{{?{name}\b)", instruction.code.text) is not None

"""Which instructions of a Dockerfile use a variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from armready.core.file import File
from armready.languages.dockerfile.expansion import uses
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage

# More instructions than this make no difference to what is said of a variable.
_MOST_USERS = 100


def users(file: File, instruction: Instruction, name: str) -> list[Instruction]:
    """The instructions that use a variable which an ARG or ENV sets: in its stage and those built from it; in all, when it is global."""
    stages = file.parse(parse_dockerfile).stages
    start = stages.of(instruction)
    found = []
    for each in file.parse(_users_by_name).get(name, ())[:_MOST_USERS]:
        stage = stages.of(each)
        visible = start is None or (each.keyword != "FROM" and stage is not None and _reaches(start, stage))
        if each is not instruction and visible:
            found.append(each)
    return found


def sets(instruction: Instruction, name: str) -> bool:
    """Whether a script gives a variable a value of its own; `make ARCH=$ARCH` only passes it on."""
    name = re.escape(name)
    return instruction.keyword == "RUN" and re.search(rf"(?<![\w$-]){name}=(?![\"']?\$\{{?{name}\b)", instruction.text) is not None


def _reaches(start: Stage, stage: Stage) -> bool:
    """Whether what `start` declares is visible in `stage`."""
    return any(each is start for each in stage.chain())


def _users_by_name(file: File) -> Mapping[str, list[Instruction]]:
    found: dict[str, list[Instruction]] = {}
    for instruction in file.parse(parse_dockerfile).instructions:
        for name in {use.name for text in _texts(instruction) for use in uses(text, instruction.escape)}:
            found.setdefault(name, []).append(instruction)
    return found


def _texts(instruction: Instruction) -> Iterator[str]:
    """The texts in which variables are replaced: by BuildKit, or by the shell that it starts."""
    actual = instruction.trigger or instruction
    yield actual.code.text
    for heredoc in actual.heredocs:
        yield actual.source.slice(heredoc.body)

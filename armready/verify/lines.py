"""From the layers of an image back to the lines of its Dockerfile.

The history of an image ends with what the Dockerfile says, an entry for each instruction of the stages it was built from, in order;
what stands in front of that is the history of the base image.
"""

from __future__ import annotations

from collections.abc import Sequence

from armready.core.startup import dataclass, regex
from armready.verify.layout import Layer
from armready.verify.model import Instruction, Recipe

_LAYERS = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_KEYWORD = regex(r"(?:/bin/sh -c #\(nop\) +)?([A-Z]{3,12})\b")
_MAKES_RUN = regex(r"(?:\|\d{1,4} .*)?(?:/bin/\w{1,8}|\S{1,100}) -\w{1,5}c?\b")
_FROM = regex(r"(?i)FROM +(?:--\S+ +)*(\S+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a layer.

    Attributes:
        is_base: it is the base image's.
        path: of the Dockerfile; empty where it is not known.
        line: in it; for the base image that of its FROM.
        text: the instruction, or what the history says of the command.
    """

    is_base: bool
    path: str = ""
    line: int = 0
    text: str = ""


def origins(history: Sequence[str], layers: Sequence[Layer], recipe: Recipe | None, target: str = "") -> list[Origin]:
    """What made each of the layers. Without a Dockerfile, or where its instructions do not fit the history, only what the history says."""
    chain = _chain(recipe, target) if recipe is not None else []
    made = [each for each in chain if not each.text.upper().startswith("FROM ")]
    aligned = _aligned(history, made)
    first = next((each for each in chain if each.text.upper().startswith("FROM ")), None)
    path = recipe.path if recipe is not None else ""
    own = [aligned[place] for place in sorted(aligned)]
    brought = [each for each in own if each.text.split(" ", 1)[0].upper() in _LAYERS]
    if aligned and len(brought) <= len(layers):
        return _from_the_end(layers, history, aligned, path, first)
    return [Origin(False, path, 0, each.created_by) for each in layers]


def _from_the_end(
    layers: Sequence[Layer], history: Sequence[str], aligned: dict[int, Instruction], path: str, first: Instruction | None
) -> list[Origin]:
    """Each layer with its entry of the history: those entries that made a layer are met in the same order."""
    begin = min(aligned)
    found: list[Origin] = []
    at = len(history) - 1
    for layer in reversed(layers):
        while at >= 0 and history[at] != layer.created_by:
            at -= 1
        instruction = aligned.get(at)
        if instruction is not None:
            found.append(Origin(False, path, instruction.line, instruction.text))
        elif at < begin:
            found.append(Origin(True, path, first.line if first is not None else 0, first.text if first is not None else ""))
        else:
            found.append(Origin(False, path, 0, layer.created_by))
        at -= 1
    return list(reversed(found))


def _aligned(history: Sequence[str], made: Sequence[Instruction]) -> dict[int, Instruction]:
    """The instructions by their places in the history; empty where they do not fit."""
    if len(made) > len(history):
        return {}
    start = len(history) - len(made)
    pairs = {start + number: each for number, each in enumerate(made)}
    return pairs if all(_keyword(history[place]) == each.text.split(" ", 1)[0].upper() for place, each in pairs.items()) else {}


def _keyword(created_by: str) -> str:
    match = _KEYWORD.match(created_by)
    if match:
        return str(match[1])
    return "RUN" if _MAKES_RUN.match(created_by) else ""


def _chain(recipe: Recipe, target: str) -> list[Instruction]:
    """The instructions of the stage that is built, behind those of the stages it begins with."""
    stages: list[list[Instruction]] = []
    names: dict[str, int] = {}
    for each in recipe.instructions:
        if each.text.upper().startswith("FROM "):
            stages.append([])
            if each.stage:
                names[each.stage] = len(stages) - 1
        if stages:
            stages[-1].append(each)
    at: int | None = names.get(target.lower(), int(target) if target.isdecimal() else len(stages) - 1)
    chain: list[Instruction] = []
    while at is not None and 0 <= at < len(stages):
        chain = [*stages[at], *chain]
        base = _FROM.match(stages[at][0].text)
        earlier = names.get(base[1].lower()) if base else None
        at = earlier if earlier is not None and earlier < at else None
    return chain

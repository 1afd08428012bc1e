"""The steps that give a GitHub job its emulator and its builder, in the style of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from armready.builds.model import Needs, Step
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.knowledge.actions import BUILDX, QEMU, is_commit, major_of, partner
from armready.languages.yaml.nodes import Node, SequenceNode, get, in_flow_style, places, span, text_of
from armready.systems.github_actions import action_of
from armready.systems.yaml_steps import Item

_NAMES = {QEMU: "Set up QEMU", BUILDX: "Set up Docker Buildx"}
# Which majors of docker/build-push-action are of the time of a major of docker/login-action.
_LOGIN_GENERATION = {1: 6, 2: 6, 3: 6}


class _Layout(NamedTuple):
    """How the steps of a job are written.

    Attributes:
        named: most of them have a name.
        blank: an empty line stands between most of them.
        generation: the major of docker/build-push-action that goes with their actions.
        first: the index of the first step of each action.
    """

    named: bool
    blank: bool
    generation: int | None
    first: Mapping[str, int]


def _layouts(file: File) -> dict[Span, _Layout]:
    """The layouts that were asked for so far; one record for each file holds them all."""
    del file
    return {}


def _layout(file: File, steps: SequenceNode) -> _Layout:
    """The layout of a job, worked out once however many of its steps ask."""
    known = file.parse(_layouts)
    if span(steps) not in known:
        first: dict[str, int] = {}
        for index, node in enumerate(steps.value):
            first.setdefault(action_of(node)[0], index)
        named = sum(get(each, "name") is not None for each in steps.value) * 2 > len(steps.value)
        known[span(steps)] = _Layout(named, _blank_between(file, steps), _generation(file, steps), first)
    return known[span(steps)]


def prepare_job(item: Item, step: Step, missing: Needs) -> list[Edit] | None:
    """Edits that give a job what it is missing, before `step`; None when the file is written in a way that takes none."""
    file, steps = item.file, item.sequence
    if in_flow_style(steps):
        return None
    edits: list[Edit] = []
    wanted: list[str] = []
    for action, needed in ((QEMU, missing.emulator), (BUILDX, missing.builder)):
        if not needed:
            continue
        present = _layout(file, steps).first.get(action, item.index)
        if present >= item.index:
            wanted.append(action)
            continue
        edit = _widen(file, steps.value[present]) if action == QEMU else None
        if edit is None:
            return None
        edits.append(edit)
    if wanted:
        inserted = _insert(item, step, wanted)
        if inserted is None:
            return None
        edits.extend(inserted)
    return edits


def _widen(file: File, node: Node) -> Edit | None:
    """`platforms: linux/amd64` of an emulator step, with arm64."""
    from armready.languages.yaml import edit as yaml_edit

    platforms = get(node, "with", "platforms")
    text = text_of(platforms)
    if platforms is None or text is None or "$" in text or "\n" in text.strip():
        return None
    return yaml_edit.set_scalar(file, platforms, f"{text},{'linux/arm64' if 'linux/' in text else 'arm64'}")


def _insert(item: Item, step: Step, wanted: list[str]) -> list[Edit] | None:
    file = item.file
    layout = _layout(file, item.sequence)
    condition = _shared_condition(file, item.node) if step.condition else ""
    blocks = []
    for action in wanted:
        name = [f"name: {_NAMES[action]}"] if layout.named else []
        guard = [f"if: {condition}"] if condition else []
        uses = f"uses: {_reference(file, layout, action)}"
        lines = [*name, *guard, uses] if layout.named else [uses, *guard]
        blocks.append(tuple(lines))
    return item.insert_items(tuple(blocks), blank=layout.blank)


def _shared_condition(file: File, node: Node) -> str:
    """The condition of the build step as it is written, when it stands on one line."""
    condition = get(node, "if")
    if condition is None:
        return ""
    text = file.source.slice(span(condition))
    return text if "\n" not in text else ""


def _blank_between(file: File, steps: SequenceNode) -> bool:
    """Whether an empty line stands between most of the steps."""
    all_places = places(steps)
    gaps = [file.text[one.span.end : other.span.start] for one, other in pairwise(all_places)]
    blank = sum(bool(re.search(r"\n[ \t]*\r?\n", gap)) for gap in gaps)
    return blank * 2 > len(gaps)


def _reference(file: File, layout: _Layout, action: str) -> str:
    """The action with the version that goes with the others of the file, pinned by commit where they are."""
    version = partner(action, layout.generation)
    return f"{action}@{version.commit} # {version.release}" if file.parse(_pins) else f"{action}@v{version.major}"


def _generation(file: File, steps: SequenceNode) -> int | None:
    """The major of docker/build-push-action that the job uses, or that is of the time of its docker/login-action."""
    for wanted, table in (("docker/build-push-action", None), ("docker/login-action", _LOGIN_GENERATION)):
        for node in steps.value:
            uses = get(node, "uses")
            name, version = action_of(node)
            if name != wanted or uses is None:
                continue
            major = major_of(version) if not is_commit(version) else _commented_major(file, uses)
            if major is not None:
                return major if table is None else table.get(major)
    return None


def _commented_major(file: File, uses: Node) -> int | None:
    end = span(uses).end
    line = file.text[end : file.source.line_span(file.source.line_index(end)).end]
    match = re.match(r"[^#]*#.*?\bv?(\d{1,3})(?:\.\d+)*", line)
    return int(match[1]) if match else None


def _pins(file: File) -> bool:
    """Whether the actions of the file are pinned by commit."""
    found = re.findall(r"(?m)^[ \t-]*uses:[ \t]*[\"']?[\w.-]+/[^\s@]+@([\w./-]+)", file.text)
    return bool(found) and sum(is_commit(each) for each in found) * 2 > len(found)

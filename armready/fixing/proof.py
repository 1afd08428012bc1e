"""The proof that edits change what they claim and nothing else.

A file is cut into units: the instructions of a Dockerfile, the scalars of a YAML file with their key paths, the commands of every
script in it, the simple statements of a Python file. Every unit that no edit touches must stand in the new text at the place
where the edits move it, with the same text; every other unit of the new text must lie where an edit wrote.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from armready.core.classify import PIPELINE_KINDS, SHELL_KINDS, Kind
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span

_YAML_KINDS = (
    (PIPELINE_KINDS - {Kind.JENKINS})
    | {Kind.COMPOSE, Kind.KUBERNETES, Kind.KUSTOMIZATION, Kind.HELM_CHART, Kind.HELM_VALUES, Kind.SKAFFOLD, Kind.GORELEASER}
    | {Kind.KO, Kind.BAKE_JSON, Kind.TASKFILE, Kind.CLOUDFORMATION, Kind.CONDA_ENV, Kind.YAML, Kind.OTHER_PIPELINE}
)
_TOML_KINDS = frozenset({Kind.PYPROJECT, Kind.PIXI, Kind.PIPFILE})


class Unit(NamedTuple):
    """A piece of a file that an edit either touches or leaves alone.

    Attributes:
        key: what it is and where in the structure, free of offsets.
        span: where it stands.
    """

    key: tuple[object, ...]
    span: Span


def units(file: File) -> list[Unit]:
    """The units of a file, sorted by place.

    Raises:
        ParseProblem: the file does not parse.
    """
    found: list[Unit] = []
    for applies, cut in _CUTTERS:
        if file.kind in applies:
            found.extend(cut(file))
    return sorted(found, key=lambda unit: unit.span)


def problem_with(old: File, new: File, edits: Sequence[Edit]) -> str | None:
    """Why `new`, which is `old` after `edits`, must not be written; None when it may."""
    try:
        before = units(old)
    except ParseProblem:
        return None
    try:
        after = units(new)
    except ParseProblem as problem:
        return f"the new text does not parse: {problem}"
    moves = _Moves(edits)
    untouched = {(unit.key, moves.moved(unit.span)): unit for unit in before if not moves.touches(unit.span)}
    present = {(unit.key, unit.span) for unit in after}
    ends = {(unit.key, unit.span.end) for unit in after}
    for (key, span), unit in untouched.items():
        same = old.source.slice(unit.span) == new.source.slice(span)
        grown = (key, span.end) in ends and moves.inserts_at(unit.span.start)
        if not same or ((key, span) not in present and not grown):
            return f"it would change {old.source.slice(unit.span)[:60]!r}, which no edit names"
    for unit in after:
        if (unit.key, unit.span) not in untouched and not moves.wrote_in(unit.span):
            return f"{new.source.slice(unit.span)[:60]!r} would come to mean something else"
    return None


class _Moves:
    """Where edits move what they do not touch."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        ordered = sorted(edits, key=lambda each: (each.span, each.text))
        self._old = [edit.span for edit in ordered]
        self._starts = [span.start for span in self._old]
        self._shifts = [0]
        self._written: list[Span] = []
        shift = 0
        for edit in ordered:
            start = edit.span.start + shift
            self._written.append(Span(start, start + len(edit.text)))
            shift += len(edit.text) - (edit.span.end - edit.span.start)
            self._shifts.append(shift)
        self._ends = [span.end for span in self._written]

    def touches(self, span: Span) -> bool:
        """Whether an edit overlaps a span of the old text. The edits are sorted and do not overlap, so few are looked at."""
        for index in range(bisect_left(self._starts, span.end) - 1, -1, -1):
            edit = self._old[index]
            if edit.end <= span.start:
                return False
            if edit.end > edit.start or edit.start > span.start:
                return True
        return False

    def inserts_at(self, offset: int) -> bool:
        """Whether text is put in front of an offset of the old text: a unit that begins there may begin earlier afterwards."""
        index = bisect_left(self._starts, offset)
        return index < len(self._old) and self._old[index] == (offset, offset)

    def moved(self, span: Span) -> Span:
        return span.shift(self._shifts[bisect_right(self._starts, span.start)])

    def wrote_in(self, span: Span) -> bool:
        """Whether an edit wrote, or removed something, inside of a span of the new text or right at its border."""
        index = bisect_left(self._ends, span.start)
        return index < len(self._written) and self._written[index].start <= span.end


def _dockerfile_units(file: File) -> Iterator[Unit]:
    from armready.languages.dockerfile.parser import parse_dockerfile

    for instruction in file.parse(parse_dockerfile).instructions:
        yield Unit(("instruction", instruction.keyword), instruction.span)


def _yaml_units(file: File) -> Iterator[Unit]:
    from armready.languages.yaml.nodes import MappingNode, ScalarNode, parse_yaml, span

    for root in file.parse(parse_yaml):
        stack: list[tuple[tuple[object, ...], object]] = [(("yaml",), root)]
        seen: set[int] = set()
        while stack:
            path, node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, ScalarNode):
                yield Unit(path, span(node))
            elif isinstance(node, MappingNode):
                for key, value in node.value:
                    name = key.value if isinstance(key, ScalarNode) else ""
                    yield Unit((*path, "key", name), span(key))
                    stack.append(((*path, name), value))
            elif node is not None:
                stack.extend(((*path, "-"), item) for item in node.value)  # type: ignore[attr-defined]


def _script_units(file: File) -> Iterator[Unit]:
    from armready.builds.scripts import scripts

    for hosted in file.parse(scripts):
        for command in hosted.script.commands:
            place = hosted.script.embedded.host_span(command.span)
            if place is not None:
                yield Unit(("command",), place)


def _python_units(file: File) -> Iterator[Unit]:
    import ast

    from armready.languages.python.parser import parse_python

    module = file.parse(parse_python)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            place = module.span(node)
            yield Unit(("statement", type(node).__name__, file.source.indent_at(place.start)), place)


def _toml_units(file: File) -> Iterator[Unit]:
    from armready.languages.toml import toml_data

    for key in toml_data(file):
        yield Unit(("table", key), Span(0, 0))


def _hcl_units(file: File) -> Iterator[Unit]:
    from armready.languages.hcl import Block, parse_hcl

    stack: list[tuple[tuple[object, ...], Block]] = [((block.kind, *block.labels), block) for block in file.parse(parse_hcl)]
    while stack:
        path, block = stack.pop()
        for attribute in block.attributes.values():
            yield Unit((*path, attribute.name), attribute.span)
        stack.extend(((*path, inner.kind, *inner.labels), inner) for inner in block.blocks)


def _pom_units(file: File) -> Iterator[Unit]:
    from armready.systems.pom import Element, parse_xml

    stack: list[tuple[tuple[object, ...], Element]] = [((), file.parse(parse_xml))]
    while stack:
        path, element = stack.pop()
        if not element.children and path:
            yield Unit(path, element.inner)
        stack.extend(((*path, child.name), child) for child in element.children)


_CUTTERS: tuple[tuple[frozenset[Kind], Callable[[File], Iterator[Unit]]], ...] = (
    (frozenset({Kind.DOCKERFILE}), _dockerfile_units),
    (_YAML_KINDS, _yaml_units),
    (SHELL_KINDS, _script_units),
    (frozenset({Kind.PYTHON}), _python_units),
    (_TOML_KINDS, _toml_units),
    (frozenset({Kind.BAKE_HCL}), _hcl_units),
    (frozenset({Kind.POM}), _pom_units),
)

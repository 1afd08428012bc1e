"""Which fixes can be made in one go: those whose edits leave each other alone. What it takes grows with the edits, not with their pairs."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from armready.core.fix import Edit

_Place = tuple[int, int, str]


class Batch:
    """The edits of the fixes of one round, with the rules that they come from."""

    def __init__(self) -> None:
        self._files: dict[str, _Taken] = {}

    def admits(self, code: str, edits: Iterable[Edit]) -> bool:
        """Whether the edits of a fix neither overlap those of an earlier one nor stand on a line with those of another rule."""
        return all(edit.path not in self._files or self._files[edit.path].admits(code, edit) for edit in edits)

    def add(self, code: str, edits: Iterable[Edit]) -> None:
        """Take the edits of a fix."""
        for edit in edits:
            self._files.setdefault(edit.path, _Taken()).add(code, edit)


class _Taken:
    """The edits of one file, which do not clash with each other: sorted by place, and by line and rule."""

    def __init__(self) -> None:
        self._known: set[tuple[str, Edit]] = set()
        self._places: list[_Place] = []
        self._lines: dict[int, dict[str, set[Edit]]] = {}

    def admits(self, code: str, edit: Edit) -> bool:
        return (code, edit) in self._known or not (self._clashes(edit) or self._shares_a_line(code, edit))

    def add(self, code: str, edit: Edit) -> None:
        if (code, edit) in self._known:
            return
        self._known.add((code, edit))
        place = _place(edit)
        at = bisect_left(self._places, place)
        if self._places[at : at + 1] != [place]:
            insort(self._places, place)
        for line in _lines(edit):
            of_rule = self._lines.setdefault(line, {}).setdefault(code, set())
            if len(of_rule) < 2:
                of_rule.add(edit)

    def _clashes(self, edit: Edit) -> bool:
        """Of what is in front, only the last can reach as far as here."""
        place = _place(edit)
        at = bisect_left(self._places, (edit.span.start, 0, ""))
        if at and _clash(place, self._places[at - 1]):
            return True
        while at < len(self._places) and self._places[at][0] <= edit.span.end:
            if _clash(place, self._places[at]):
                return True
            at += 1
        return False

    def _shares_a_line(self, code: str, edit: Edit) -> bool:
        """Whether another rule has an edit on a line of this one, which is not the same: what it says of the line may change."""
        return any(other != code and edits != {edit} for line in _lines(edit) for other, edits in self._lines.get(line, {}).items())


def _place(edit: Edit) -> _Place:
    return (*edit.span, edit.text)


def _lines(edit: Edit) -> range:
    return range(edit.location.region.line, edit.location.region.end_line + 1)


def _clash(one: _Place, other: _Place) -> bool:
    """Whether two edits cannot both be made in one go. Identical edits are made once."""
    if one == other:
        return False
    (start, end, _), (other_start, other_end, _) = one, other
    if start == other_start and (end == start or other_end == other_start):
        return True
    return start < other_end and other_start < end

"""A fix under construction, and why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from armready.builds.events import Build
from armready.builds.history import Chain
from armready.builds.model import Step
from armready.builds.statements import Change
from armready.builds.timeline import Timeline
from armready.core.file import File
from armready.core.fix import Applicability, Edit, Fix
from armready.languages.shell.script import Script


class Impossible(Exception):
    """There is no fix, and why."""


@dataclass
class Draft:
    """The fix under construction."""

    file: File
    chain: Chain
    timeline: Timeline
    applicability: Applicability = Applicability.SAFE
    notes: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def demote(self, to: Applicability, why: str) -> None:
        """Trust the fix no further than `to`."""
        self.applicability = self.applicability.at_least(to)
        if why not in self.notes:
            self.notes.append(why)

    @property
    def build(self) -> Build:
        """The build to fold."""
        return self.chain.build

    def change(self, step: Step, script: Script, changes: Iterable[Change]) -> None:
        """Add changes of a script.

        Raises:
            Impossible: one of them cannot be written in the file.
        """
        for span, text in changes:
            edit = script.edit(self.file, span, text)
            if edit is None:
                raise Impossible("the text of the step cannot be edited exactly")
            self.edits.append(edit)

    def fix(self, title: str) -> Fix:
        """Finish the fix.

        Raises:
            Impossible: two of its edits overlap.
        """
        return Fix(title, tuple(self._disjoint()), self.applicability, tuple(self.notes))

    def _disjoint(self) -> list[Edit]:
        """Return the edits in order; lines that are put where a removed line began take its place."""
        merged: list[Edit] = []
        for edit in sorted(self.edits, key=lambda each: (each.span, each.text)):
            last = merged[-1] if merged else None
            if last is None or last.path != edit.path or edit.span.start >= last.span.end:
                merged.append(edit)
                continue
            newline = self.file.text[last.span.start : edit.span.start]
            if last.text or edit.span.end > edit.span.start or newline not in ("\n", "\r\n") or not edit.text.endswith(newline):
                raise Impossible("two changes that it needs stand in the same place")
            merged[-1] = Edit(last.location, newline + edit.text.removesuffix(newline))
        return merged


@dataclass(frozen=True)
class Rewriting:
    """The result: a fix, or the reason why there is none."""

    fix: Fix | None
    why_not: str = ""

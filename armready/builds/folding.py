"""A fix under construction, and why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from armready.builds.chains import Chain
from armready.builds.events import Build
from armready.builds.statements import Change
from armready.builds.timeline import Timeline
from armready.file import File
from armready.fix import Applicability, Edit, Fix
from armready.parsers.shell import Script
from armready.pipelines.model import Step


class Impossible(Exception):
    """There is no fix, and why."""


@dataclass
class Folding:
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


@dataclass(frozen=True)
class Folded:
    """The result: a fix, or the reason why there is none."""

    fix: Fix | None
    why_not: str = ""

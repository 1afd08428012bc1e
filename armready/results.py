"""What the stages hand to each other: plain, picklable records."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from armready.records import dataclass

if TYPE_CHECKING:
    from armready.classify import Kind
    from armready.finding import Finding
    from armready.suppressions import Suppression


@dataclass(frozen=True, slots=True)
class FileResult:
    """All that the first pass says of one file.

    Attributes:
        path: relative to the root.
        kind: what it is; None when nothing here reads it.
        findings: of the file rules, before suppressions.
        facts: for the project rules.
        suppressions: the ignore comments in it.
        problems: why it, or a part of it, could not be read.
    """

    path: str
    kind: Kind | None = None
    findings: tuple[Finding, ...] = ()
    facts: tuple[object, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A file that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The one filtered list that all reporters get, with what was left out of it.

    Attributes:
        findings: sorted, after suppressions, baseline and filters.
        files: how many files were looked at.
        scanned: how many of them some rule could read.
        unparsed: files that could not be read.
        hidden: findings of low confidence or rules that are off, not shown.
        below: findings under `--min-severity`, by level.
        ignored: findings silenced by a comment or the configuration.
        baselined: findings that the baseline knows.
        tolerated: those of `findings` that are newer than the baseline only because a rule or a fact is; they fail nothing.
        summaries: one line each that sums up the infos of a rule, shown or not.
        paths: the files that were read as something, sorted.
    """

    findings: tuple[Finding, ...] = ()
    files: int = 0
    scanned: int = 0
    unparsed: tuple[Unparsed, ...] = ()
    hidden: int = 0
    below: dict[str, int] = field(default_factory=dict)
    ignored: int = 0
    baselined: int = 0
    summaries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tolerated: frozenset[Finding] = frozenset()

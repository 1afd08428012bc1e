"""An ignore comment is past its date.

## What it finds

An ignore comment with `until YYYY-MM-DD` whose day is over, or is not a date. It no longer silences anything.

## Why it stops arm64

What the comment put off is still there, and the time that was given to it is over.

## What to do

Mend the finding that it silenced, or decide again and write a new date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from armready.core.classify import Kind
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, SuppressionRule
from armready.core.suppressions import Use


class ExpiredIgnore(SuppressionRule):
    code = "ARM002"
    name = "expired-ignore"
    summary = "An ignore comment is past its date"
    severity = Severity.WARNING
    kinds = frozenset(Kind)
    examples = (
        Example(
            "past date",
            path="Dockerfile",
            bad="«# armready: ignore[DF110] until 2020-01-31 vendor promised a list»\nFROM amd64/python:3.12\n",
        ),
        Example(
            "future date",
            path="Dockerfile",
            good="# armready: ignore[DF110] until 9999-01-31 vendor promised a list\nFROM amd64/python:3.12\n",
        ),
    )

    def check(self, uses: Iterable[Use]) -> Iterator[Finding]:
        for use in uses:
            if use.expired:
                yield self.finding(
                    use.suppression.location, f"This comment expired on {use.suppression.until} and silences nothing any more."
                )

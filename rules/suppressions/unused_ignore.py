"""An ignore comment silences nothing.

## What it finds

An `armready: ignore[...]` or `ignore-file[...]` comment of which a code, or the whole, matches no finding of this run.

## Why it stops arm64

It does not by itself. But the comment says that something here is known not to run on arm64, and that is no longer true: the next
real finding on the line would be silenced by it.

## What to do

Delete the comment, or the code in it that is no longer needed.

## Fix safety

The fix deletes the comment or the code, nothing else; it is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from armready.core.classify import Kind
from armready.core.finding import Finding, Severity
from armready.core.fix import Edit, Fix
from armready.core.rule import Example, SuppressionRule
from armready.core.source import Location, Region, Span
from armready.core.suppressions import Use


class UnusedIgnore(SuppressionRule):
    code = "ARM001"
    name = "unused-ignore"
    summary = "An ignore comment silences nothing"
    severity = Severity.WARNING
    kinds = frozenset(Kind)
    examples = (
        Example(
            "comment on its own line",
            path="Dockerfile",
            bad="«# armready: ignore[DF101] until the base moves»\nFROM python:3.12\n",
            fixed="FROM python:3.12\n",
        ),
        Example(
            "one of two codes",
            path="Dockerfile",
            bad="# armready: ignore[DF110, «DF101»] vendor image\nFROM amd64/python:3.12\n",
            fixed="# armready: ignore[DF110] vendor image\nFROM amd64/python:3.12\n",
        ),
        Example(
            "used",
            path="Dockerfile",
            good="# armready: ignore[DF110] vendor image\nFROM amd64/python:3.12\n",
        ),
    )

    def check(self, uses: Iterable[Use]) -> Iterator[Finding]:
        for use in uses:
            comment = use.suppression
            if use.expired:
                continue
            if not use.used:
                yield self.finding(
                    comment.location,
                    "This comment silences nothing in this file.",
                    fix=Fix("Remove the ignore comment", (comment.removal,)),
                )
                continue
            for index, code in enumerate(comment.codes):
                if code not in use.used:
                    yield self.finding(
                        comment.code_locations[index],
                        f"Nothing on the lines that this comment covers is reported as {code}.",
                        fix=Fix(f"Remove {code} from the comment", (_without(comment.code_locations, index),)),
                    )


def _without(places: tuple[Location, ...], index: int) -> Edit:
    """The edit that removes the code at `index`, with the comma before or after it."""
    here = places[index]
    if index > 0:
        before = places[index - 1]
        start, region = before.span.end, (before.region.end_line, before.region.end_column)
        return Edit(Location(here.path, Span(start, here.span.end), Region(*region, here.region.end_line, here.region.end_column)), "")
    after = places[index + 1]
    region_end = (after.region.line, after.region.column)
    return Edit(Location(here.path, Span(here.span.start, after.span.start), Region(here.region.line, here.region.column, *region_end)), "")

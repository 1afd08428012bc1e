"""The report for people at a terminal: each finding with its line, or a table and what to do next when there are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from armready.finding import Finding
from armready.fix import Applicability, Fix
from armready.reporters.base import Context, escape, plural, rule_url
from armready.reporters.concise import statistics
from armready.reporters.excerpt import crop, excerpt, wrap
from armready.reporters.fixed import fix_result
from armready.reporters.triage import Row, by_code, most_frequent, rows_by_folder, rows_by_rule, triage
from armready.results import Report

MANY = 50
_FOLDERS = 20

_STYLES = {"bold": "1", "dim": "2", "error": "1;31", "warning": "1;33", "info": "1;34", "accent": "36", "good": "32"}
_HINTS = {
    Applicability.SAFE: "armready fix",
    Applicability.UNSAFE: "armready fix --unsafe-fixes, after a look at it",
    Applicability.DISPLAY: "by hand",
}


class Painter:
    """Colours and links, or the plain text where they are not wanted."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, style: str) -> str:
        """`text` in a style."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color and text else text

    def link(self, text: str, url: str) -> str:
        """`text` that leads to `url`, on terminals that can."""
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\" if self.color else text


def render(report: Report, context: Context) -> str:
    """The findings in full, or the overview above 50 of them."""
    paint = Painter(context.color)
    if len(report.findings) > MANY and not context.full:
        lines = [*_overview(report, context, paint)]
    else:
        lines = [line for finding in report.findings for line in _finding(finding, report, context, paint)]
    lines += [line for each in report.summaries for line in _wrap(escape(each), context)]
    lines += _fixed(report, context, paint)
    if context.statistics and report.findings:
        lines += [*statistics(report), ""]
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding, report: Report, context: Context, paint: Painter) -> Iterator[str]:
    line, column, *_ = finding.location.region
    level = finding.severity.value
    head = f"{level}[{finding.code}] "
    message = _wrap(f"{head}{escape(finding.message)}", context, later="  ")
    yield paint(head.strip(), level) + " " + paint(message[0][len(head) :], "bold")
    yield from (paint(each, "bold") for each in message[1:])
    gutter = " " * len(str(line))
    yield f"{gutter}{paint('-->', 'accent')} {escape(context.shown_path(finding.path))}:{line}:{column}"
    yield from _excerpt(finding, context, paint, gutter)
    for each in finding.related:
        where = f"{escape(context.shown_path(each.location.path))}:{each.location.region.line}"
        yield from _note(gutter, "also", f"{where}: {escape(each.message)}", context, paint)
    if finding.fix is not None:
        yield from _fix(finding.fix, gutter, context, paint)
    if finding in report.tolerated:
        yield from _note(gutter, "note", "newer than the baseline: fails nothing until `armready baseline` is run", context, paint)
    yield f"{gutter} {paint('=', 'accent')} {paint('why:', 'bold')} {paint.link(f'armready rule {finding.code}', rule_url(finding.name))}"
    yield ""


def _excerpt(finding: Finding, context: Context, paint: Painter, gutter: str) -> Iterator[str]:
    source = context.source(finding.path)
    shown = None if source is None else excerpt(source, finding.location, max(context.width - len(gutter) - 3, 20))
    if shown is None:
        return
    bar = paint("|", "accent")
    yield f"{gutter} {bar}"
    yield f"{paint(str(shown.line), 'accent')} {bar} {shown.text}".rstrip()
    more = f" and {plural(shown.more, 'more line')}" if shown.more else ""
    if len(gutter) + 3 + len(shown.carets) + len(more) > context.width:
        more = ""
    yield f"{gutter} {bar} {paint(shown.carets, finding.severity.value)}{paint(more, 'dim')}"


def _fix(fix: Fix, gutter: str, context: Context, paint: Painter) -> Iterator[str]:
    yield from _note(gutter, "fix", f"{escape(fix.title)} ({fix.applicability.value}: {_HINTS[fix.applicability]})", context, paint)
    for note in fix.notes:
        yield from _note(gutter, "note", escape(note), context, paint)


def _note(gutter: str, label: str, text: str, context: Context, paint: Painter) -> Iterator[str]:
    start = f"{gutter} = {label}: "
    lines = _wrap(start + text, context, later=" " * len(start))
    yield f"{gutter} {paint('=', 'accent')} {paint(f'{label}:', 'good' if label == 'fix' else 'bold')} {lines[0][len(start) :]}"
    yield from lines[1:]


def _overview(report: Report, context: Context, paint: Painter) -> Iterator[str]:
    yield from _table("Rule", rows_by_rule(report.findings), context, paint)
    yield ""
    folders = rows_by_folder(report.findings)
    yield from _table("Folder", folders[:_FOLDERS], context, paint)
    if len(folders) > _FOLDERS:
        yield f"and {plural(len(folders) - _FOLDERS, 'more folder')}"
    yield ""
    yield from _do_next(report.findings, context, paint)
    yield ""
    yield from _wrap("armready scan --full prints every finding with its line; armready rule CODE explains one.", context)


def _table(title: str, rows: Iterable[Row], context: Context, paint: Painter) -> Iterator[str]:
    rows = list(rows)
    columns = ("errors", "warnings", "infos", "files", "fixable") if context.width >= 60 else ("errors", "fixable")
    numbers = [[f"{getattr(row, column):,}" for column in columns] for row in rows]
    used = [any(getattr(row, column) for row in rows) for column in columns]
    widths = [max(len(column), *(len(row[index]) for row in numbers)) for index, column in enumerate(columns)]
    room = max(context.width - sum(width + 2 for width, shown in zip(widths, used, strict=True) if shown), 16)
    label_width = min(max(len(title), *(len(row.label) for row in rows)), room)

    def line(label: str, cells: Iterable[str]) -> str:
        shown = (f"  {cell:>{width}}" for cell, width, use in zip(cells, widths, used, strict=True) if use)
        return f"{crop(escape(label), label_width):<{label_width}}{''.join(shown)}"

    yield paint(line(title, columns), "bold")
    for row, cells in zip(rows, numbers, strict=True):
        yield line(row.label, ("" if cell == "0" else cell for cell in cells)).rstrip()


def _do_next(findings: tuple[Finding, ...], context: Context, paint: Painter) -> Iterator[str]:
    groups = triage(findings)
    steps: list[tuple[str, list[str]]] = []
    if groups.now:
        steps.append((f"armready fix mends {plural(len(groups.now), 'finding')} now; amd64 stays as it is", []))
    if groups.look:
        steps.append(
            (f"armready fix --unsafe-fixes --diff has edits for {len(groups.look):,} more: look at them first", [by_code(groups.look)])
        )
    if groups.decide:
        steps.append((f"Decide on {plural(len(groups.decide), 'finding')} without an edit", [by_code(groups.decide)]))
    if groups.blocked:
        facts = [f"{escape(message)}{f' ({number:,} times)' if number > 1 else ''}" for message, number in most_frequent(groups.blocked, 5)]
        steps.append((f"Blocked by a fact: {plural(len(groups.blocked), 'finding')}", facts))
    yield paint("Do next", "bold")
    for number, (step, details) in enumerate(steps, 1):
        yield from _wrap(step, context, f"{number:>2}. ", "    ")
        for detail in details:
            yield from _wrap(detail, context, "    ", "    ")


def _fixed(report: Report, context: Context, paint: Painter) -> Iterator[str]:
    result = fix_result(context, report.findings)
    for title, lines in (
        ("Applied", result.applied),
        ("Not applied", result.not_applied),
        ("Needs a look before --unsafe-fixes", result.to_look_at),
    ):
        if lines:
            yield paint(f"{title} ({len(lines):,})", "bold")
            for line in lines:
                yield from _wrap(escape(f"{context.shown_path(line.path)}: {line.code} {line.title}"), context, "  ", "    ")
                for note in line.notes:
                    yield from _wrap(escape(note), context, "    - ", "      ")
            yield ""


def _wrap(text: str, context: Context, first: str = "", later: str = "") -> list[str]:
    return wrap(text, max(context.width, 40), first, later)

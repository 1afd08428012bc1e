"""The report for people at a terminal: each finding with its line, or a table and what to do next when there are many."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from armready.core.finding import Finding, Severity
from armready.core.fix import Fix
from armready.core.results import Report
from armready.core.wording import plural
from armready.reporters.base import Context, escape, rule_url
from armready.reporters.causes import SAME
from armready.reporters.concise import statistics
from armready.reporters.excerpt import crop, excerpt
from armready.reporters.fixed import fix_result
from armready.reporters.outlook import hint, mark
from armready.reporters.triage import Row, rows_by_folder, rows_by_rule, steps

MANY = 50
_FOLDERS = 20
_NARROWEST = 40

_LEVELS = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}


def render(report: Report, context: Context) -> str:
    """The findings in full, or the overview above 50 of them."""
    page = _Page(context)
    if len(report.findings) > MANY and not context.full:
        _overview(report, context, page)
    else:
        for finding in report.findings:
            _finding(finding, report, context, page)
    for failure in report.failures:
        where = f"{escape(context.shown_path(failure.path))}: " if failure.path else ""
        page.wrapped(Text.assemble(("error", _LEVELS["error"]), f": {where}{escape(failure.message)}"), indent=2)
    for each in report.summaries:
        page.wrapped(Text(escape(each)))
    _fixed(report, context, page)
    if context.statistics and report.findings:
        for line in (*statistics(report), ""):
            page.line(Text(line))
    return page.text


class _Page:
    """What is written so far, on a terminal of the context's width and colours."""

    def __init__(self, context: Context) -> None:
        self.width = max(context.width, _NARROWEST)
        self._out = StringIO()
        self._console = Console(
            file=self._out,
            width=self.width,
            color_system="standard" if context.color else None,
            force_terminal=context.color,
            no_color=not context.color,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    @property
    def text(self) -> str:
        """All of it."""
        return self._out.getvalue()

    def line(self, line: Text | None = None) -> None:
        """Write one line as it is, however long."""
        self._console.print(line or Text(), soft_wrap=True)

    def wrapped(self, text: Text, indent: int = 0, first: Text | None = None) -> None:
        """Write words on as many lines as they need.

        Args:
            text: the words.
            indent: of the second and later lines.
            first: what the first line begins with.
        """
        first = first or Text()
        head, *more = text.wrap(self._console, self.width - first.cell_len)
        head.rstrip()
        self.line(Text.assemble(first, head))
        if not more:
            return
        left = text.plain[len(head) :]
        rest = text[len(text) - len(left.lstrip()) :]
        for line in rest.wrap(self._console, self.width - indent):
            line.rstrip()
            self.line(Text.assemble(" " * indent, line))

    def table(self, table: Table) -> None:
        """Write a table."""
        self._console.print(table)


def _finding(finding: Finding, report: Report, context: Context, page: _Page) -> None:
    line, column, *_ = finding.location.region
    level = finding.severity.value
    page.wrapped(Text.assemble((f"{level}[{finding.code}]", _LEVELS[level]), " ", (escape(finding.message), "bold")), indent=2)
    gutter = " " * len(str(line))
    page.line(Text.assemble(gutter, ("-->", "cyan"), f" {escape(context.shown_path(finding.path))}:{line}:{column}"))
    _excerpt(finding, context, page, gutter)
    for each in finding.related:
        where = f"{escape(context.shown_path(each.location.path))}:{each.location.region.line}"
        _note(gutter, "also", Text(f"{where}: {escape(each.message)}"), page)
    if finding.fix is not None:
        _fix(finding.fix, hint(finding, context), gutter, page)
    elif later := hint(finding, context):
        _note(gutter, "fix", Text(escape(later)), page)
    if finding in report.tolerated:
        _note(gutter, "note", Text("newer than the baseline: fails nothing until `armready baseline` is run"), page)
    _note(gutter, "why", Text(f"armready rule {finding.code}", Style(link=rule_url(finding.name) if context.color else None)), page)
    page.line()


def _excerpt(finding: Finding, context: Context, page: _Page, gutter: str) -> None:
    source = context.shown_source(finding.path)
    shown = None if source is None else excerpt(source, finding.location, max(context.width - len(gutter) - 3, 20))
    if shown is None:
        return
    page.line(Text.assemble(gutter, " ", ("|", "cyan")))
    code = Text.assemble((str(shown.line), "cyan"), " ", ("|", "cyan"), f" {shown.text}")
    code.rstrip()
    page.line(code)
    more = f" and {plural(shown.more, 'more line')}" if shown.more else ""
    if len(gutter) + 3 + len(shown.carets) + len(more) > context.width:
        more = ""
    page.line(Text.assemble(gutter, " ", ("|", "cyan"), " ", (shown.carets, _LEVELS[finding.severity.value]), (more, "dim")))


def _fix(fix: Fix, how: str, gutter: str, page: _Page) -> None:
    _note(gutter, "fix", Text(escape(f"{fix.title} ({how})")), page)
    for note in fix.notes:
        _note(gutter, "note", Text(escape(note)), page)


def _note(gutter: str, label: str, text: Text, page: _Page) -> None:
    start = Text.assemble(gutter, " ", ("=", "cyan"), " ", (f"{label}:", "green" if label == "fix" else "bold"), " ")
    page.wrapped(text, indent=len(start), first=start)


def _overview(report: Report, context: Context, page: _Page) -> None:
    page.table(_table("Rule", rows_by_rule(report.findings, context), context))
    page.line()
    folders = rows_by_folder(report.findings, context)
    page.table(_table("Folder", folders[:_FOLDERS], context))
    if len(folders) > _FOLDERS:
        page.line(Text(f"and {plural(len(folders) - _FOLDERS, 'more folder')}"))
    page.line()
    _errors(report.findings, context, page)
    _do_next(report.findings, context, page)
    page.line()
    page.wrapped(Text("armready scan --full prints every finding with its line; armready rule CODE explains one."))


def _table(title: str, rows: Iterable[Row], context: Context) -> Table:
    rows = list(rows)
    wanted = ("errors", "warnings", "infos", "files", "fixable") if context.width >= 60 else ("errors", "fixable")
    columns = [column for column in wanted if any(getattr(row, column) for row in rows)]
    room = max(context.width - sum(len(column) + 4 for column in columns), 16)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(title, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(crop(escape(row.label), room)), *(Text(f"{getattr(row, column):,}") for column in columns))
    return table


def _errors(findings: Iterable[Finding], context: Context, page: _Page) -> None:
    """Every error with its place; what is said in the same words stands once."""
    groups: dict[tuple[str, str, str], dict[str, None]] = {}
    for each in findings:
        if each.severity is Severity.ERROR:
            told = groups.setdefault((each.code, each.message, mark(each, context)), {})
            same = (other.location for other in each.related if other.message == SAME)
            for location in (each.location, *same):
                told[f"{escape(context.shown_path(location.path))}:{location.region.line}"] = None
    if not groups:
        return
    page.line(Text("Errors", "bold"))
    for (code, message, fix), places in groups.items():
        page.wrapped(Text.assemble((f"{code} ", _LEVELS["error"]), f"{escape(message)} {fix}".rstrip()), indent=6, first=Text("    "))
        page.wrapped(Text(", ".join(places), "cyan"), indent=8, first=Text("        "))
    page.line()


def _do_next(findings: tuple[Finding, ...], context: Context, page: _Page) -> None:
    page.line(Text("Do next", "bold"))
    for number, step in enumerate(steps(findings, context), 1):
        head = f"{step.title}: {step.command}" if step.command else step.title
        page.wrapped(Text(f"{head}  ({plural(step.number, 'finding')}; {step.why})"), indent=4, first=Text(f"{number:>2}. "))
        for rule in step.rules:
            reason = f": {rule.reason}" if step.reasons else ""
            times = f" ({rule.number:,} times)" if rule.number > 1 else ""
            place = f"{context.shown_path(rule.path)}:{rule.line}"
            words = escape(f"{rule.code} {rule.name}{times}, {'first at ' if rule.number > 1 else ''}{place}{reason}")
            page.wrapped(Text(words), indent=8, first=Text("      "))


def _fixed(report: Report, context: Context, page: _Page) -> None:
    result = fix_result(context, report.findings)
    for title, lines in (
        ("Applied", result.applied),
        ("Not applied", result.not_applied),
        ("Needs a look before --unsafe-fixes", result.to_look_at),
    ):
        if not lines:
            continue
        page.line(Text(f"{title} ({len(lines):,})", "bold"))
        for line in lines:
            page.wrapped(Text(escape(f"{context.shown_path(line.path)}: {line.code} {line.title}")), indent=4, first=Text("    "))
            for note in line.notes:
                page.wrapped(Text(escape(note)), indent=6, first=Text("    - "))
        page.line()

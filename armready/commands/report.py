"""`armready report`: the JSON reports of many repositories as one table, in Markdown, or as one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from armready import __version__
from armready.core.bounded import MAX_JSON, load_json, read_bounded
from armready.core.errors import ParseProblem, UsageError
from armready.core.startup import dataclass
from armready.reporters.base import escape

VERSION = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """What one report says of one repository.

    Attributes:
        name: the name of the report's file without its suffix.
        errors: how many findings; `warnings` and `infos` likewise.
        fixable_safe: how many `armready fix` mends.
        fixable_unsafe: how many more with `--unsafe-fixes`.
        ready_images: how many of `images` nothing stands against.
        images: how many Dockerfiles there are.
        rules: code and name -> findings.
    """

    name: str
    errors: int
    warnings: int
    infos: int
    fixable_safe: int
    fixable_unsafe: int
    ready_images: int
    images: int
    rules: Counter[str]

    @property
    def cells(self) -> tuple[str, ...]:
        """The numbers of its row."""
        images = f"{self.ready_images:,} of {self.images:,}" if self.images else ""
        numbers = (self.errors, self.warnings, self.infos, self.fixable_safe, self.fixable_unsafe)
        return (*(f"{number:,}" for number in numbers), images)


COLUMNS = ("errors", "warnings", "infos", "fixable", "with a look", "images ready")


def read(path: Path) -> Summary:
    """Read one JSON report.

    Raises:
        UsageError: it cannot be read, or is not a report of this version.
    """
    try:
        document = load_json(read_bounded(path, MAX_JSON))
        if document["version"] != VERSION:
            raise UsageError(f"{path}: version {document['version']} of the JSON report is not known here")
        return _summary(path, document["summary"], document["findings"])
    except (ParseProblem, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path}: not a JSON report of armready ({error})") from error


def _summary(path: Path, summary: dict[str, Any], findings: list[dict[str, Any]]) -> Summary:
    images = summary.get("readiness", {}).get("images", [])
    numbers = {key: int(summary[key]) for key in ("errors", "warnings", "infos", "fixable_safe", "fixable_unsafe")}
    return Summary(
        name=path.stem,
        **numbers,
        ready_images=sum(image["state"] == "ready" for image in images),
        images=len(images),
        rules=Counter(f"{finding['code']} {finding['name']}" for finding in findings),
    )


def merge(paths: Sequence[Path], form: str) -> str:
    """One report over many.

    Args:
        paths: JSON reports.
        form: table, markdown or html.

    Raises:
        UsageError: a file is not a report, or there is no such form.
    """
    writers = {"table": _table, "markdown": _markdown, "html": _html}
    if form not in writers:
        raise UsageError(f"unknown format {form!r}; there are {', '.join(writers)}")
    summaries = sorted((read(path) for path in paths), key=lambda each: (-each.errors, -each.warnings, each.name))
    return writers[form](summaries, _total(summaries))


def _total(summaries: Sequence[Summary]) -> Summary:
    def total(key: str) -> int:
        return sum(getattr(each, key) for each in summaries)

    keys = ("errors", "warnings", "infos", "fixable_safe", "fixable_unsafe", "ready_images", "images")
    rules = sum((each.rules for each in summaries), Counter[str]())
    return Summary(_repositories(len(summaries)), **{key: total(key) for key in keys}, rules=rules)


def _repositories(number: int) -> str:
    return f"{number:,} {'repository' if number == 1 else 'repositories'}"


def _rules(total: Summary, summaries: Sequence[Summary]) -> list[tuple[str, int, int]]:
    """The most frequent rules: name, findings, repositories."""
    return [(rule, number, sum(rule in each.rules for each in summaries)) for rule, number in total.rules.most_common(20)]


def _table(summaries: Sequence[Summary], total: Summary) -> str:
    rows = [(escape(each.name), *each.cells) for each in (*summaries, total)]
    header = ("repository", *COLUMNS)
    widths = [max(len(row[index]) for row in (header, *rows)) for index in range(len(header))]
    lines = [_line(row, widths) for row in (header, *rows)]
    lines += ["", *(f"{number:>7,} {rule} in {_repositories(among)}" for rule, number, among in _rules(total, summaries))]
    return "\n".join(lines) + "\n"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = (
        f"{cell:<{width}}" if not index else f"{cell:>{width}}" for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((first, *rest)).rstrip()


def _markdown(summaries: Sequence[Summary], total: Summary) -> str:
    from armready.reporters.markdown import markdown

    lines = [f"| repository | {' | '.join(COLUMNS)} |", f"|---|{'---:|' * len(COLUMNS)}"]
    lines += [f"| {markdown(each.name)} | {' | '.join(each.cells)} |" for each in summaries]
    lines.append(f"| **{total.name}** | {' | '.join(f'**{cell}**' if cell else '' for cell in total.cells)} |")
    lines += ["", "| rule | findings | repositories |", "|---|---:|---:|"]
    lines += [f"| {markdown(rule)} | {number:,} | {among:,} |" for rule, number, among in _rules(total, summaries)]
    return "\n".join(lines) + "\n"


def _html(summaries: Sequence[Summary], total: Summary) -> str:
    from armready.reporters.html import page, text

    def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
        head = "".join(f"<th>{text(cell)}</th>" for cell in header)
        body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return f'<div class="card scroll"><table><tr>{head}</tr>{body}</table></div>'

    numbers = (("error", total.errors, "errors"), ("warning", total.warnings, "warnings"), ("ready", total.fixable_safe, "fixable now"))
    boxes = "".join(f'<div class="number {kind}"><b>{number:,}</b><span>{label}</span></div>' for kind, number, label in numbers)
    rules = [(rule, f"{number:,}", f"{among:,}") for rule, number, among in _rules(total, summaries)]
    content = [
        f'<div class="numbers">{boxes}</div>',
        "<h2>Repositories</h2>",
        table(("Repository", *COLUMNS), [(each.name, *each.cells) for each in summaries]),
        "<h2>Most frequent rules</h2>",
        table(("Rule", "findings", "repositories"), rules),
    ]
    return page(title="arm64 readiness", subtitle=total.name, content="\n".join(content), footer=f"armready {__version__}")

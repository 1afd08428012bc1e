"""The report on a run: one HTML page, Markdown, or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from armready import __version__
from armready.core.errors import UsageError
from armready.fleet.store import Store
from armready.fleet.views import Place, Repository, blockers, places, repositories, teams, trend
from armready.reporters.base import escape
from armready.reporters.html import page, text
from armready.reporters.markdown import markdown

# The page names so many findings with their places; all are in the database.
_PLACES = 2_000
_ROWS = 200
FORMATS = ("html", "markdown", "csv")
_HEAD = ("repository", "team", "scan", "errors", "warnings", "infos", "fixable", "workloads", "of them ready")


def render(store: Store, run: int, form: str) -> str:
    """The report in a format.

    Raises:
        UsageError: there is no such format.
    """
    writers = {"html": _html, "markdown": _markdown, "csv": _csv}
    if form not in writers:
        raise UsageError(f"unknown format {form!r}; there are {', '.join(FORMATS)}")
    return writers[form](store, run)


def summary(found: Sequence[Repository]) -> str:
    """The first sentence."""
    clean = sum(each.status == "ok" and not each.errors for each in found)
    failed = sum(each.status not in ("ok", "empty") for each in found)
    more = f", {failed:,} could not be scanned or not wholly" if failed else ""
    return f"{clean:,} of {len(found):,} repositories have no error{more}; {sum(each.errors for each in found):,} errors in all."


def _cells(each: Repository) -> tuple[str, ...]:
    status = each.status if not each.reason else f"{each.status}: {each.reason}"
    return (each.name, each.team, status, *(str(value) for value in each[4:]))


def _csv(store: Store, run: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows([_harmless(escape(cell)) for cell in _cells(each)] for each in repositories(store, run))
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def _markdown(store: Store, run: int) -> str:
    found = repositories(store, run)
    lines = [f"## arm64 readiness of {len(found):,} repositories", "", summary(found), ""]
    lines += _table(("run", "day", "repositories", "without errors", "errors", "warnings", "failed"), trend(store))
    lines += _table(("rule", "name", "findings", "repositories", "severity"), blockers(store, run))
    lines += _table(("team", "repositories", "without errors", "errors", "fixable"), teams(found))
    lines += _table(_HEAD, [_cells(each) for each in found[:_ROWS]])
    if len(found) > _ROWS:
        lines.append(f"and {len(found) - _ROWS:,} more")
    return "\n".join(lines) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(markdown(str(cell)) for cell in row)} |" for row in rows), ""]


def _html(store: Store, run: int) -> str:
    found = repositories(store, run)
    listed = places(store, run, _PLACES)
    content = [
        "<h2>Runs</h2>",
        _grid(("Run", "Day", "Repositories", "Without errors", "Errors", "Warnings", "Failed"), trend(store)),
        "<h2>What blocks most</h2>",
        _grid(("Rule", "Name", "Findings", "Repositories", "Severity"), blockers(store, run)),
        "<h2>Teams</h2>",
        _grid(("Team", "Repositories", "Without errors", "Errors", "Fixable"), teams(found)),
        "<h2>Repositories</h2>",
        _grid(tuple(each.capitalize() for each in _HEAD), [_cells(each) for each in found]),
        f"<h2>Findings</h2>{_dim(len(listed))}",
        *_drill(listed),
    ]
    return page(
        title="arm64 readiness of the fleet",
        subtitle=f"Run {run}: {summary(found)}",
        content="\n".join(content),
        footer=f"armready {__version__}; made from the text of the files alone, nothing of the repositories was run.",
    )


def _dim(number: int) -> str:
    return f'<p class="dim">The first {number:,}; armready fleet sql has all.</p>' if number == _PLACES else ""


def _drill(listed: Sequence[Place]) -> Iterable[str]:
    """The findings with their places, folded up by repository."""
    groups: dict[str, list[Place]] = {}
    for each in listed:
        groups.setdefault(each.repository, []).append(each)
    for name, group in sorted(groups.items()):
        rows = [(f"{each.path}:{each.line}", each.code, each.severity, each.fix, each.message) for each in group]
        table = _grid(("Place", "Rule", "Severity", "Fix", "What"), rows)
        table = _grid(("Place", "Rule", "Severity", "Fix", "What"), rows)
        yield f'<details class="file"><summary>{text(name)} ({len(group):,})</summary>{table}</details>'


def _grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    titles = "".join(f"<th>{text(each)}</th>" for each in head)
    body = "".join(f"<tr>{''.join(f'<td>{text(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="card scroll"><table class="sortable"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'

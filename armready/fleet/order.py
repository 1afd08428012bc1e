"""The plan of a fleet as text, Markdown, JSON or a page."""

from __future__ import annotations

from collections.abc import Sequence

from armready import __version__
from armready.core.errors import UsageError
from armready.core.wording import plural
from armready.fleet.graph import Change, FleetPlan
from armready.plan.model import How, Sort, Status
from armready.plan.words import LABELS, state
from armready.reporters.base import dump_json, escape
from armready.reporters.html import page
from armready.reporters.html import text as quoted
from armready.reporters.markdown import markdown

FORMATS = ("text", "markdown", "json", "html")
# So many changes of a wave are named; JSON has all.
_NAMED = 100
VERSION = 1


def render(plan: FleetPlan, form: str) -> str:
    """The plan in a format.

    Raises:
        UsageError: there is no such format.
    """
    if form == "json":
        return dump_json(document(plan)) + "\n"
    if form == "html":
        return _html(plan)
    if form not in FORMATS:
        raise UsageError(f"unknown format {form!r}; there are {', '.join(FORMATS)}")
    return _lines(plan, marked=form == "markdown")


def _sentence(change: Change) -> str:
    codes = f" ({', '.join(change.codes)})" if change.codes else ""
    others = f" in {plural(change.repositories, 'other repository')}".replace("repositorys", "repositories") if change.repositories else ""
    waits = f"; {change.unblocks:,} {'waits' if change.unblocks == 1 else 'wait'} for it{others}" if change.unblocks else ""
    return f"{change.repository}: {change.title}{codes}, {LABELS[How(change.how)]}{waits}"


def _sections(plan: FleetPlan) -> list[tuple[str, Sequence[str]]]:
    cut = [(wave[:_NAMED], len(wave) - _NAMED) for wave in plan.waves]
    waves = [[*map(_sentence, shown), *([f"and {more:,} more"] if more > 0 else [])] for shown, more in cut]
    return [
        ("The ten changes that unblock most", [_sentence(each) for each in plan.first]),
        ("The longest chain", [_sentence(each) for each in plan.critical]),
        ("These wait for each other", [" -> ".join((*cycle, cycle[0])) for cycle in plan.cycles]),
        *((f"Wave {number}", wave) for number, wave in enumerate(waves, 1)),
    ]


def _head(plan: FleetPlan) -> str:
    return f"Today {state(plan.now)}. {plural(plan.joined, 'image')} of one repository that another one builds on or runs."


def _lines(plan: FleetPlan, *, marked: bool) -> str:
    clean = markdown if marked else escape
    lines = [clean(_head(plan))]
    for title, members in _sections(plan):
        if members:
            box = "- [ ] " if title.startswith("Wave") else "1. "
            lines += ["", f"## {title}" if marked else title, ""]
            lines += [f"{box}{clean(each)}" if marked else f"  {number}. {clean(each)}" for number, each in enumerate(members, 1)]
    return "\n".join(lines) + "\n"


def _html(plan: FleetPlan) -> str:
    content = []
    for title, members in _sections(plan):
        if members:
            content.append(f'<h2>{title}</h2><ol class="card">{"".join(f"<li>{quoted(each)}</li>" for each in members)}</ol>')
    return page(
        title="What to do for arm64 in the fleet", subtitle=_head(plan), content="\n".join(content), footer=f"armready {__version__}"
    )


def document(plan: FleetPlan) -> dict[str, object]:
    """The plan as plain data. Keys may be added within a version, never removed."""
    counted = (Sort.WORKLOAD, Sort.IMAGE, Sort.DOCKERFILE)
    return {
        "version": VERSION,
        "tool": {"name": "armready", "version": __version__},
        "now": {
            f"{sort}s": {"total": plan.now.total(sort), **{each.value: plan.now.of(sort, each) for each in Status}} for sort in counted
        },
        "joined": plan.joined,
        "first": [each._asdict() for each in plan.first],
        "critical": [each._asdict() for each in plan.critical],
        "cycles": [list(cycle) for cycle in plan.cycles],
        "waves": [[each._asdict() for each in wave] for wave in plan.waves],
    }

"""One HTML file without network: how far the repository is, what to do first, and every finding with its line and the diff of its fix."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape as quoted
from itertools import groupby
from pathlib import Path

from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.results import Report
from armready.core.wording import plural
from armready.reporters.base import Context, count_fixes, count_severities, escape, rule_url, summary_line
from armready.reporters.diff import Hunk, hunks
from armready.reporters.excerpt import excerpt
from armready.reporters.fixed import FixLine, fix_result
from armready.reporters.outlook import hint, will_be
from armready.reporters.triage import Rule, Step, steps
from armready.reporters.verdict import LABELS, TITLES, family_words, next_step, recognised
from armready.run.readiness import Family, Image, Placed, Readiness, State

# Beyond this the files start closed: a browser opens the page at once.
_OPEN = 200
_EXCERPT_WIDTH = 220
_ROWS = 200
_SHORT = 12


def render(report: Report, context: Context) -> str:
    """The page."""
    name = context.root.name or "repository"
    state = context.readiness or Readiness((), (), ())
    content = [
        _numbers(report, context),
        *_failures(report, context),
        *_families(state),
        *_fixed(report, context),
        *_first(report, context),
        *_listings(state, context),
        *_findings(report, context),
    ]
    return page(
        title=f"arm64 readiness of {name}",
        subtitle=f"{recognised(report, context)} {summary_line(report)}. {next_step(report, context)}",
        content="\n".join(content),
        footer=f"armready {context.version}; made from the text of the files alone, nothing of the repository was run.",
    )


def page(*, title: str, subtitle: str, content: str, footer: str) -> str:
    """A whole document around content that is HTML already; the other texts are escaped here."""
    folder = Path(__file__).parent
    script = (folder / "page_script.html").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    values = {
        "title": text(title),
        "heading": text(title),
        "subtitle": text(subtitle),
        "footer": text(footer),
        "script_hash": f"sha256-{digest}",
        "script": script,
        "content": content,
    }
    template = (folder / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def text(untrusted: str) -> str:
    """Text of a repository on one line of HTML, for content and attributes."""
    return quoted(escape(untrusted))


def badge(kind: str, label: str = "") -> str:
    """A small coloured label."""
    return f'<span class="badge {kind}">{label or kind}</span>'


def _numbers(report: Report, context: Context) -> str:
    levels = count_severities(report)
    safe, unsafe = count_fixes(report, context)
    cells = [(level.value, levels[level], plural(levels[level], level.value).split(" ", 1)[1]) for level in Severity]
    cells.append(("ready", safe, "fixable now"))
    cells.append(("", unsafe, "fixable after a look"))
    body = "".join(f'<div class="number {kind}"><b>{number:,}</b><span>{label}</span></div>' for kind, number, label in cells)
    return f'<div class="numbers">{body}</div>'


def _failures(report: Report, context: Context) -> Iterable[str]:
    if not report.failures:
        return
    rows = [
        f'<tr><td class="place">{text(context.shown_path(each.path) or "armready")}</td><td>{text(each.message)}</td></tr>'
        for each in report.failures
    ]
    more = f'<p class="dim">and {len(rows) - _ROWS:,} more</p>' if len(rows) > _ROWS else ""
    head = f"<h2>Not complete: {plural(len(rows), 'internal error')}</h2>"
    yield f'{head}<div class="card scroll"><table>{"".join(rows[:_ROWS])}</table>{more}</div>'


def _families(state: Readiness) -> Iterable[str]:
    if state.families:
        yield f'<h2>Readiness</h2><div class="families">{"".join(map(_family, state.families))}</div>'


def _listings(state: Readiness, context: Context) -> Iterable[str]:
    worst_first = list(reversed(State)).index
    if state.images:
        images = sorted(state.images, key=lambda each: (worst_first(each.state), each.path))
        rows = [_image_row(each, context) for each in images]
        yield _listing("Images", ("Built from", "State", "Base of what ships", "Because of"), rows, [each.state for each in images])
    if state.workloads:
        workloads = sorted(state.workloads, key=lambda each: (worst_first(each.state), each.path, each.line))
        rows = [_workload_row(each, context) for each in workloads]
        yield _listing("Workloads", ("Workload", "State", "Because", "In"), rows, [each.state for each in workloads])


def _listing(title: str, header: Sequence[str], rows: Sequence[str], states: Sequence[State]) -> str:
    opened = " open" if len(rows) <= _SHORT else ""
    counts = " ".join(_state(state, f"{states.count(state):,}") for state in reversed(State) if state in states)
    head = "".join(f"<th>{each}</th>" for each in header)
    more = f'<p class="dim">and {len(rows) - _ROWS:,} more</p>' if len(rows) > _ROWS else ""
    table = f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows[:_ROWS])}</table></div>{more}'
    return f'<h2>{title}</h2><details class="card"{opened}><summary>{counts}</summary>{table}</details>'


def _family(family: Family) -> str:
    bar = "".join(f'<i class="{state}" style="flex:{number}"></i>' for state, number in family.states.items())
    title = text(TITLES.get(family.name, family.name))
    words = f'<span class="dim">{family_words(family)}</span>'
    return f'<div class="card"><b>{title}</b><div class="bar">{bar}</div>{words}</div>'


def _image_row(image: Image, context: Context) -> str:
    bases = "<br>".join(f"<code>{text(base)}</code>" for base in image.bases)
    names = "".join(f'<br><span class="dim">{text(name)}</span>' for name in image.names[:4])
    cells = f"<td>{_state(image.state)}</td><td>{bases}</td><td>{', '.join(image.reasons)}</td>"
    return f'<tr><td class="place">{_place(image.path, 1, context, shown=context.shown_path(image.path))}{names}</td>{cells}</tr>'


def _workload_row(workload: Placed, context: Context) -> str:
    place = f'<td class="place">{_place(workload.path, workload.line, context)}</td>'
    return f"<tr><td>{text(workload.title)}</td><td>{_state(workload.state)}</td><td>{text(workload.reason)}</td>{place}</tr>"


def _state(state: State, number: str = "") -> str:
    return badge(state, f"{number} {LABELS[state]}".strip())


def _place(path: str, line: int, context: Context, shown: str = "") -> str:
    """A place in a file, with a link to the forge where it is known."""
    words = text(shown or f"{context.shown_path(path)}:{line}")
    if context.forge is None:
        return words
    return f'<a href="{quoted(context.forge.link(path, line))}" rel="noreferrer">{words}</a>'


def _first(report: Report, context: Context) -> Iterable[str]:
    todo = steps(report.findings, context)
    if todo:
        yield f'<h2>Do first</h2><div class="steps">{"".join(_step(each, context) for each in todo)}</div>'


def _step(step: Step, context: Context) -> str:
    run = f'<code class="command">{text(step.command)}</code>' if step.command else ""
    listed = "".join(f"<li>{_rule(each, step, context)}</li>" for each in step.rules)
    head = f'<h3>{step.title}: {plural(step.number, "finding")}</h3><span class="dim">{step.why}</span>'
    return f'<div class="card">{head}{run}<ul>{listed}</ul></div>'


def _rule(rule: Rule, step: Step, context: Context) -> str:
    name = f'<a href="{rule_url(rule.name)}" rel="noreferrer">{rule.code} {text(rule.name)}</a>'
    times = f" ({rule.number:,} times), first at" if rule.number > 1 else " at"
    reason = f'<br><span class="dim">{text(rule.reason)}</span>' if step.reasons else ""
    return f'{name}{times} <span class="place">{_place(rule.path, rule.line, context)}</span>{reason}'


def _fixed(report: Report, context: Context) -> Iterable[str]:
    result = fix_result(context, report.findings)
    for title, lines in (("Applied", result.applied), ("Not applied", result.not_applied)):
        if lines:
            yield f'<h2>{title}</h2><div class="card scroll"><table>{"".join(_fix_row(line, context) for line in lines)}</table></div>'


def _fix_row(line: FixLine, context: Context) -> str:
    notes = "".join(f'<br><span class="dim">{text(note)}</span>' for note in line.notes)
    return f'<tr><td class="place">{text(context.shown_path(line.path))}</td><td>{line.code}</td><td>{text(line.title)}{notes}</td></tr>'


def _findings(report: Report, context: Context) -> Iterable[str]:
    if not report.findings:
        words = "None." if report.failures else "None of the levels that are reported."
        yield f'<h2>Findings</h2><div class="card">{words}</div>'
        return
    yield f"<h2>Findings</h2>{_filters(report.findings)}"
    opened = " open" if len(report.findings) <= _OPEN else ""
    for path, group in groupby(report.findings, key=lambda each: each.path):
        found = list(group)
        worst = min(found, key=lambda each: each.severity.rank).severity
        head = f'{badge(worst, f"{len(found):,}")} <span class="place">{text(context.shown_path(path))}</span>'
        body = "".join(_finding(finding, report, context) for finding in found)
        yield f'<details class="file"{opened}><summary>{head}</summary>{body}</details>'


def _filters(findings: Sequence[Finding]) -> str:
    rules = sorted({(finding.code, finding.name) for finding in findings})
    selects = (
        _select("level", [("", "All levels"), *((level.value, level.value) for level in Severity)]),
        _select("rule", [("", "All rules"), *((code, f"{code} {name}") for code, name in rules)]),
        _select("fix", [("", "Fix or not"), ("safe", "safe fix"), ("unsafe", "unsafe fix"), ("display", "by hand"), ("none", "no fix")]),
    )
    search = '<input type="search" name="text" placeholder="Search" aria-label="Search">'
    end = '<button type="reset">Reset</button><span class="dim" id="count"></span>'
    return f'<form class="filters" id="filters" hidden>{search}{"".join(selects)}{end}</form>'


def _select(name: str, options: Iterable[tuple[str, str]]) -> str:
    body = "".join(f'<option value="{value}">{text(label)}</option>' for value, label in options)
    return f'<select name="{name}" aria-label="{name}">{body}</select>'


def _finding(finding: Finding, report: Report, context: Context) -> str:
    line, column, *_ = finding.location.region
    applicability = will_be(finding, context) or "none"
    rule = f'<a href="{rule_url(finding.name)}" rel="noreferrer">{finding.code} {text(finding.name)}</a>'
    place = f'<span class="place">{_place(finding.path, line, context, shown=f"line {line}, column {column}")}</span>'
    newer = badge("display", "newer than the baseline") if finding in report.tolerated else ""
    parts = [
        f'<div class="head">{badge(finding.severity)} {rule} {place} {newer}</div>',
        f'<p class="message">{text(finding.message)}</p>',
        _excerpt(finding, context),
        *(_related(each.location.path, each.location.region.line, each.message, context) for each in finding.related),
        _fix(finding, finding.fix, context) if finding.fix else _later(finding, context),
    ]
    data = f'data-level="{finding.severity}" data-rule="{finding.code}" data-fix="{applicability}"'
    return f'<article class="finding" {data}>{"".join(parts)}</article>'


def _excerpt(finding: Finding, context: Context) -> str:
    source = context.shown_source(finding.path)
    shown = None if source is None else excerpt(source, finding.location, _EXCERPT_WIDTH)
    if shown is None:
        return ""
    more = f'\n<span class="n">and {plural(shown.more, "more line")}</span>' if shown.more else ""
    number = f'<span class="n">{shown.line} </span>'
    return f"<pre>{number}{quoted(shown.before)}<mark>{quoted(shown.marked)}</mark>{quoted(shown.after)}{more}</pre>"


def _related(path: str, line: int, message: str, context: Context) -> str:
    return f'<p class="dim">See also <code>{_place(path, line, context)}</code>: {text(message)}</p>'


def _later(finding: Finding, context: Context) -> str:
    how = hint(finding, context)
    return f'<div class="fix">{badge(will_be(finding, context) or "", "fix")} {text(how)}</div>' if how else ""


def _fix(finding: Finding, fix: Fix, context: Context) -> str:
    notes = "".join(f'<p class="dim">{text(note)}</p>' for note in fix.notes)
    changes = "".join(_hunk(hunk, context) for hunk in hunks(fix, context))
    kind = will_be(finding, context) or fix.applicability
    label = "by hand" if kind is Applicability.DISPLAY else f"{kind} fix"
    title = f'{badge(kind, label)} {text(fix.title)} <span class="dim">({text(hint(finding, context))})</span>'
    if not changes:
        return f'<div class="fix">{title}{notes}</div>'
    return f'<details class="fix" open><summary>{title}</summary>{changes}{notes}</details>'


def _hunk(hunk: Hunk, context: Context) -> str:
    classes = {"+": "add", "-": "del", " ": "same"}
    head = f'<span class="at">{text(context.shown_path(hunk.path))}, line {hunk.line}</span>'
    body = "".join(f'<span class="{classes[line.sign]}">{line.sign} {quoted(line.text)}</span>' for line in hunk.lines)
    return f'<pre class="diff">{head}{body}</pre>'

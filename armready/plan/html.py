"""A plan as one HTML page without network or script: the graph as a drawing, and the waves."""

from __future__ import annotations

from collections.abc import Iterable

from armready import __version__
from armready.plan.drawn import Place, drawn, layout
from armready.plan.model import How, Node, Plan, Status, Step, Wave
from armready.plan.words import LABELS, after, headline, listed, partial
from armready.reporters.html import badge, page, text

_WIDTH, _HEIGHT = 190, 34
_ACROSS, _DOWN = 250, 46
_LONGEST = 27
_BADGES = {How.COMMAND: "safe", How.LOOK: "unsafe", How.HAND: "warning", How.DECIDE: "info", How.ASK: "unknown"}
_COLOURS = {
    Status.READY: "var(--ready)",
    Status.STAYS: "var(--info)",
    Status.UNKNOWN: "var(--dim)",
    Status.DOUBTFUL: "#d9a31e",
    Status.BLOCKED: "var(--error)",
}


def render(plan: Plan, name: str) -> str:
    """The page.

    Args:
        plan: what to do.
        name: of the repository.
    """
    content = [*_drawing(plan)]
    for number, wave in enumerate(plan.waves, 1):
        content += [f"<h2>Wave {number}</h2>", *_wave(wave)]
    if not plan.waves:
        content.append('<p class="card">There is nothing to do.</p>')
    return page(
        title=f"What to do for arm64 in {name}",
        subtitle=f"{headline(plan)} {partial(plan)}".strip(),
        content="\n".join(content),
        footer=f"armready {__version__}; made from the text of the files alone, nothing of the repository was run.",
    )


def _drawing(plan: Plan) -> Iterable[str]:
    nodes, left_out = drawn(plan)
    if not nodes:
        return
    legend = " ".join(f'<span style="color:{colour}">&#9632;</span> {status}' for status, colour in _COLOURS.items())
    more = f" {left_out:,} more nodes, which need nothing, are left out." if left_out else ""
    yield "<h2>What waits for what</h2>"
    yield f'<div class="card scroll">{svg(nodes, plan)}<p class="dim">From left to right; {legend}.{more}</p></div>'


def svg(nodes: list[Node], plan: Plan) -> str:
    """The graph as a drawing; every box names its node in full when one points at it."""
    places = layout(nodes)
    width = (max(place.column for place in places.values()) + 1) * _ACROSS
    height = (max(place.row for place in places.values()) + 1) * _DOWN + 8
    lines = [_line(places[need], places[node.key]) for node in nodes for need in node.needs if need in places]
    boxes = [_box(node, places[node.key], plan.status[node.key]) for node in nodes]
    shape = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="graph" {shape}>{"".join((*lines, *boxes))}</svg>'


def _corner(place: Place) -> tuple[int, int]:
    return place.column * _ACROSS + 4, place.row * _DOWN + 4


def _line(start: Place, end: Place) -> str:
    x, y = _corner(start)
    to_x, to_y = _corner(end)
    x, y, to_y = x + _WIDTH, y + _HEIGHT // 2, to_y + _HEIGHT // 2
    middle = (x + to_x) // 2
    return f'<path d="M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}" fill="none" stroke="var(--dim)" opacity=".6"/>'


def _box(node: Node, place: Place, status: Status) -> str:
    x, y = _corner(place)
    short = node.title if len(node.title) <= _LONGEST else f"…{node.title[-_LONGEST + 1 :]}"
    why = f": {node.reason}" if node.reason else ""
    return (
        f"<g><title>{text(f'{node.sort} {node.title}, {status}{why}')}</title>"
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="var(--card)" stroke="{_COLOURS[status]}"/>'
        f'<text x="{x + 8}" y="{y + 14}" font-size="9.5" fill="var(--dim)">{node.sort}</text>'
        f'<text x="{x + 8}" y="{y + 27}" font-size="11.5" fill="var(--text)">{text(short)}</text></g>'
    )


def _wave(wave: Wave) -> Iterable[str]:
    for cycle in wave.cycles:
        names = " → ".join(f"<code>{text(each)}</code>" for each in (*cycle, cycle[0]))
        yield f'<p class="card">These wait for each other: {names}. Make one of them for arm64 from another base first.</p>'
    yield '<div class="steps">' + "".join(map(_step, wave.steps)) + "</div>"
    yield f"<p><b>After it:</b> {text(after(wave.after, wave.at_best))}</p>"


def _step(step: Step) -> str:
    owners = f' <span class="dim">{text(", ".join(step.owners))}</span>' if step.owners else ""
    items = "".join(f"<li>{text(each)}</li>" for each in (*step.what, *step.options, *step.notes))
    command = f'<code class="command">{text(step.command)}</code>' if step.command else ""
    titles, more = listed(step.unblocks)
    unblocks = f'<p class="dim">unblocks {text(", ".join(titles) + more)}</p>' if titles else ""
    head = f"<h3>{text(step.where)} {badge(_BADGES[step.how], LABELS[step.how])}{owners}</h3>"
    return f'<div class="card">{head}<ul>{items}</ul>{command}{unblocks}</div>'

"""The graph of a plan as a Mermaid flowchart."""

from __future__ import annotations

from armready.plan.drawn import drawn
from armready.plan.model import Plan, Status
from armready.reporters.base import escape

_COLOURS = {
    Status.READY: "#d3f0dc",
    Status.STAYS: "#dde7f5",
    Status.UNKNOWN: "#e6e8eb",
    Status.DOUBTFUL: "#fbe7b5",
    Status.BLOCKED: "#f9cfca",
}
_PLAIN = frozenset(" ./-_,+")


def render(plan: Plan) -> str:
    """Boxes by status, arrows from what comes first to what waits for it."""
    nodes, left_out = drawn(plan)
    names = {node.key: f"n{index}" for index, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    if left_out:
        lines.append(f"  %% {left_out:,} more nodes, none of which needs anything done, are left out")
    lines += [f'  {names[node.key]}["{node.sort}: {label(node.title)}"]:::{plan.status[node.key]}' for node in nodes]
    lines += [f"  {names[need]} --> {names[node.key]}" for node in nodes for need in node.needs if need in names]
    lines += [f"  classDef {status} fill:{colour},stroke:#555,color:#111" for status, colour in _COLOURS.items()]
    return "\n".join(lines) + "\n"


def label(text: str) -> str:
    """Untrusted text in a quoted label: everything but plain characters as a character reference."""
    return "".join(each if each.isascii() and (each.isalnum() or each in _PLAIN) else f"#{ord(each)};" for each in escape(text))

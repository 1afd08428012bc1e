"""A plan as plain text."""

from __future__ import annotations

from collections.abc import Iterator

from armready.plan.model import Plan, Step, Wave
from armready.plan.words import LABELS, after, headline, listed, partial
from armready.reporters.base import escape


def render(plan: Plan) -> str:
    """Wave by wave, what to do in each, and what is true afterwards."""
    lines = [headline(plan), *filter(None, [partial(plan)])]
    if not plan.waves:
        lines.append("There is nothing to do.")
    for number, wave in enumerate(plan.waves, 1):
        lines += ["", f"Wave {number}", *_wave(wave)]
    return "\n".join(map(escape, lines)) + "\n"


def _wave(wave: Wave) -> Iterator[str]:
    for cycle in wave.cycles:
        yield f"  These wait for each other: {' -> '.join((*cycle, cycle[0]))}. Make one of them for arm64 from another base first."
    for number, step in enumerate(wave.steps, 1):
        yield from _step(number, step)
    yield f"  After it: {after(wave.after, wave.at_best)}"


def _step(number: int, step: Step) -> Iterator[str]:
    owners = f"  ({', '.join(step.owners)})" if step.owners else ""
    yield f"  {number}. {step.where}: {LABELS[step.how]}{owners}"
    yield from (f"     {each}" for each in step.what)
    if step.command:
        yield f"     $ {step.command}"
    yield from (f"     - {each}" for each in (*step.options, *step.notes))
    if step.unblocks:
        titles, more = listed(step.unblocks)
        yield f"     unblocks {', '.join(titles)}{more}"

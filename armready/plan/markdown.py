"""A plan as a checklist for an issue."""

from __future__ import annotations

from collections.abc import Iterator

from armready.plan.model import Plan, Step, Wave
from armready.plan.words import LABELS, after, headline, listed, partial
from armready.reporters.markdown import LIMIT, code, markdown


def render(plan: Plan) -> str:
    """One checkbox a step; cut at the length of an issue."""
    blocks = ["## Ready for arm64, step by step\n", f"{markdown(headline(plan))} {partial(plan)}".rstrip() + "\n"]
    if not plan.waves:
        blocks.append("There is nothing to do.\n")
    for number, wave in enumerate(plan.waves, 1):
        blocks.append(f"### Wave {number}\n")
        blocks += _wave(wave)
    return "\n".join(_cut(blocks))


def _cut(blocks: list[str]) -> Iterator[str]:
    room = LIMIT
    for index, block in enumerate(blocks):
        room -= len(block) + 1
        if room < 0:
            yield f"The rest does not fit here ({len(blocks) - index:,} more entries): `armready plan` shows all.\n"
            return
        yield block


def _wave(wave: Wave) -> Iterator[str]:
    for cycle in wave.cycles:
        names = " → ".join(map(code, (*cycle, cycle[0])))
        yield f"These wait for each other: {names}. Make one of them for arm64 from another base first.\n"
    yield from map(_step, wave.steps)
    yield f"\n**After it:** {markdown(after(wave.after, wave.at_best))}\n"


def _step(step: Step) -> str:
    owners = f" ({', '.join(map(markdown, step.owners))})" if step.owners else ""
    lines = [f"- [ ] {code(step.where)}: **{LABELS[step.how]}**{owners}"]
    lines += [f"  - {markdown(each)}" for each in step.what]
    if step.command:
        lines.append(f"  - run {code(step.command)}")
    lines += [f"  - {markdown(each)}" for each in (*step.options, *step.notes)]
    if step.unblocks:
        titles, more = listed(step.unblocks)
        lines.append(f"  - unblocks {', '.join(map(code, titles))}{more}")
    return "\n".join(lines)

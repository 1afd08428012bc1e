"""The sentences of a plan that its formats share."""

from __future__ import annotations

from armready.core.wording import plural
from armready.plan.model import How, Plan, Sort, Status, Tally

LABELS = {
    How.COMMAND: "one command",
    How.LOOK: "one command, look at what it does",
    How.HAND: "by hand",
    How.DECIDE: "decide",
    How.ASK: "not known",
}
_NOUNS = {Sort.WORKLOAD: "workload", Sort.IMAGE: "image", Sort.DOCKERFILE: "Dockerfile"}
_VERBS = {Sort.WORKLOAD: ("runs", "run"), Sort.IMAGE: ("is made for", "are made for"), Sort.DOCKERFILE: ("builds for", "build for")}
_REST = {Status.STAYS: "stay on amd64 by decision", Status.UNKNOWN: "unknown", Status.DOUBTFUL: "doubtful", Status.BLOCKED: "blocked"}
SHOWN = 12


def state(tally: Tally) -> str:
    """`9 of 12 workloads run on both, 2 blocked, 1 unknown; 3 of 4 images are made for both`."""
    parts = [_of(tally, sort) for sort in _NOUNS if tally.total(sort)]
    return "; ".join(parts) or "nothing in it is built or run"


def _of(tally: Tally, sort: Sort) -> str:
    ready, total = tally.of(sort, Status.READY), tally.total(sort)
    verb = _VERBS[sort][ready != 1]
    on = "on both" if sort is Sort.WORKLOAD else "both"
    rest = [f"{tally.of(sort, status):,} {word}" for status, word in _REST.items() if tally.of(sort, status)]
    return ", ".join([f"{ready:,} of {plural(total, _NOUNS[sort])} {verb} {on}", *rest])


def after(tally: Tally, at_best: Tally) -> str:
    """What is true after a wave, and what more if the rest of its steps ends well."""
    measured, hoped = state(tally), state(at_best)
    return f"{measured}." if measured == hoped else f"{measured}. If what people do and decide ends well: {hoped}."


def headline(plan: Plan) -> str:
    """The first sentence."""
    return f"Today {state(plan.now)}."


def partial(plan: Plan) -> str:
    """What to know of a plan that does not cover the whole repository; empty otherwise."""
    return "" if plan.complete else "Only a part of the repository was read: what it builds or runs elsewhere is not in this plan."


def listed(titles: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The first of some titles, and how many more there are."""
    more = len(titles) - SHOWN
    return titles[:SHOWN], f" and {more:,} more" if more > 0 else ""

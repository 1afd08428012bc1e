"""The plan: wave by wave, with the commands of each carried out in memory, so that what follows from them is in the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from armready.fixing.fixer import fix_session
from armready.plan.graph import Picture, picture
from armready.plan.model import Graph, How, Plan, Status, Step, Tally, Wave
from armready.plan.order import cycles, groups, needs_of, statuses, tally, with_done
from armready.plan.owners import owners
from armready.plan.steps import Item, Writer, items
from armready.run.filters import within
from armready.run.passes import Filters

if TYPE_CHECKING:
    from armready.core.finding import Finding
    from armready.run.passes import Analysis
    from armready.run.session import Session

# More waves than any chain of images has.
_WAVES = 60
_RUN = (How.COMMAND, How.LOOK)


def plan(session: Session, analysis: Analysis) -> Plan:
    """What to do in which order, by what both passes found in a repository."""
    return _Planner(session, analysis).plan()


class _Planner:
    """The state of the files in memory, and what was planned so far."""

    def __init__(self, session: Session, analysis: Analysis) -> None:
        self.session = session
        self.analysis = analysis
        self.owners = owners(session.tree)
        self.planned: set[tuple[str, How, str]] = set()
        self.by_hand: set[str] = set()
        self.picture = self._picture()

    def plan(self) -> Plan:
        """See `plan`."""
        graph = self.picture.graph
        status = statuses(graph)
        waves: list[Wave] = []
        while len(waves) < _WAVES and (wave := self._wave()) is not None:
            waves.append(wave)
        return Plan(graph=graph, status=status, now=tally(graph, status), waves=tuple(waves), complete=self.analysis.complete)

    def _picture(self) -> Picture:
        return picture(self.analysis, counted(self.session, self.analysis), self.session.settings)

    def _wave(self) -> Wave | None:
        """The next wave, or None when there is nothing left."""
        while True:
            chosen, circles = first_wave(self.picture.graph, self._open_items())
            if not chosen:
                return None
            graph = self.picture.graph
            chosen = _commands_first(chosen, graph)
            written = Writer(self.picture, self.owners).steps(chosen)
            self.planned |= {item.key for item in chosen}
            steps = self._carried_out(written)
            if steps:
                break
        self.by_hand |= {key for step in steps if step.how not in _RUN for key in step.nodes}
        after = self.picture.graph
        return Wave(
            steps=tuple(steps),
            cycles=tuple(tuple(graph.nodes[key].title for key in group) for group in circles),
            after=_tally(after),
            at_best=_tally(with_done(after, self._done())),
        )

    def _open_items(self) -> list[Item]:
        """What is still to be planned. What a command was to mend and is still there is left to people."""
        left = (item._replace(how=How.HAND) if item.how in _RUN and item.key in self.planned else item for item in items(self.picture))
        return [item for item in left if item.key not in self.planned]

    def _done(self) -> set[str]:
        """The nodes on which somebody has worked by hand, unless more is still to come."""
        return self.by_hand - {item.node for item in self._open_items()}

    def _carried_out(self, steps: list[Step]) -> list[Step]:
        """Do in memory what the commands of a wave do. A step whose command does nothing is one by hand, or none when nothing is left."""
        useless: dict[tuple[str, How], str] = {}
        for how in _RUN:
            paths = {step.path for step in steps if step.how is how}
            if not paths:
                continue
            outcome = fix_session(self.session, self.analysis, Filters(only=within(paths)), unsafe=how is How.LOOK)
            self.session, self.analysis = replace(self.session, tree=outcome.tree), outcome.analysis
            reasons = {each.finding.path: each.reason for each in outcome.not_applied}
            worked = {finding.path for finding in outcome.applied}
            useless |= {(path, how): reasons.get(path, "") for path in paths - worked}
        self.picture = self._picture()
        left = {item.key for item in items(self.picture)}
        found = []
        for step in steps:
            reason = useless.get((step.path, step.how))
            if reason is None:
                found.append(step)
            elif any(key[0] in step.nodes and key[1] is step.how for key in left):
                self.planned |= {(node, How.HAND, code) for node in step.nodes for code in step.codes}
                found.append(replace(step, how=How.HAND, command="", notes=(*step.notes, f"armready does not make the change: {reason}")))
        return found


def counted(session: Session, analysis: Analysis) -> list[Finding]:
    """The findings of the rules that count in a run."""
    selection = session.registry.selection
    return [
        replace(finding, severity=selection.levels.get(finding.code, finding.severity))
        for finding in analysis.findings
        if selection.enabled(session.registry.rule(finding.code)) and not selection.ignored_in(finding.path, finding.code)
    ]


def first_wave(graph: Graph, open_items: list[Item]) -> tuple[list[Item], list[tuple[str, ...]]]:
    """The items that wait for no other, and the circles among their nodes. What is only unknown holds nothing up."""
    needs = needs_of(graph)
    holding = {item.node for item in open_items if item.how is not How.ASK}
    held: set[str] = set()
    for group in groups(needs):
        before = {each for key in group for each in needs[key]} - set(group)
        if any(each in holding or each in held for each in before):
            held.update(group)
    chosen = [item for item in open_items if item.node not in held]
    free = {item.node for item in chosen}
    return chosen, [group for group in cycles(graph) if not free.isdisjoint(group)]


def _commands_first(chosen: list[Item], graph: Graph) -> list[Item]:
    """The items without those by hand in files that a command changes in the same wave: afterwards armready may know more."""

    def path_of(item: Item) -> str:
        return item.finding.path if item.finding else graph.nodes[item.node].path

    changed = {path_of(item) for item in chosen if item.how in _RUN}
    return [item for item in chosen if item.how is not How.HAND or path_of(item) not in changed]


def _tally(graph: Graph) -> Tally:
    return tally(graph, statuses(graph))


def is_ready(plan: Plan) -> bool:
    """Whether there is nothing to do."""
    return not plan.waves and all(each in (Status.READY, Status.STAYS) for each in plan.status.values())

"""Whether matching a regular expression can take more than linear time, from its structure and without a clock.

A backtracking engine is linear on a pattern unless some text can be read in two ways that both go on: there are two states p and q and a
word v with p -v-> p, p -v-> q and q -v-> q (Weideman et al., "Analyzing matching time behavior of backtracking regular expression
matchers"), and what follows can fail. Searching adds a state in front that reads anything. The automaton has one state per character
class of the pattern; an edge says between which two characters it may be taken, so that `\\b`, `^`, `$`, possessive loops and looking one
character ahead or behind are exact. Bounded repetitions do not count as loops; atomic groups and longer lookbehind count as if they were
not there. So a pattern that passes is linear, and one that fails comes with the text that shows it.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from re import _constants as op
from re import _parser as parser
from typing import NamedTuple

EDGE = 0
"""The character in front of the text and behind it."""
SCAN = 0
"""The state that looks for a place where the pattern begins."""
COPIES = 2
LIMIT = 20_000
_COMMON = "aZ0_ \t\n\r-/.\"'$é\0"


class Witness(NamedTuple):
    """A text whose repetition in the middle makes matching slow."""

    before: str
    pump: str
    after: str

    def text(self, length: int) -> str:
        return self.before + self.pump * (length // len(self.pump) + 1) + self.after


class Piece(NamedTuple):
    """A part of a pattern: where it can begin and end, each with the pairs of characters between which that is so; and if it can be empty."""

    first: dict[int, int]
    last: dict[int, int]
    empty: int


class Automaton:
    """The states of one pattern, how they follow each other, and where it has matched."""

    def __init__(self, pattern: str, flags: int, *, scans: bool, whole: bool) -> None:
        tree = parser.parse(pattern, flags)
        self._groups: dict[int, Sequence[tuple[object, object]]] = {}
        self.alphabet = _alphabet(tree, flags | tree.state.flags)
        self.size = len(self.alphabet) + 1
        self.everything = (1 << self.size**2) - 1
        self.sets: list[frozenset[int]] = [frozenset(range(1, self.size))]
        self.follow: list[dict[int, int]] = [{}]
        self.ahead: set[int] = set()
        self.twice: set[tuple[int, int]] = set()
        whole_pattern = self._sequence(tree, flags | tree.state.flags)
        at_start = self.everything if scans else self._pairs(lambda last, _: last == EDGE)
        self.follow[SCAN] = {state: mask & at_start for state, mask in whole_pattern.first.items()}
        self.scans = scans
        if scans:
            self.follow[SCAN][SCAN] = self.everything
        at_end = self._pairs(lambda _, following: following == EDGE) if whole else self.everything
        self.accept = {state: mask & at_end for state, mask in whole_pattern.last.items()}
        self.alike = self._alike()
        self._steps: dict[tuple[int, int, int], tuple[int, ...]] = {}

    def allows(self, mask: int, last: int, following: int) -> bool:
        return bool(mask >> (last * self.size + following) & 1)

    def step(self, state: int, last: int, following: int) -> tuple[int, ...]:
        found = self._steps.get((state, last, following))
        if found is None:
            found = tuple(
                target
                for target, mask in self.follow[state].items()
                if following in self.sets[target] and self.allows(mask, last, following)
            )
            self._steps[state, last, following] = found
        return found

    def _alike(self) -> list[int]:
        """For each character the first that makes no other difference to what may follow it."""
        masks = {*self.accept.values(), *(mask for edges in self.follow for mask in edges.values())} - {self.everything}
        row = (1 << self.size) - 1
        rows = [tuple(mask >> (last * self.size) & row for mask in sorted(masks)) for last in range(self.size)]
        return [rows.index(each) for each in rows]

    def text(self, word: Sequence[int]) -> str:
        return "".join(self.alphabet[each - 1] for each in word)

    def _pairs(self, holds) -> int:
        return sum(
            1 << (last * self.size + following) for last in range(self.size) for following in range(self.size) if holds(last, following)
        )

    def _sequence(self, items, flags: int) -> Piece:
        whole = Piece({}, {}, self.everything)
        for item in items:
            whole = self._then(whole, self._one(item, flags))
        return whole

    def _then(self, left: Piece, right: Piece) -> Piece:
        for state, mask in left.last.items():
            self._connect(state, mask, right.first)
        first = dict(left.first)
        _add(first, right.first, left.empty)
        last = dict(right.last)
        _add(last, left.last, right.empty)
        return Piece(first, last, left.empty & right.empty)

    def _connect(self, state: int, mask: int, targets: dict[int, int]) -> None:
        for target, other in targets.items():
            new = mask & other
            if not new:
                continue
            old = self.follow[state].get(target, 0)
            if any(self.allows(old & new, last, following) for last in self.sets[state] for following in self.sets[target] if old & new):
                self.twice.add((state, target))
            self.follow[state][target] = old | new

    def _character(self, members: frozenset[int]) -> Piece:
        self.sets.append(members)
        self.follow.append({})
        state = len(self.sets) - 1
        return Piece({state: self.everything}, {state: self.everything}, 0)

    def _one(self, item, flags: int) -> Piece:
        code, argument = item
        if code in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            return self._character(self._members(item, flags))
        if code is op.AT:
            return Piece({}, {}, self._place(argument, flags))
        if code is op.BRANCH:
            return self._either([self._sequence(each, flags) for each in argument[1]])
        if code is op.SUBPATTERN:
            number, added, removed, inner = argument
            self._groups[number] = inner
            return self._sequence(inner, (flags | added) & ~removed)
        if code is op.ATOMIC_GROUP:
            return self._sequence(argument, flags)
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return self._repeat(code, *argument, flags)
        if code in (op.ASSERT, op.ASSERT_NOT):
            return self._look(code is op.ASSERT, *argument, flags)
        if code is op.GROUPREF:
            return self._sequence(self._groups[argument], flags)
        if code is op.GROUPREF_EXISTS:
            return self._either([self._sequence(each or (), flags) for each in argument[1:]])
        raise NotImplementedError(code)

    def _either(self, pieces: Sequence[Piece]) -> Piece:
        whole = Piece({}, {}, 0)
        for piece in pieces:
            whole = Piece(whole.first | piece.first, whole.last | piece.last, whole.empty | piece.empty)
        return whole

    def _repeat(self, code, low: int, high: int, inner, flags: int) -> Piece:
        whole = Piece({}, {}, self.everything)
        for _ in range(min(low, COPIES) - (high is parser.MAXREPEAT and low > 0)):
            whole = self._then(whole, self._sequence(inner, flags))
        if high is not parser.MAXREPEAT:
            for _ in range(min(high - low, COPIES)):
                whole = self._then(whole, self._sequence(inner, flags)._replace(empty=self.everything))
            return whole
        loop = self._sequence(inner, flags)
        for state, mask in loop.last.items():
            self._connect(state, mask, loop.first)
        if code is op.POSSESSIVE_REPEAT and len(loop.first) == len(loop.last) == 1 and loop.first.keys() == loop.last.keys():
            members = self.sets[next(iter(loop.first))]
            stops = self._pairs(lambda _, following: following not in members)
            loop = Piece(loop.first, {state: mask & stops for state, mask in loop.last.items()}, loop.empty & stops)
            return self._then(whole, loop._replace(empty=loop.empty | (stops if low == 0 else 0)))
        return self._then(whole, loop._replace(empty=self.everything) if low == 0 else loop)

    def _look(self, wanted: bool, direction: int, inner, flags: int) -> Piece:
        members = self._one_character(inner, flags)
        if members is not None:
            near = (lambda last, following: following in members) if direction > 0 else (lambda last, following: last in members)
            return Piece({}, {}, self._pairs(lambda last, following: near(last, following) == wanted))
        if direction < 0:
            members = self._one_character(inner[-1:], flags) if wanted else None
            return Piece({}, {}, self.everything if members is None else self._pairs(lambda last, _: last in members))
        before = len(self.sets)
        piece = self._sequence(inner, flags)
        self.ahead.update(range(before, len(self.sets)))
        return Piece(piece.first, {}, self.everything)

    def _one_character(self, inner, flags: int) -> frozenset[int] | None:
        """The characters that a lookaround is about, when it is about one; the edge of the text belongs to none of them, or to `$` and `^`."""
        if len(inner) != 1:
            return None
        code, argument = inner[0]
        if code in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            return self._members(inner[0], flags)
        if code is op.SUBPATTERN:
            return self._one_character(argument[3], (flags | argument[1]) & ~argument[2])
        if code is op.BRANCH:
            each = [self._one_character(branch, flags) for branch in argument[1]]
            return None if None in each else frozenset().union(*each)
        if code is op.AT and argument in (op.AT_END, op.AT_END_STRING, op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            newline = {at for at in range(1, self.size) if self.alphabet[at - 1] == "\n"} if flags & re.M else set()
            return frozenset({EDGE} | newline)
        return None

    def _members(self, item, flags: int) -> frozenset[int]:
        return frozenset(at for at in range(1, self.size) if _belongs(item, self.alphabet[at - 1], flags))

    def _place(self, place, flags: int) -> int:
        newline = {EDGE} | {at for at in range(1, self.size) if self.alphabet[at - 1] == "\n" and flags & re.M}
        word = {at for at in range(1, self.size) if re.match(r"\w", self.alphabet[at - 1])}
        if place in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            return self._pairs(lambda last, _: last in (newline if place is op.AT_BEGINNING else {EDGE}))
        if place in (op.AT_END, op.AT_END_STRING):
            return self._pairs(lambda _, following: following in (newline if place is op.AT_END else {EDGE}))
        return self._pairs(lambda last, following: ((last in word) != (following in word)) == (place is op.AT_BOUNDARY))


def _add(into: dict[int, int], more: dict[int, int], when: int) -> None:
    for state, mask in more.items():
        if mask & when:
            into[state] = into.get(state, 0) | (mask & when)


def _belongs(item, character: str, flags: int) -> bool:
    code, argument = item
    if code is op.ANY:
        return bool(flags & re.S) or character != "\n"
    variants = {character, character.lower(), character.upper()} if flags & re.I else {character}
    variants = {ord(each) for each in variants if len(each) == 1}
    if code is op.LITERAL:
        return argument in variants
    if code is op.NOT_LITERAL:
        return argument not in variants
    negated = argument[0][0] is op.NEGATE
    return negated != any(_in_class(each, variants) for each in argument[negated:])


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _in_class(member, variants: set[int]) -> bool:
    code, argument = member
    if code is op.LITERAL:
        return argument in variants
    if code is op.RANGE:
        return any(argument[0] <= each <= argument[1] for each in variants)
    return any(re.match(_CATEGORIES[argument], chr(each)) for each in variants)


def _alphabet(tree, flags: int) -> list[str]:
    """One character for each way to belong to the classes of a pattern."""
    items = list(_classes(tree))
    points = {ord(each) for each in _COMMON}
    for code, argument in items:
        for each in argument if code is op.IN else [(code, argument)]:
            ends = each[1] if each[0] is op.RANGE else (each[1],) if each[0] in (op.LITERAL, op.NOT_LITERAL) else ()
            points.update(near for end in ends for near in (end - 1, end, end + 1) if 0 <= near <= sys.maxunicode)
    points |= {ord(other) for point in points for other in (chr(point).lower(), chr(point).upper()) if len(other) == 1}
    kinds: dict[tuple[bool, ...], str] = {}
    for character in sorted(map(chr, points), key=lambda each: (not each.isprintable(), each not in _COMMON, each)):
        kind = tuple(_belongs(item, character, variant) for item in items for variant in {flags, flags | re.I})
        kinds.setdefault((*kind, character == "\n", bool(re.match(r"\w", character)), character.isspace()), character)
    return list(kinds.values())


def _classes(items) -> Iterator[tuple[object, object]]:
    for code, argument in items:
        if code in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            yield code, argument
        elif code is op.BRANCH:
            for each in argument[1]:
                yield from _classes(each)
        elif code is op.ATOMIC_GROUP:
            yield from _classes(argument)
        elif code is op.GROUPREF_EXISTS:
            for each in argument[1:]:
                yield from _classes(each or ())
        elif code not in (op.AT, op.GROUPREF):
            yield from _classes(argument[-1])


def witness(pattern: str, flags: int = 0, *, scans: bool = True, whole: bool = False) -> Witness | None:
    """A text on which matching takes more than linear time; None when there is none.

    Args:
        pattern: the regular expression.
        flags: of `re`.
        scans: it is searched for, not only matched at one place.
        whole: it must match the whole text.
    """
    automaton = Automaton(pattern, flags, scans=scans, whole=whole)
    loops = _loops(automaton)
    for state, target in sorted(automaton.twice):
        if loops.get(state) is not None and loops.get(state) == loops.get(target):
            found = _cycle(automaton, state, target, loops)
            if found is not None:
                return found
    for p in loops:
        for q in loops:
            if p == q or q == SCAN:
                continue
            found = _both(automaton, p, q, loops)
            if found is not None:
                return found
    return None


def _loops(automaton: Automaton) -> dict[int, int]:
    """The number of the strongly connected component of each state that can come back to itself."""
    reach = []
    for state in range(len(automaton.follow)):
        seen, stack = set(), [state]
        while stack:
            for target in automaton.follow[stack.pop()]:
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
        reach.append(seen)
    automaton.reach = reach
    return {state: min(other for other in reach[state] if state in reach[other]) for state in range(len(reach)) if state in reach[state]}


def _cycle(automaton: Automaton, state: int, target: int, loops: dict[int, int]) -> Witness | None:
    """A word that leads from `target` back to it through an edge that stands for two ways."""
    for last in sorted(automaton.sets[state]):
        for following in sorted(automaton.sets[target]):
            if not automaton.allows(automaton.follow[state][target], last, following):
                continue
            near = automaton.alike[last]
            back = _word(
                automaton,
                (target,),
                automaton.alike[following],
                lambda states, at, near=near: states == (state,) and at == near,
                (loops[state],),
                loops,
            )
            if back is None:
                continue
            after = _failure(automaton, _closure(automaton, {target}, following, (*back, following)), following)
            if after is not None:
                return _witness(automaton, target, following, (*back, following), after)
    return None


def _both(automaton: Automaton, p: int, q: int, loops: dict[int, int]) -> Witness | None:
    """A word that leads from p to p, from p to q, and from q to q."""
    if q not in automaton.reach[p]:
        return None
    for last in sorted({automaton.alike[each] for each in automaton.sets[p] & automaton.sets[q]}):
        within = (loops[p], None, loops[q])
        word = _word(automaton, (p, p, q), last, lambda states, at, last=last: states == (p, q, q) and at == last, within, loops, q)
        if word is None:
            continue
        if q in automaton.ahead:
            after: tuple[int, ...] | None = ()
        elif p == SCAN:
            after = _failure(automaton, _attempt(automaton, word, last), last)
        else:
            after = _failure(automaton, _closure(automaton, {p}, last, word), last)
        if after is not None:
            return _witness(automaton, p, last, word, after)
    return None


def _word(automaton: Automaton, states, last: int, reached, within, loops, towards: int | None = None) -> tuple[int, ...] | None:
    """The shortest word on which several copies of the automaton go from one tuple of states to another; () when no step is needed."""
    seen = {(states, last)}
    queue: list[tuple[tuple[int, ...], int, tuple[int, ...]]] = [(tuple(states), last, ())]
    if len(states) == 1 and reached(tuple(states), last):
        return ()
    while queue and len(seen) < LIMIT:
        following: list[tuple[tuple[int, ...], int, tuple[int, ...]]] = []
        for current, at, word in queue:
            for symbol in range(1, automaton.size):
                options: list[tuple[int, ...]] = [()]
                for copy, state in enumerate(current):
                    targets = [
                        target
                        for target in automaton.step(state, at, symbol)
                        if (within[copy] is None and (target == towards or towards in automaton.reach[target]))
                        or (within[copy] is not None and loops.get(target) == within[copy])
                    ]
                    options = [(*each, target) for each in options for target in targets]
                    if not options:
                        break
                for option in options:
                    now = automaton.alike[symbol]
                    if reached(option, now):
                        return (*word, symbol)
                    if (option, now) not in seen:
                        seen.add((option, now))
                        following.append((option, now, (*word, symbol)))
        queue = following
    return None


def _read(automaton: Automaton, states: set[int], last: int, symbol: int) -> set[int]:
    return {target for state in states for target in automaton.step(state, last, symbol)}


def _closure(automaton: Automaton, states: set[int], last: int, word: Sequence[int]) -> set[int]:
    """All states after many repetitions of a word; none when they come to a match on the way, which then is nearly all that was read."""
    for _ in range(len(automaton.sets)):
        for symbol in word:
            states, last = _read(automaton, states, last, symbol) - {SCAN}, symbol
    for symbol in word:
        if _matched(automaton, states, last, symbol):
            return set()
        states, last = _read(automaton, states, last, symbol) - {SCAN}, symbol
    return states


def _matched(automaton: Automaton, states: Iterable[int], last: int, following: int) -> bool:
    return any(automaton.allows(automaton.accept.get(state, 0), last, following) for state in states)


def _attempt(automaton: Automaton, word: Sequence[int], last: int) -> set[int]:
    """All states of those attempts that are still under way after many repetitions of a word, whichever character of it they began at."""
    best: set[int] = set()
    for start, symbol in enumerate(word):
        before = word[start - 1] if start else last
        states = _read(automaton, {SCAN}, before, symbol) - {SCAN}
        at = symbol
        for following in word[start + 1 :]:
            states, at = _read(automaton, states, at, following), following
        states = _closure(automaton, states, at, word)
        if states and (not best or _failure(automaton, states, last) is not None):
            best = states
    return best


def _failure(automaton: Automaton, states: set[int], last: int) -> tuple[int, ...] | None:
    """What can follow so that none of the states ever comes to a match; None when one always does, or there is none."""
    if not states:
        return None
    queue: list[tuple[frozenset[int], int, tuple[int, ...]]] = [(frozenset(states), last, ())]
    seen = {(queue[0][0], last)}
    while queue and len(seen) < LIMIT:
        later = []
        for current, at, word in queue:
            for symbol in range(automaton.size):
                if _matched(automaton, current, at, symbol):
                    continue
                following = frozenset(_read(automaton, set(current), at, symbol)) if symbol != EDGE else frozenset()
                if not following:
                    return (*word, symbol) if symbol else word
                now = automaton.alike[symbol]
                if (following, now) not in seen:
                    seen.add((following, now))
                    later.append((following, now, (*word, symbol)))
        queue = later
    return () if queue else None


def _witness(automaton: Automaton, state: int, last: int, word: Sequence[int], after: Sequence[int]) -> Witness:
    before: tuple[int, ...] = ()
    if state != SCAN:
        found = _path(automaton, state, last)
        before = found if found is not None else ()
    return Witness(automaton.text(before), automaton.text(word), automaton.text(after))


def _path(automaton: Automaton, state: int, last: int) -> tuple[int, ...] | None:
    """The shortest text that leads to a state with this last character."""
    seen = {(SCAN, EDGE)}
    queue: list[tuple[int, int, tuple[int, ...]]] = [(SCAN, EDGE, ())]
    while queue:
        later = []
        for current, at, word in queue:
            for symbol in range(1, automaton.size):
                now = automaton.alike[symbol]
                for target in automaton.step(current, at, symbol):
                    if (target, now) == (state, automaton.alike[last]):
                        return (*word, symbol)
                    if (target, now) not in seen:
                        seen.add((target, now))
                        later.append((target, now, (*word, symbol)))
        queue = later
    return None

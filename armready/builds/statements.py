"""Taking commands out of a script, and putting lines into it, as edits of the script's text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.shell.script import Command, Frame, Script

Change = tuple[Span, str]

_BLOCKS = frozenset({"if", "case", "while", "until", "for", "select", "function", "subshell", "group"})
_OR = regex(r"\s*\|\|\s*(?:\\\n\s*)?")


def end_of(command: Command) -> int:
    """The end of a command with its redirects."""
    return max([command.span.end, *(redirect.span.end for redirect in command.redirects)])


def is_editable(command: Command) -> bool:
    """Whether a command stands where it may be changed: read in full, not in text that another command interprets."""
    kinds = {frame.kind for frame in command.context}
    heredoc = any(redirect.operator.startswith("<<") for redirect in command.redirects)
    return not (command.broken or command.nested or heredoc or kinds & {"substitution", "background", "pipeline", "or", "not"})


def has_alternative(script: Script, command: Command) -> bool:
    """Whether something runs when the command fails (`command || other`), so that its failure has a meaning."""
    found = _OR.match(script.text, end_of(command))
    others = script.commands_in(Span(found.end(), found.end() + 1)) if found is not None else ()
    return any(other.context and other.context[-1].kind == "or" and other.context[-1].start <= command.span.start for other in others)


def removals(script: Script, doomed: Collection[Command]) -> list[Change] | None:
    """Changes that take commands out of a script; an `if` or loop that would be left empty gets `:`.

    Returns:
        None where they cannot be taken out. A script of which nothing is left gives the change that deletes all of it.
    """
    changes: list[Change] = []
    left = {id(command) for command in doomed}
    done: set[int] = set()
    for command in sorted(doomed, key=lambda each: each.span.start):
        if id(command) in done:
            continue
        if not is_editable(command):
            return None
        chain = _chain(script, command)
        done.update(id(each) for each in chain if id(each) in left)
        kept = [each for each in chain if id(each) not in left]
        if kept:
            changes.extend(_from_chain(chain, left))
            continue
        whole = Span(chain[0].span.start, end_of(chain[-1]))
        block = _block(command)
        if block and all(id(other) in left or _is_test(script, other, block) for other in script.derive(_blocks)[block[-1]]):
            changes.append((whole, ":"))
        else:
            changes.append((_statement(script.text, whole), ""))
    return _without_gaps(script.text, _one_newline_each(script.text, _without_twice(changes)))


def _one_newline_each(text: str, changes: Sequence[Change]) -> list[Change]:
    """A line behind a first one, which goes with the newline at its end, goes with that at its own."""
    done: list[Change] = []
    for span, new in changes:
        end = done[-1][0].end if done else 0
        if not new and span.start < end:
            newline = _NEWLINE.match(text, span.end)
            span = Span(end, newline.end() if newline else span.end)
        done.append((span, new))
    return done


def _without_gaps(text: str, changes: Sequence[Change]) -> list[Change]:
    """Lines that go from between two empty ones take one of those with them."""
    runs: list[list[Change]] = []
    for change in changes:
        if runs and not change[1] and runs[-1][-1][0].end == change[0].start:
            runs[-1].append(change)
        else:
            runs.append([change])
    return [change for run in runs for change in (_with_gap(text, run[0], run[-1][0].end), *run[1:])]


def _with_gap(text: str, change: Change, end: int) -> Change:
    span, new = change
    above = text.rfind("\n", 0, span.start) + 1
    if new or above == 0 or text[span.start : span.start + 1] not in ("\r", "\n"):
        return change
    closes = not text[above : span.start].strip() and _EMPTY_LINE.match(text, end)
    return (Span(_line_end(text, above), span.end), new) if closes else change


def _without_twice(changes: list[Change]) -> list[Change]:
    """In a block of which all is removed, one `:` is enough."""
    placeholders = [change for change in changes if change[1] == ":"]
    return [change for change in changes if change[1] != ":" or change is placeholders[0]] if len(placeholders) > 1 else changes


def _is_test(script: Script, command: Command, block: tuple[tuple[str, int, int], ...]) -> bool:
    """Whether a command belongs to the condition of the block rather than to its body."""
    found = script.conditional_at.get(block[-1][1])
    return found is not None and any(each.condition is not None and each.condition.contains(command.span) for each in found.branches)


def _block(command: Command) -> tuple[tuple[str, int, int], ...]:
    return tuple(_key(frame) for frame in command.context if frame.kind in _BLOCKS)


def _key(frame: Frame) -> tuple[str, int, int]:
    return frame.kind, frame.start, frame.branch


def _blocks(script: Script) -> dict[tuple[str, int, int], list[Command]]:
    """The commands in each block, those deeper in it as well."""
    found: dict[tuple[str, int, int], list[Command]] = {}
    for command in script.commands:
        for key in _block(command):
            found.setdefault(key, []).append(command)
    return found


def _operands(script: Script) -> dict[int, list[Command]]:
    """The commands that begin at an offset, or stand in the `&&` list that begins there."""
    found: dict[int, list[Command]] = {}
    for command in script.commands:
        for start in {command.span.start, *(frame.start for frame in command.context if frame.kind == "and")}:
            found.setdefault(start, []).append(command)
    return found


def _chain(script: Script, command: Command) -> list[Command]:
    """The commands of the `&&` list that holds a command, in order."""
    starts = [frame.start for frame in command.context if frame.kind == "and"]
    depth = len(command.context)
    start = starts[-1] if starts else command.span.start
    found = [
        each
        for each in script.derive(_operands).get(start, ())
        if (each.span.start == start and len(each.context) <= depth)
        or any(frame.kind == "and" and frame.start == start for frame in each.context)
    ]
    found = [each for each in found if not any(frame.kind == "substitution" for frame in each.context)]
    return found or [command]


def _from_chain(chain: Sequence[Command], doomed: Collection[int]) -> list[Change]:
    changes: list[Change] = []
    index = 0
    while index < len(chain):
        if id(chain[index]) not in doomed:
            index += 1
            continue
        last = index
        while last + 1 < len(chain) and id(chain[last + 1]) in doomed:
            last += 1
        if index == 0:
            changes.append((Span(chain[0].span.start, chain[last + 1].span.start), ""))
        else:
            changes.append((Span(end_of(chain[index - 1]), end_of(chain[last])), ""))
        index = last + 1
    return changes


def _statement(text: str, span: Span) -> Span:
    """The span to delete for a whole statement: with its line, or with one separator."""
    line = text.rfind("\n", 0, span.start) + 1
    before = text[line : span.start]
    after = re.compile(r"[ \t]*;?[ \t]*").match(text, span.end)
    end = after.end() if after else span.end
    at_end = end >= len(text) or text[end] in "\r\n"
    if not before.strip() and at_end:
        if line > 0:
            return Span(_line_end(text, line), end)
        following = text.find("\n", end)
        return Span(line, len(text) if following < 0 else following + 1)
    if not before.strip():
        return Span(span.start, end) if text[end : end + 1] != "#" else Span(span.start, span.end + len(text[span.end : end]))
    separator = re.search(r"(?<![ \t])[ \t]*;[ \t]*$", before)
    if separator and at_end:
        return Span(line + separator.start(), end)
    return Span(span.start, end)


# The end of a line, and a line behind it with nothing in it.
_NEWLINE = regex(r"\r?\n")
_EMPTY_LINE = regex(r"\r?\n[ \t]*(?:\r?\n|$)")


def _line_end(text: str, start: int) -> int:
    """Where the line ends that comes before the one that begins at `start`."""
    end = start - 1
    return end - 1 if end > 0 and text[end - 1] == "\r" else end


def statement_start(command: Command) -> int:
    """Where the outermost statement begins that holds a command; within a function, the outermost one in its body."""
    frames = list(command.context)
    for index in range(len(frames) - 1, -1, -1):
        if frames[index].kind == "function":
            frames = frames[index + 1 :]
            break
    frames = (
        [frame for frame in frames if frame.kind != "group" or frame is not frames[0]] if len(frames) < len(command.context) else frames
    )
    return min([command.span.start, *(frame.start for frame in frames)])


def insertion(script: Script, offset: int, new: Sequence[str]) -> Change | None:
    """A change that puts lines above the statement that begins at `offset`; None when it belongs to what stands before it."""
    line = script.text.rfind("\n", 0, offset) + 1
    indent = script.text[line:offset]
    if indent.strip(" \t@-+") or script.asks_for_status(offset):
        return None
    return Span(offset, offset), "".join(f"{each}\n{indent}" for each in new)

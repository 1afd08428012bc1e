"""Switches on the architecture in shell: what they ask, which branch arm64 takes, and whether a branch for it can ever match."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.knowledge.arch import Arch, Spelling, amd64_tokens, command_probe, names_arm64, probe, rewrites, tokens
from armready.languages.shell.script import Branch, Command, Conditional, Frame, Script, Word

_TESTS = frozenset({"[", "[[", "test"})
_EQUAL = frozenset({"=", "=="})
_FAILING = frozenset({"exit", "return", "false", "die", "fail", "fatal", "abort"})
_SILENT = frozenset({"echo", "printf", "[", "[[", "test", "grep"})
_VARIABLE = regex(r"\$\{(\w+)(?::?-[^{}]*)?\}|\$\((?:[^()]*)\)|`[^`]*`")
_ARCH_NAME = regex(
    r"(?i)(?<![a-z])(?:arch(?:itecture)?|machine|cpu(?:_?arch)?|platform|goarch|targetarch|buildarch|hosttype)(?![a-z])|arch$|_arch\b"
)
_PRINTS = frozenset({"echo", "printf", "cat", "log", "info", "warn", "error", "export"})
_COMMENT = regex(r"(?m)(?:^|(?<=\s))#[^\n]*")
# Names of arm64 with a letter too many, too few or in the wrong place.
_TYPING_ERROR = regex(r"(?i)a+rm+_?64|a+rc+h_?64|aarc?h?_?64|aacrh64|aach64|amr64|arm46|aarch46|arm-64|aarch-64")
_SYSTEM = regex(r"(?i)darwin|uname\s+-s|mac_?os|\bOSTYPE\b|\bOS\b")


class Question(NamedTuple):
    """What a word of a condition holds: its value on amd64 and on arm64, and where that comes from.

    `spelling` is None where the script rewrites what it read, so that only families of names can be told.
    """

    amd64: str
    arm64: str
    spelling: Spelling | None


@dataclass(frozen=True)
class ArchSwitch:
    """A switch on the architecture.

    Attributes:
        conditional: as parsed; None for a test whose failure ends the script (`[ … ] || exit`).
        question: what is asked.
        span: the question, in the script.
        misspelt: names of arm64 that the question's source never gives.
        arm64: the branch that arm64 takes by name.
        amd64: the branch that amd64 takes by name.
        default: the branch for all others.
        subject: the word that asks, in a chain of tests.
        arm64_elsewhere: the script names arm64, in this switch or outside of it.
    """

    conditional: Conditional | None
    question: Question
    span: Span
    misspelt: tuple[Word, ...]
    arm64: Branch | None
    amd64: Branch | None
    default: Branch | None
    subject: Word | None = None
    arm64_elsewhere: bool = False

    @property
    def mentions_arm64(self) -> bool:
        """Whether some branch is meant for arm64."""
        return self.arm64 is not None or bool(self.misspelt)


def arch_switches(script: Script) -> Iterator[ArchSwitch]:
    """The switches of a script that ask for the architecture, those about another system left out."""
    values = _values(script)
    elsewhere = names_arm64(_COMMENT.sub("", script.text)) if script.conditionals else False
    for conditional in script.conditionals:
        if any(_SYSTEM.search(script.text[slice(*branch.condition)]) for branch in _outer(script, conditional) if branch.condition):
            continue
        found = _case(script, conditional, values) if conditional.subject is not None else _chain(script, conditional, values)
        if found is not None:
            yield replace(found, arm64_elsewhere=elsewhere)
    yield from _guards(script, values)


def _outer(script: Script, conditional: Conditional) -> Iterator[Branch]:
    """The branches around a conditional, its own included when it is an `if`."""
    for frame in conditional.context:
        if frame.kind == "if":
            outer = script.conditional_at.get(frame.start)
            if outer is not None:
                yield from outer.branches
    if not conditional.is_case:
        yield from (branch for branch in conditional.branches)


_Values = Mapping[str, list[tuple[int, str | None]]]


def _values(script: Script) -> _Values:
    """Variables -> the templates they are set to, and where; None for what is no single word."""
    values: dict[str, list[tuple[int, str | None]]] = {}
    for command in script.commands:
        for each in command.assignments:
            template = each.value.template if each.value is not None and not each.append else None
            values.setdefault(each.name, []).append((each.span.start, template))
    return values


def question(template: str, values: _Values, before: int = 0) -> Question | None:
    """What a word holds on either architecture; None when it does not ask for the architecture alone.

    Args:
        template: the word.
        values: the variables of the script.
        before: where it is asked: what is set behind that does not count.
    """
    for _ in range(4):
        expanded = _VARIABLE.sub(lambda found: _known(found, values, before), template)
        if expanded == template:
            break
        template = expanded
    spelling = probe(template)
    if spelling is None:
        return None
    sources = _VARIABLE.findall(template)
    if rewrites(template) and not _plain_path(template):
        return Question("", "", None)
    if len(sources) != 1:
        return None
    fill = [_VARIABLE.sub(value, template, count=1) for value in (spelling.amd64, spelling.arm64)]
    return None if any("$" in each for each in fill) else Question(fill[0], fill[1], spelling)


def _known(found: re.Match[str], values: _Values, before: int) -> str:
    """The value of a variable that is always set to the same text, up to where it is asked for."""
    name = found[1]
    templates = {template for at, template in values.get(name, ()) if at < before} if name else set()
    value = templates.pop() if len(templates) == 1 else None
    return value if value is not None and f"${name}" not in value and f"${{{name}" not in value else found[0]


def _plain_path(template: str) -> bool:
    """Whether a slash in the word stands outside of its expansion: `linux/${TARGETARCH}`."""
    return "|" not in template and not re.search(r"\$\{\w+[^\w}:]|\$\{\w+:[^-]", template)


def _is_arm64(word: str, asked: Question) -> bool:
    return any(token.arch is Arch.ARM64 for token in tokens(word)) and (asked.spelling is None or _matches(word, asked.arm64))


def _matches(pattern: str, value: str) -> bool:
    return fnmatchcase(value, pattern)


def _misspelt(word: Word, asked: Question) -> bool:
    """Whether a word means arm64 and the source never says so."""
    if asked.spelling is None or word.value is None or any(character in word.value for character in "*?["):
        return False
    if _matches(word.value, asked.arm64):
        return False
    return any(token.arch is Arch.ARM64 for token in tokens(word.value)) or bool(_TYPING_ERROR.fullmatch(word.value))


def _renames(script: Script, branch: Branch, asked: Question) -> bool:
    """Whether a branch does no more than give another system's name for arm64 the one that Linux has anyway."""
    commands = script.commands_in(branch.body)
    values = [each.value.template if each.value is not None else "" for command in commands for each in command.assignments]
    return bool(values) and not any(command.name for command in commands) and set(values) == {asked.arm64}


def _case(script: Script, conditional: Conditional, values: _Values) -> ArchSwitch | None:
    assert conditional.subject is not None
    asked = question(conditional.subject.template, values, conditional.span.start)
    if asked is None:
        return None
    arm64 = amd64 = default = None
    misspelt: list[Word] = []
    for branch in conditional.branches:
        patterns = [pattern.template for pattern in branch.patterns]
        if any(_is_arm64(each, asked) or (each.strip("*") and asked.arm64 and _matches(each, asked.arm64)) for each in patterns):
            arm64 = arm64 or branch
        elif "*" in patterns:
            default = default or branch
        elif any(amd64_tokens(each) for each in patterns):
            amd64 = amd64 or branch
        elif any(_misspelt(each, asked) for each in branch.patterns) and not _renames(script, branch, asked):
            misspelt += [each for each in branch.patterns if _misspelt(each, asked)]
    return ArchSwitch(
        conditional=conditional,
        question=asked,
        span=conditional.subject.span,
        misspelt=tuple(misspelt) if arm64 is None else (),
        arm64=arm64,
        amd64=amd64,
        default=default,
    )


class _Comparison(NamedTuple):
    asked: Question
    subject: Word
    word: Word
    equal: bool


def _comparisons(commands: tuple[Command, ...], values: _Values, before: int) -> Iterator[_Comparison]:
    for command in commands:
        if command.name in _TESTS:
            negated = any(frame.kind == "not" for frame in command.context)
            for left, operator, right in zip(command.words, command.words[1:], command.words[2:], strict=False):
                if operator.text not in _EQUAL and operator.text != "!=":
                    continue
                asked = question(left.template, values, before)
                subject, word = left, right
                if asked is None:
                    asked, subject, word = question(right.template, values, before), right, left
                if asked is not None:
                    yield _Comparison(asked, subject, word, (operator.text != "!=") != negated)


def _chain(script: Script, conditional: Conditional, values: _Values) -> ArchSwitch | None:
    arm64 = amd64 = default = None
    misspelt: list[Word] = []
    asked: Question | None = None
    span: Span | None = None
    subject: Word | None = None
    for branch in conditional.branches:
        if branch.condition is None:
            default = branch
            continue
        found = list(_comparisons(script.commands_in(branch.condition), values, conditional.span.start))
        if not found:
            return None
        asked, span, subject = asked or found[0].asked, span or branch.condition, subject or found[0].subject
        positive = [each for each in found if each.equal]
        if not positive or any(_is_arm64(each.word.template, each.asked) for each in positive):
            arm64 = arm64 or branch
        elif any(_misspelt(each.word, each.asked) for each in positive) and not _renames(script, branch, positive[0].asked):
            wrong = [each for each in positive if _misspelt(each.word, each.asked)]
            misspelt += [each.word for each in wrong if each.asked == asked] or [wrong[0].word]
        elif any(amd64_tokens(each.word.template) for each in positive):
            amd64 = amd64 or branch
    if asked is None or span is None:
        return None
    return ArchSwitch(
        conditional=conditional,
        question=asked,
        span=span,
        misspelt=tuple(misspelt) if arm64 is None else (),
        arm64=arm64,
        amd64=amd64,
        default=default,
        subject=subject,
    )


def _guards(script: Script, values: _Values) -> Iterator[ArchSwitch]:
    """Tests outside of any `if` that end the script on arm64: `[ "$(uname -m)" = x86_64 ] || exit 1`."""
    for command in script.commands:
        around = [frame for frame in command.context if frame.kind != "group"]
        frame = around[-1] if around else None
        if command.name not in _FAILING or frame is None or frame.kind != "or":
            continue
        depth = command.context.index(frame)
        before = tuple(each for each in script.commands_in(Span(frame.start, command.span.start)) if len(each.context) <= depth)
        found = list(_comparisons(before[-1:], values, frame.start + 1))
        if found and found[0].equal and len(found) == 1 and amd64_tokens(found[0].word.template):
            yield ArchSwitch(
                conditional=None,
                question=found[0].asked,
                span=before[-1].span,
                misspelt=(),
                arm64=None,
                amd64=None,
                default=Branch(None, command.span),
            )


def fails(script: Script, branch: Branch) -> bool:
    """Whether a branch ends the script or the function with a failure."""
    return any(
        command.name in _FAILING and (not command.args or command.args[0].template != "0") for command in script.commands_in(branch.body)
    )


def is_for_amd64(script: Script, branch: Branch) -> bool:
    """Whether what a branch does is for amd64 alone."""
    body = script.text[branch.body.start : branch.body.end]
    if names_arm64(body):
        return False
    commands = [command for command in script.commands_in(branch.body) if command.name not in _SILENT]
    texts = [word.template for command in commands for word in command.words]
    texts += [each.value.template for command in commands for each in command.assignments if each.value is not None]
    return any(amd64_tokens(text) for text in texts)


def leaves_unset(script: Script, found: ArchSwitch) -> str:
    """A variable that the branch for amd64 sets, that nothing outside of the switch sets, and that is used later; empty without one."""
    if found.amd64 is None or found.conditional is None:
        return ""
    inside = script.commands_in(found.amd64.body)
    names = {each.name for command in inside for each in command.assignments}
    around = found.conditional.span
    last_use = script.derive(_last_uses)
    only_here = (name for name in sorted(names) if assigned_only_in(script, name, around))
    return next((name for name in only_here if last_use.get(name, 0) >= around.end), "")


def assigned_only_in(script: Script, name: str, span: Span) -> bool:
    """Whether no command outside of a span assigns a variable that one in it assigns."""
    return span.contains(script.derive(_assigned)[name])


def _assigned(script: Script) -> dict[str, Span]:
    """What stretches from the first to the last of the commands that assign a variable."""
    found: dict[str, Span] = {}
    for command in script.commands:
        for each in command.assignments:
            before = found.get(each.name, command.span)
            found[each.name] = Span(min(before.start, command.span.start), max(before.end, command.span.end))
    return found


def _last_uses(script: Script) -> dict[str, int]:
    """The last place at which a variable is used without a default."""
    return {found[1]: found.start() for found in re.finditer(r"\$\{?(\w+)\b(?!:?[-+])", script.text)}


def problem(script: Script, found: ArchSwitch) -> str:
    """What happens to arm64 in a conditional, as a sentence without its period; empty when nothing does."""
    if found.mentions_arm64 or found.arm64_elsewhere:
        return ""
    if found.conditional is None:
        return f"The script ends here unless the machine is {found.question.amd64 or 'amd64'}"
    if found.default is not None:
        if is_for_amd64(script, found.default):
            return "No branch is for arm64, which gets what is meant for amd64"
        if found.amd64 is not None and fails(script, found.default):
            return "No branch is for arm64, which ends in the one that fails"
        return ""
    unset = leaves_unset(script, found)
    return f"No branch is for arm64, and {unset} stays empty there" if unset else ""


def in_arch_switch(script: Script, command: Command) -> bool:
    """Whether a command stands in a branch that is chosen by the architecture, or behind an end of the script for arm64."""
    if any(start < command.span.start and set(around) <= set(command.context) for start, around in script.derive(_skips)):
        return True
    for frame in command.context:
        if frame.kind in ("if", "case"):
            conditional = script.conditional_at.get(frame.start)
            if conditional is None:
                continue
            texts = [script.text[slice(*branch.condition)] for branch in conditional.branches if branch.condition is not None]
            if conditional.subject is not None:
                texts.append(conditional.subject.template)
            if any(about_arch(text) for text in texts):
                return True
        elif frame.kind in ("and", "or"):
            asking = script.derive(_asking)
            if bisect_left(asking, frame.start) < bisect_left(asking, command.span.start):
                return True
    return False


def _skips(script: Script) -> list[tuple[int, tuple[Frame, ...]]]:
    """Where a script or function ends for arm64 as if all were well, and what stands around that place."""
    found: list[tuple[int, tuple[Frame, ...]]] = []
    for each in arch_switches(script):
        branch = each.arm64 or each.default
        last = script.commands_in(branch.body)[-1:] if branch is not None else ()
        for command in last:
            if command.name in ("exit", "return") and [word.template for word in command.args] == ["0"]:
                around = each.conditional.context if each.conditional is not None else command.context
                found.append((each.span.start, tuple(frame for frame in around if frame.kind not in ("and", "or", "group"))))
    return found


def _asking(script: Script) -> list[int]:
    """Where the commands begin whose success depends on the architecture."""
    return [command.span.start for command in script.commands if _asks(script, command)]


# What else gets the architecture from a substitution uses it as a value: `curl https://example.com/tool-$(uname -m)`.
_MATCHERS = frozenset({"grep", "egrep", "fgrep", "expr"})
_SUBSTITUTION = regex(r"\$\([^()]{0,200}\)|`[^`]{0,200}`")


def _asks(script: Script, command: Command) -> bool:
    """Whether the success of a command depends on the architecture: a test, `uname -m | grep`, Node's `process.arch`."""
    text = script.text[slice(*command.span)]
    if command.name in ("[", "[[", "test"):
        return about_arch(text)
    if command.name in _PRINTS or not command.words or _is_substituted(command):
        return False
    return command_probe(text if command.name in _MATCHERS else _SUBSTITUTION.sub("", text)) is not None


def _is_substituted(command: Command) -> bool:
    return any(frame.kind == "substitution" for frame in command.context)


def about_arch(text: str) -> bool:
    """Whether a condition asks for the architecture."""
    return probe(text) is not None or bool(tokens(text)) or bool(_ARCH_NAME.search(text))

"""What a shell script is made of, as `armready.languages.shell.script` reads it."""

from __future__ import annotations

from typing import NamedTuple

from armready.core.source import Span


class Word(NamedTuple):
    """One word of a command.

    Attributes:
        span: in the script's text.
        text: the source, quotes included.
        value: after quote removal; None when the word has expansions or template expressions.
        template: after quote removal, expansions as text with `$x` written `${x}`: equal templates are equal words.
    """

    span: Span
    text: str
    value: str | None
    template: str


class Assignment(NamedTuple):
    """`name=value`. `value` is None for an array."""

    span: Span
    name: str
    value: Word | None
    append: bool = False


class Redirect(NamedTuple):
    """A redirection. `target` is None for a here-document, whose `body` is the span of its text."""

    span: Span
    operator: str
    target: Word | None
    body: Span | None = None


class Frame(NamedTuple):
    """One thing around a command.

    Attributes:
        kind: `if`, `case`, `while`, `until`, `for`, `select`, `function`, `subshell`, `group`, `and`, `or`, `not`, `pipeline`,
            `background`, `substitution`, or `nested` (the text of `sh -c`).
        start: where the construct begins: with `kind` its identity within the script.
        branch: which branch of an `if` or item of a `case`, which operand of a list or pipeline.
        label: the loop variable or the function's name.
    """

    kind: str
    start: int
    branch: int = 0
    label: str = ""


_CONDITIONAL = frozenset({"if", "case", "while", "until", "for", "select", "function", "and", "or", "nested"})


class Command(NamedTuple):
    """A simple command, a declaration (`export A=1`), a test (`[ … ]`), or assignments alone (`name` is then empty).

    Attributes:
        span: from the first assignment or word to the last word; redirects are outside.
        name: what runs once prefixes such as `sudo` are stripped: the last part of its path, expansions as text.
        words: the name's word and its arguments.
        prefix: the words stripped before it.
        context: what stands around it, outermost first.
        broken: the statement has text that the grammar could not read: no edits.
        nested: stands in text that another command interprets (`sh -c '…'`): no edits.
    """

    span: Span
    name: str
    words: tuple[Word, ...]
    prefix: tuple[Word, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    context: tuple[Frame, ...] = ()
    broken: bool = False
    nested: bool = False

    @property
    def args(self) -> tuple[Word, ...]:
        """The words after the name."""
        return self.words[1:]

    @property
    def condition(self) -> tuple[Frame, ...]:
        """What decides whether it runs: two commands with equal conditions run together, failures of `&&` chains apart."""
        return tuple(frame for frame in self.context if frame.kind in _CONDITIONAL)

    @property
    def guards(self) -> tuple[Frame, ...]:
        """As `condition`, without `&&`, which only makes success of what went before a condition."""
        return tuple(frame for frame in self.context if frame.kind in _CONDITIONAL and frame.kind != "and")


class Branch(NamedTuple):
    """A branch of an `if`, or an item of a `case`.

    Attributes:
        condition: the span of the condition's commands or of the patterns; None for `else`.
        body: the span of the commands.
        patterns: of a `case` item.
    """

    condition: Span | None
    body: Span
    patterns: tuple[Word, ...] = ()


class Conditional(NamedTuple):
    """An `if` chain (`subject` is None) or a `case` statement."""

    span: Span
    subject: Word | None
    branches: tuple[Branch, ...]
    context: tuple[Frame, ...]

    @property
    def is_case(self) -> bool:
        """Whether it is a `case`."""
        return self.subject is not None


Context = tuple[Frame, ...]

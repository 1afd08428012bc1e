"""The parts of shell commands in a syntax tree: spans, words, assignments, redirects, substitutions."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from armready.core.source import Span
from armready.languages.shell.model import Assignment, Command, Conditional, Context, Redirect, Word
from armready.languages.shell.words import unquote

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

# Steps in error recovery, about a hundred operations each, after which the grammar is given up and lines are read one by one.
_ERROR_BUDGET = 30


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def syntax_tree(data: bytes) -> Tree | None:
    """The syntax tree, or None when error recovery would take more than its budget."""
    parser, spent = _parser(), 0

    def over_budget(_offset: int, in_error: bool) -> bool:
        nonlocal spent
        spent += in_error
        return spent > _ERROR_BUDGET

    def read(offset: int, _point: object) -> bytes:
        return data[offset : offset + 65536]

    try:
        tree: Tree | None = parser.parse(read, progress_callback=over_budget)
    except ValueError:
        tree = None
    if tree is None:
        parser.reset()
    return tree


def _byte_to_char(text: str, data: bytes) -> Callable[[int], int]:
    if len(text) == len(data):
        return lambda offset: offset
    table = array("L")
    for index, character in enumerate(text):
        code = ord(character)
        table.extend([index] * (1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)))
    table.append(len(text))
    return table.__getitem__


BODIES = frozenset({"program", "do_group", "compound_statement", "subshell", "else_clause", "command_substitution", "process_substitution"})
ARGUMENTS = frozenset(
    {
        "word",
        "string",
        "raw_string",
        "ansi_c_string",
        "translated_string",
        "concatenation",
        "simple_expansion",
        "expansion",
        "command_substitution",
        "process_substitution",
        "arithmetic_expansion",
        "brace_expression",
        "number",
        "regex",
        "extglob_pattern",
        "array",
        "variable_name",
        "subscript",
        "$",
    }
)
REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
LOOPS = frozenset({"for_statement", "c_style_for_statement", "while_statement"})
COMPOUND = BODIES | LOOPS | {"if_statement", "case_statement", "function_definition", "elif_clause", "case_item"}


class Task(NamedTuple):
    """A node still to be read.

    `redirects` are those of an enclosing redirected statement; `strays` are words of the command that the grammar put beside or
    inside of them (`build - <<EOF .`, `echo >&2 text`).
    """

    node: Node
    context: Context
    redirects: tuple[Redirect, ...] = ()
    broken: bool = False
    strays: tuple[Span, ...] = ()


class Parts:
    """Reads the parts of a script's commands, and holds what was found of it."""

    def __init__(self, text: str, masked: str, data: bytes, templates: list[Span]) -> None:
        self.text = text
        self.masked = masked
        self.data = data
        self.templates = templates
        self.base = 0
        self.char = _byte_to_char(masked, data)
        self.commands: list[Command] = []
        self.conditionals: list[Conditional] = []
        self.functions: list[tuple[str, Span]] = []
        self.errors: list[Span] = []
        self.comments: list[Span] = []
        self.stack: list[Task] = []

    def _span(self, node: Node) -> Span:
        return Span(self.char(node.start_byte + self.base), self.char(node.end_byte + self.base))

    def _start(self, node: Node) -> int:
        return self.char(node.start_byte + self.base)

    def _errors(self, root: Node) -> Iterator[Span]:
        pending = [root]
        while pending:
            node = pending.pop()
            if node.is_error or node.is_missing:
                yield self._span(node)
            elif node.has_error:
                pending.extend(node.children)

    def _dropped(self, owner: Node) -> Iterator[Span]:
        """A lone `-` between a command and its redirects, which the grammar leaves out of the tree."""
        for before, after in pairwise(owner.children):
            start, end = self._span(before).end, self._start(after)
            word = self.masked[start:end].strip(" \t\\\n")
            if word == "-":
                at = self.masked.index(word, start)
                yield Span(at, at + 1)

    def _strays(self, owner: Node) -> Iterator[Span]:
        """Words of the command that stand inside of its redirects' nodes."""
        for node in owner.children:
            if node.type == "heredoc_redirect":
                parts = [part for child in node.children for part in (child.children if child.is_error else [child])]
                yield from (self._span(part) for part in parts if part.type in ARGUMENTS)
                yield from self._strays(node)
            elif node.type == "file_redirect":
                yield from (self._span(child) for child in [child for child in node.children if child.type in ARGUMENTS][1:])

    def _redirects(self, node: Node, task: Task, later: list[Task]) -> Iterator[Redirect]:
        """The redirects of one node; substitutions in them are put into `later`."""
        children = node.children
        operator = next((child.type for child in children if not child.is_named), "")
        if node.type == "heredoc_redirect":
            body = next((child for child in children if child.type == "heredoc_body"), None)
            end = next((child.start_byte for child in children if child.type == "heredoc_start"), node.end_byte)
            start = next((child for child in children if child.type == "heredoc_start"), None)
            span = Span(self._start(node), self.char((start.end_byte if start else end) + self.base))
            yield Redirect(span, operator, None, None if body is None else self._span(body))
            for child in children:
                if child.type in REDIRECTS:
                    yield from self._redirects(child, task, later)
            return
        targets = [child for child in children if child.type in ARGUMENTS][:1]
        self._push_substitutions(node, task, later)
        end = self._span(targets[0] if targets else node).end
        yield Redirect(Span(self._start(node), end), operator, next(iter(self._words(targets)), None))

    def _slice(self, node: Node) -> str:
        span = self._span(node)
        return self.text[span.start : span.end]

    def _assignment(self, node: Node) -> Assignment:
        children = node.children
        name = self._slice(children[0])
        append = any(child.type == "+=" for child in children)
        values = [child for child in children[1:] if child.type not in ("=", "+=")]
        span = self._span(node)
        if any(child.type == "array" for child in values):
            return Assignment(span, name, None, append)
        words = self._words(values)
        at = span.end
        return Assignment(span, name, words[0] if words else Word(Span(at, at), "", "", ""), append)

    def _prolonged(self, assignment: Assignment, node: Node) -> Assignment:
        """The assignment with the rest of its value: the grammar ends an unquoted value after its second `$` (`U=a$V/b$V.c`)."""
        end = self._span(node).end
        span = Span(assignment.span.start, end)
        if assignment.value is None:
            return assignment._replace(span=span)
        return assignment._replace(span=span, value=self._word(Span(assignment.value.span.start, end)))

    def _words(self, nodes: Sequence[Node]) -> list[Word]:
        """The words of nodes in order; nodes that touch are one word, for the grammar splits some (`'a'"b"$c`)."""
        spans: list[Span] = []
        for node in nodes:
            span = self._span(node)
            if span.end == span.start:
                continue
            if spans and spans[-1].end == span.start:
                spans[-1] = Span(spans[-1].start, span.end)
            else:
                spans.append(span)
        return [self._word(span) for span in spans]

    def _word(self, span: Span) -> Word:
        text = self.text[span.start : span.end]
        value, template = unquote(text, [each.shift(-span.start) for each in self._templates_in(span)] if self.templates else ())
        return Word(span, text, value, template)

    def _templates_in(self, span: Span) -> list[Span]:
        first = bisect_right(self.templates, span.start, key=lambda each: each.end)
        last = bisect_left(self.templates, span.end, key=lambda each: each.start)
        return self.templates[first:last]

    def _push_substitutions(self, node: Node, task: Task, later: list[Task]) -> None:
        """Put the command and process substitutions of a word into `later`."""
        if node.child_count == 0:
            return
        pending = [node]
        while pending:
            each = pending.pop()
            if each.type in ("command_substitution", "process_substitution"):
                later.append(Task(each, task.context, (), task.broken or each.has_error or _is_several(each)))
            elif each.type not in REDIRECTS or each is node:
                pending.extend(reversed(each.children))

    def _push_substitutions_now(self, node: Node, task: Task) -> None:
        later: list[Task] = []
        self._push_substitutions(node, task, later)
        self.stack.extend(reversed(later))


def _is_several(substitution: Node) -> bool:
    """Whether the grammar took several `...` of one string for one: what is read between them is no command."""
    if substitution.children[0].type != "`":
        return False
    inside = (substitution.text or b"")[1:-1]
    return b"`" in inside.replace(b"\\`", b"")

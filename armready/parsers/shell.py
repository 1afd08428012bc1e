"""Shell, wherever it stands: commands in order with their words, redirects and the conditions they run under.

tree-sitter-bash reads the structure; words are scanned again here, because quote removal and adjacency must be exact. All spans are
character offsets into the embedded text. Template expressions of the hosts (`${{ }}`, `{{ }}`, `<< >>`) are masked at equal length
first and stay opaque parts of words. What the grammar cannot read is recorded in `Script.errors`, and the commands of such a
statement are `broken`: good enough to look at, never to edit.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from armready.embedded import Embedded, Segment
from armready.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

    from armready.file import File
    from armready.fix import Edit

# Steps in error recovery, about a hundred operations each, after which the grammar is given up and lines are read one by one.
_ERROR_BUDGET = 150
_NESTING = 3


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


class Redirect(NamedTuple):
    """A redirection. `target` is None for a here-document, whose `body` is the span of its text."""

    span: Span
    operator: str
    target: Word | None
    body: Span | None = None


class Assignment(NamedTuple):
    """`name=value`. `value` is None for an array."""

    span: Span
    name: str
    value: Word | None
    append: bool = False


class Frame(NamedTuple):
    """One thing around a command.

    Attributes:
        kind: `if`, `case`, `while`, `until`, `for`, `select`, `function`, `subshell`, `group`, `and`, `or`, `not`, `pipeline`, `background`,
            `substitution`, or `nested` (the text of `sh -c`).
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


class Switch(NamedTuple):
    """An `if` chain (`subject` is None) or a `case` statement."""

    span: Span
    subject: Word | None
    branches: tuple[Branch, ...]
    context: tuple[Frame, ...]

    @property
    def is_case(self) -> bool:
        """Whether it is a `case`."""
        return self.subject is not None


@dataclass(frozen=True)
class Script:
    """A script as read. `commands` are in source order, those inside of substitutions after the command that holds them."""

    embedded: Embedded
    commands: tuple[Command, ...]
    switches: tuple[Switch, ...] = ()
    functions: tuple[tuple[str, Span], ...] = ()
    errors: tuple[Span, ...] = ()
    comments: tuple[Span, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The text of the script."""
        return self.embedded.text

    @cached_property
    def _starts(self) -> list[int]:
        return [command.span.start for command in self.commands]

    def commands_in(self, span: Span) -> tuple[Command, ...]:
        """The commands that begin within `span`."""
        return self.commands[bisect_left(self._starts, span.start) : bisect_left(self._starts, span.end)]

    def intact(self, span: Span) -> bool:
        """Whether the grammar could read everything in `span`."""
        return not any(span.start <= error.end and error.start <= span.end for error in self.errors)

    def host_span(self, span: Span) -> Span:
        """Where to point in the host file; exact or nearly so."""
        return self.embedded.nearest_host_span(span)

    def edit(self, file: File, span: Span, text: str) -> Edit | None:
        """An edit that replaces `span` by `text` in the host file; None where the map is not exact or the text does not fit there."""
        host = self.embedded.host_span(span)
        encoded = self.embedded.encode(text)
        return None if host is None or encoded is None else file.replace(host, encoded)


# Template expressions of the hosts. Bounded, so that an unclosed one cannot make the search quadratic.
_TEMPLATE = re.compile(
    r"\$\{\{[^}]{0,600}\}\}(?!\})|\{\{(?:[^{}]|\{(?!\{)|\}(?!\})){0,600}\}\}"
    r"|<<\s{0,5}(?:parameters|pipeline|matrix|executor|orb)\.[\w.\-]{1,200}\s{0,5}>>"
    r"|\$\[\s?[\w(][^\]\n]{0,200}\]|@[A-Z][A-Z0-9_]{0,60}@|(?<!\$)\(\([a-zA-Z][\w.\-/:]{0,100}\)\)"
)
_NOT_NEWLINE = re.compile(r"[^\n]+")


def mask(text: str, opaque: Sequence[Span] = ()) -> tuple[str, list[Span]]:
    """`text` with host templates and the `opaque` spans replaced by underscores, newlines kept, and the spans so masked."""
    spans = sorted({*opaque, *(Span(*found.span()) for found in _TEMPLATE.finditer(text))})
    merged: list[Span] = []
    for span in spans:
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(span.end, merged[-1].end))
        else:
            merged.append(span)
    parts: list[str] = []
    at = 0
    for span in merged:
        parts += text[at : span.start], _NOT_NEWLINE.sub(lambda found: "_" * len(found[0]), text[span.start : span.end])
        at = span.end
    parts.append(text[at:])
    return "".join(parts).replace("\\\r\n", " \\\n").replace("\r\n", " \n"), merged


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _tree(data: bytes) -> Tree | None:
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


def parse_shell(embedded: Embedded, *, opaque: Sequence[Span] = ()) -> Script:
    """Read a script.

    Args:
        embedded: the text and its place in the host.
        opaque: spans that the host replaces before a shell sees them (Make's `$(VAR)`, Groovy's `${x}`).
    """
    return _parse(embedded, opaque, _NESTING)


def _parse(embedded: Embedded, opaque: Sequence[Span], depth: int) -> Script:
    masked, templates = mask(embedded.text, opaque)
    data = masked.encode("utf-8", "surrogatepass")
    tree = _tree(data)
    reader = _Reader(embedded.text, masked, data, templates)
    if tree is not None:
        reader.read(tree.root_node)
    else:
        reader.read_lines()
    script = Script(
        embedded,
        tuple(sorted(reader.commands, key=lambda command: (command.span.start, -command.span.end))),
        tuple(sorted(reader.switches, key=lambda switch: switch.span.start)),
        tuple(reader.functions),
        tuple(sorted(reader.errors)),
        tuple(reader.comments),
    )
    return _with_nested(script, templates, depth) if depth else script


def _byte_to_char(text: str, data: bytes) -> Callable[[int], int]:
    if len(text) == len(data):
        return lambda offset: offset
    table = array("L")
    for index, character in enumerate(text):
        code = ord(character)
        table.extend([index] * (1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)))
    table.append(len(text))
    return table.__getitem__


_BODIES = frozenset(
    {"program", "do_group", "compound_statement", "subshell", "else_clause", "command_substitution", "process_substitution"}
)
_ARGUMENTS = frozenset(
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
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_LOOPS = frozenset({"for_statement", "c_style_for_statement", "while_statement"})
_COMPOUND = _BODIES | _LOOPS | {"if_statement", "case_statement", "function_definition", "elif_clause", "case_item"}

_Context = tuple[Frame, ...]


class _Task(NamedTuple):
    """A node still to be read.

    `redirects` are those of an enclosing redirected statement; `strays` are words of the command that the grammar put beside or
    inside of them (`build - <<EOF .`, `echo >&2 text`).
    """

    node: Node
    context: _Context
    redirects: tuple[Redirect, ...] = ()
    broken: bool = False
    strays: tuple[Span, ...] = ()


class _Reader:
    """Walks the tree with a stack of its own: the depth of the source never becomes the depth of Python's."""

    def __init__(self, text: str, masked: str, data: bytes, templates: list[Span]) -> None:
        self.text = text
        self.masked = masked
        self.data = data
        self.templates = templates
        self.base = 0
        self.char = _byte_to_char(masked, data)
        self.commands: list[Command] = []
        self.switches: list[Switch] = []
        self.functions: list[tuple[str, Span]] = []
        self.errors: list[Span] = []
        self.comments: list[Span] = []
        self.stack: list[_Task] = []

    def span(self, node: Node) -> Span:
        return Span(self.char(node.start_byte + self.base), self.char(node.end_byte + self.base))

    def start(self, node: Node) -> int:
        return self.char(node.start_byte + self.base)

    def read(self, root: Node, context: _Context = (), broken: bool = False) -> None:
        self.errors += self._errors(root)
        self.stack.append(_Task(root, context, (), broken))
        while self.stack:
            task = self.stack.pop()
            self._READERS.get(task.node.type, _Reader._read_other)(self, task)

    def _errors(self, root: Node) -> Iterator[Span]:
        pending = [root]
        while pending:
            node = pending.pop()
            if node.is_error or node.is_missing:
                yield self.span(node)
            elif node.has_error:
                pending.extend(node.children)

    def read_lines(self) -> None:
        """Read each logical line for itself: what is left when the grammar fails on the whole."""
        self.errors.append(Span(0, len(self.text)))
        at = 0
        for line in re.finditer(rb"(?:[^\n\\]|\\(?s:.))*\n?", self.data):
            chunk = line[0]
            at = line.start()
            if not chunk.strip() or len(chunk) > 20_000:
                continue
            tree = _tree(chunk)
            if tree is not None:
                self.base = at
                self.read(tree.root_node, (), broken=True)
        self.base = 0

    # Bodies: what holds statements.

    def push_statements(self, nodes: Sequence[Node], context: _Context, broken: bool) -> None:
        """Push statements so that the first is read first; one that is followed by `&` runs in the background."""
        tasks = []
        for index, node in enumerate(nodes):
            if not node.is_named:
                continue
            inner = context
            if index + 1 < len(nodes) and nodes[index + 1].type == "&":
                inner = (*context, Frame("background", self.start(node)))
            damaged = broken or (node.has_error and node.type not in _COMPOUND)
            tasks.append(_Task(node, inner, (), damaged))
        self.stack.extend(reversed(tasks))

    def _read_body(self, task: _Task) -> None:
        node, context = task.node, task.context
        if node.type in ("subshell", "compound_statement"):
            context = (*context, Frame("subshell" if node.type == "subshell" else "group", self.start(node)))
        elif node.type in ("command_substitution", "process_substitution"):
            context = (*context, Frame("substitution", self.start(node)))
        self.push_statements(node.children, context, task.broken)
        if task.redirects:
            self.push_redirects(task, task.redirects)

    def push_redirects(self, task: _Task, redirects: tuple[Redirect, ...]) -> None:
        """Record the redirects of a compound command as a command of their own, without name or words."""
        self.commands.append(
            Command(Span(redirects[0].span.start, redirects[0].span.start), "", (), (), (), redirects, task.context, task.broken)
        )

    # Lists, pipelines, redirected statements.

    def _read_list(self, task: _Task) -> None:
        operands: list[Node] = []
        operators: list[str] = []
        node = task.node
        while node.type == "list" and node.child_count >= 3:
            children = node.children
            operands.append(children[-1])
            operators.append(next((child.type for child in children[1:-1] if not child.is_named), "&&"))
            node = children[0]
        operands.append(node)
        operands.reverse()
        operators.reverse()
        self.push_operands(task, self.start(task.node), operands, operators)

    def push_operands(self, task: _Task, start: int, operands: Sequence[Node], operators: Sequence[str]) -> None:
        tasks = []
        for index, node in enumerate(operands):
            context = task.context
            if index:
                context = (*context, Frame("or" if operators[index - 1] == "||" else "and", start, index))
            tasks.append(_Task(node, context, *self._last(task, index == len(operands) - 1)))
        self.stack.extend(reversed(tasks))

    def _read_pipeline(self, task: _Task) -> None:
        parts = [child for child in task.node.children if child.is_named]
        start = self.start(task.node)
        tasks = [
            _Task(part, (*task.context, Frame("pipeline", start, index)), *self._last(task, index == len(parts) - 1))
            for index, part in enumerate(parts)
        ]
        self.stack.extend(reversed(tasks))

    def _last(self, task: _Task, is_last: bool) -> tuple[tuple[Redirect, ...], bool, tuple[Span, ...]]:
        return (task.redirects, task.broken, task.strays) if is_last else ((), task.broken, ())

    def _read_redirected(self, task: _Task) -> None:
        body: Node | None = None
        redirects: list[Redirect] = []
        later: list[_Task] = []
        start = self.start(task.node)
        for child in task.node.children:
            if child.type not in _REDIRECTS:
                body = body or child
                continue
            redirects += self.redirects(child, task, later)
            if child.type != "heredoc_redirect":
                continue
            operands = [
                each for each in child.children if each.is_named and each.type not in _HEREDOC_PARTS and each.type not in _ARGUMENTS
            ]
            operator = next((each.type for each in child.children if each.type in ("&&", "||")), "")
            for index, each in enumerate(operands):
                if operator:
                    frame = Frame("or" if operator == "||" else "and", start, index + 1)
                    later.append(_Task(each, (*task.context, frame), (), task.broken))
                elif each.type == "pipeline":
                    parts = [part for part in each.children if part.is_named]
                    later += [
                        _Task(part, (*task.context, Frame("pipeline", start, place + 1)), (), task.broken)
                        for place, part in enumerate(parts)
                    ]
                elif each.type not in _REDIRECTS:
                    later.append(_Task(each, task.context, (), task.broken))
        self.stack.extend(reversed(later))
        context = (
            (*task.context, Frame("pipeline", start))
            if any(each.context[-1:] == (Frame("pipeline", start, 1),) for each in later)
            else task.context
        )
        if body is not None:
            strays = [*self._dropped(task.node), *self._strays(task.node)]
            self.stack.append(_Task(body, context, (*redirects, *task.redirects), task.broken, (*strays, *task.strays)))
        elif redirects:
            self.commands.append(Command(self.span(task.node), "", (), (), (), tuple(redirects), context, task.broken))

    def _dropped(self, owner: Node) -> Iterator[Span]:
        """A lone `-` between a command and its redirects, which the grammar leaves out of the tree."""
        for before, after in zip(owner.children, owner.children[1:], strict=False):
            start, end = self.span(before).end, self.start(after)
            word = self.masked[start:end].strip(" \t\\\n")
            if word == "-":
                at = self.masked.index(word, start)
                yield Span(at, at + 1)

    def _strays(self, owner: Node) -> Iterator[Span]:
        """Words of the command that stand inside of its redirects' nodes."""
        for node in owner.children:
            if node.type == "heredoc_redirect":
                parts = [part for child in node.children for part in (child.children if child.is_error else [child])]
                yield from (self.span(part) for part in parts if part.type in _ARGUMENTS)
                yield from self._strays(node)
            elif node.type == "file_redirect":
                yield from (self.span(child) for child in [child for child in node.children if child.type in _ARGUMENTS][1:])

    def redirects(self, node: Node, task: _Task, later: list[_Task]) -> Iterator[Redirect]:
        """The redirects of one node; substitutions in them are put into `later`."""
        children = node.children
        operator = next((child.type for child in children if not child.is_named), "")
        if node.type == "heredoc_redirect":
            body = next((child for child in children if child.type == "heredoc_body"), None)
            end = next((child.start_byte for child in children if child.type == "heredoc_start"), node.end_byte)
            start = next((child for child in children if child.type == "heredoc_start"), None)
            span = Span(self.start(node), self.char((start.end_byte if start else end) + self.base))
            yield Redirect(span, operator, None, None if body is None else self.span(body))
            for child in children:
                if child.type in _REDIRECTS:
                    yield from self.redirects(child, task, later)
            return
        targets = [child for child in children if child.type in _ARGUMENTS][:1]
        self.push_substitutions(node, task, later)
        end = self.span(targets[0] if targets else node).end
        yield Redirect(Span(self.start(node), end), operator, self.words(targets)[0] if targets else None)

    # Compound commands.

    def _read_if(self, task: _Task) -> None:
        node, start = task.node, self.start(task.node)
        branches: list[Branch] = []
        sections: list[tuple[Node, list[Node], list[Node]]] = []
        condition: list[Node] = []
        body: list[Node] = []
        current = condition
        for child in node.children:
            if child.type == "then":
                current = body
            elif child.type in ("elif_clause", "else_clause"):
                sections.append((child, *self._split(child)))
            elif child.type not in ("if", "fi"):
                current.append(child)
        sections.insert(0, (node, condition, body))
        for index, (owner, tests, statements) in enumerate(sections):
            branches.append(
                Branch(self._extent(tests) if owner.type != "else_clause" else None, self._extent(statements) or Span(start, start))
            )
            if owner.type != "else_clause":
                self.push_branch(tests, (*task.context, Frame("if", start, -index)) if index else task.context, task.broken)
            self.push_branch(statements, (*task.context, Frame("if", start, index + 1)), task.broken)
        self.switches.append(Switch(self.span(node), None, tuple(branches), task.context))
        if task.redirects:
            self.push_redirects(task, task.redirects)

    def push_branch(self, nodes: Sequence[Node], context: _Context, broken: bool) -> None:
        self.push_statements(nodes, context, broken)

    def _split(self, clause: Node) -> tuple[list[Node], list[Node]]:
        """The condition and the body of an `elif`; the body alone of an `else`."""
        if clause.type == "else_clause":
            return [], clause.children[1:]
        children = clause.children[1:]
        at = next((index for index, child in enumerate(children) if child.type == "then"), len(children))
        return children[:at], children[at + 1 :]

    def _extent(self, nodes: Sequence[Node]) -> Span | None:
        named = [node for node in nodes if node.is_named]
        return Span(self.start(named[0]), self.span(named[-1]).end) if named else None

    def _read_case(self, task: _Task) -> None:
        node, start = task.node, self.start(task.node)
        subject: Word | None = None
        branches: list[Branch] = []
        for child in node.children:
            if child.type == "case_item":
                branches.append(self._case_item(child, task, start, len(branches) + 1))
            elif subject is None and child.type in _ARGUMENTS:
                words = self.words([child])
                subject = words[0] if words else None
                self.push_substitutions_now(child, task)
        if subject is None:
            subject = Word(Span(start, start), "", None, "")
        self.switches.append(Switch(self.span(node), subject, tuple(branches), task.context))
        if task.redirects:
            self.push_redirects(task, task.redirects)

    def _case_item(self, node: Node, task: _Task, start: int, index: int) -> Branch:
        children = node.children
        at = next((place for place, child in enumerate(children) if child.type == ")"), len(children) - 1)
        patterns = self.words([child for child in children[:at] if child.is_named])
        body = children[at + 1 :]
        self.push_statements(body, (*task.context, Frame("case", start, index)), task.broken)
        end = self.char(children[at].end_byte + self.base)
        return Branch(Span(self.start(node), end), self._extent(body) or Span(end, end), tuple(patterns))

    def _read_loop(self, task: _Task) -> None:
        node, start = task.node, self.start(task.node)
        keyword = node.children[0].type
        variable = next((self.slice(child) for child in node.children if child.type == "variable_name"), "")
        inside = (*task.context, Frame(keyword if keyword in ("while", "until", "select") else "for", start, 0, variable))
        later: list[_Task] = []
        for child in node.children:
            if child.type in ("do_group", "compound_statement"):
                later.append(_Task(child, inside, (), task.broken))
            elif keyword in ("while", "until") and child.is_named:
                later.append(_Task(child, task.context, (), task.broken))
            elif child.is_named:
                self.push_substitutions(child, task, later)
        self.stack.extend(reversed(later))
        values = self.words([child for child in node.children if child.type in _ARGUMENTS and child.type != "variable_name"])
        if keyword in ("for", "select") and values:
            self.commands.append(
                Command(
                    Span(start, values[-1].span.end),
                    keyword,
                    (Word(Span(start, start + len(keyword)), keyword, keyword, keyword), *values),
                    (),
                    (),
                    (),
                    inside,
                    task.broken,
                )
            )
        if task.redirects:
            self.push_redirects(task, task.redirects)

    def _read_function(self, task: _Task) -> None:
        node = task.node
        name = next((self.slice(child) for child in node.children if child.type == "word"), "")
        self.functions.append((name, self.span(node)))
        inside = (*task.context, Frame("function", self.start(node), 0, name))
        self.stack.extend(
            _Task(child, inside, (), task.broken) for child in node.children if child.type in _COMPOUND or child.type == "test_command"
        )

    def _read_negated(self, task: _Task) -> None:
        context = (*task.context, Frame("not", self.start(task.node)))
        self.stack.extend(_Task(child, context, task.redirects, task.broken, task.strays) for child in task.node.children if child.is_named)

    # Simple commands.

    def _read_command(self, task: _Task) -> None:
        node = task.node
        later: list[_Task] = []
        words: list[Node] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        end = self.start(node)
        for child in node.children:
            kind = child.type
            if kind == "comment":
                self._end_at_comment(task, child, words)
            elif kind == "variable_assignment" and not words:
                assignments.append(self.assignment(child))
                self.push_substitutions(child, task, later)
            elif kind in _REDIRECTS:
                redirects += self.redirects(child, task, later)
                continue
            elif kind == "command_name":
                words += child.children or [child]
                self.push_substitutions(child, task, later)
            else:
                words.append(child)
                self.push_substitutions(child, task, later)
            end = max(end, self.span(child).end)
        self.stack.extend(reversed(later))
        found = self.words(words)
        if not found and not assignments and not redirects:
            return
        strays = sorted((*self._strays(node), *task.strays))
        if strays:
            found = sorted((*found, *map(self.word, strays)))
            end = max(end, strays[-1].end)
        self.add(task, Span(self.start(node), end), found, assignments, (*redirects, *task.redirects))

    def _end_at_comment(self, task: _Task, comment: Node, words: list[Node]) -> None:
        """A comment ends a command; what the grammar adds after it is another one."""
        self.comments.append(self.span(comment))
        found = self.words(words)
        if found:
            self.add(task._replace(broken=True), Span(found[0].span.start, found[-1].span.end), found, (), ())
        words.clear()

    def add(
        self, task: _Task, span: Span, words: Sequence[Word], assignments: Sequence[Assignment], redirects: tuple[Redirect, ...]
    ) -> None:
        prefix, rest = strip_prefixes(words)
        more = [_prefix_assignment(word) for word in prefix if _ASSIGNMENT.match(word.text)]
        name = rest[0].template.rpartition("/")[2] if rest else ""
        self.commands.append(
            Command(
                span,
                name.removesuffix(".exe"),
                tuple(rest),
                tuple(prefix),
                (*assignments, *more),
                redirects,
                task.context,
                task.broken or task.node.has_error,
            )
        )

    def _read_declaration(self, task: _Task) -> None:
        later: list[_Task] = []
        assignments, words = [], []
        for child in task.node.children:
            self.push_substitutions(child, task, later)
            if child.type == "variable_assignment":
                assignments.append(self.assignment(child))
            words.append(child)
        self.stack.extend(reversed(later))
        self.add(task, self.span(task.node), self.words(words), assignments, task.redirects)

    def _read_assignments(self, task: _Task) -> None:
        nodes = (
            [task.node]
            if task.node.type == "variable_assignment"
            else [child for child in task.node.children if child.type == "variable_assignment"]
        )
        later: list[_Task] = []
        self.push_substitutions(task.node, task, later)
        self.stack.extend(reversed(later))
        self.add(task, self.span(task.node), (), [self.assignment(node) for node in nodes], task.redirects)

    def _read_test(self, task: _Task) -> None:
        tokens: list[Node] = []
        pending = [task.node]
        while pending:
            node = pending.pop()
            if node.type in _ARGUMENTS or node.child_count == 0:
                tokens.append(node)
            else:
                pending.extend(reversed(node.children))
        later: list[_Task] = []
        for token in tokens:
            self.push_substitutions(token, task, later)
        self.stack.extend(reversed(later))
        self.add(task, self.span(task.node), self.words(tokens), (), task.redirects)

    def _read_other(self, task: _Task) -> None:
        node = task.node
        if node.type == "comment":
            self.comments.append(self.span(node))
        elif node.type == "ERROR":
            self.push_statements(node.children, task.context, broken=True)
        elif node.type not in _ARGUMENTS or node.child_count:
            later: list[_Task] = []
            self.push_substitutions(node, task, later)
            self.stack.extend(reversed(later))

    # Parts.

    def slice(self, node: Node) -> str:
        span = self.span(node)
        return self.text[span.start : span.end]

    def assignment(self, node: Node) -> Assignment:
        children = node.children
        name = self.slice(children[0])
        append = any(child.type == "+=" for child in children)
        values = [child for child in children[1:] if child.type not in ("=", "+=")]
        span = self.span(node)
        if any(child.type == "array" for child in values):
            return Assignment(span, name, None, append)
        words = self.words(values)
        at = span.end
        return Assignment(span, name, words[0] if words else Word(Span(at, at), "", "", ""), append)

    def words(self, nodes: Sequence[Node]) -> list[Word]:
        """The words of nodes in order; nodes that touch are one word, for the grammar splits some (`'a'"b"$c`)."""
        spans: list[Span] = []
        for node in nodes:
            span = self.span(node)
            if span.end == span.start:
                continue
            if spans and spans[-1].end == span.start:
                spans[-1] = Span(spans[-1].start, span.end)
            else:
                spans.append(span)
        return [self.word(span) for span in spans]

    def word(self, span: Span) -> Word:
        value, template = unquote(self.text[span.start : span.end], [each.shift(-span.start) for each in self._templates_in(span)])
        return Word(span, self.text[span.start : span.end], value, template)

    def _templates_in(self, span: Span) -> list[Span]:
        if not self.templates:
            return []
        first = bisect_right(self.templates, span.start, key=lambda each: each.end)
        last = bisect_left(self.templates, span.end, key=lambda each: each.start)
        return self.templates[first:last]

    def push_substitutions(self, node: Node, task: _Task, later: list[_Task]) -> None:
        """Put the command and process substitutions of a word into `later`."""
        if node.child_count == 0:
            return
        pending = [node]
        while pending:
            each = pending.pop()
            if each.type in ("command_substitution", "process_substitution"):
                later.append(_Task(each, task.context, (), task.broken or each.has_error))
            elif each.type not in _REDIRECTS or each is node:
                pending.extend(reversed(each.children))

    def push_substitutions_now(self, node: Node, task: _Task) -> None:
        later: list[_Task] = []
        self.push_substitutions(node, task, later)
        self.stack.extend(reversed(later))

    _READERS: dict[str, Callable[[_Reader, _Task], None]] = {
        **dict.fromkeys(_BODIES, _read_body),
        **dict.fromkeys(_LOOPS, _read_loop),
        "list": _read_list,
        "pipeline": _read_pipeline,
        "redirected_statement": _read_redirected,
        "if_statement": _read_if,
        "case_statement": _read_case,
        "function_definition": _read_function,
        "negated_command": _read_negated,
        "command": _read_command,
        "declaration_command": _read_declaration,
        "unset_command": _read_declaration,
        "variable_assignment": _read_assignments,
        "variable_assignments": _read_assignments,
        "test_command": _read_test,
    }


_HEREDOC_PARTS = frozenset({"heredoc_start", "heredoc_body", "heredoc_end", "heredoc_content"})

# Words.

_PLAIN = re.compile(r"[^\\'\"$`]+")
_PLAIN_IN_DOUBLE = re.compile(r"[^\\\"$`]+")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")


def unquote(text: str, templates: Sequence[Span] = ()) -> tuple[str | None, str]:
    """The value of a word after quote removal (None when it has expansions), and its template."""
    out: list[str] = []
    literal, at, double, next_template = True, 0, False, 0
    while at < len(text):
        while next_template < len(templates) and templates[next_template].end <= at:
            next_template += 1
        limit = len(text)
        if next_template < len(templates):
            start, end = templates[next_template]
            if at >= start:
                out.append(text[at:end])
                literal, at = False, end
                continue
            limit = start
        plain = (_PLAIN_IN_DOUBLE if double else _PLAIN).match(text, at, limit)
        if plain:
            out.append(plain[0])
            at = plain.end()
            continue
        character = text[at]
        if character == '"':
            double = not double
            at += 1
        elif character == "\\":
            at = _escape(text, at, double, out)
        elif character == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            out.append(text[at + 1 : end])
            literal, at = literal and not any(each.start < end and each.end > at for each in templates), end + 1
        elif character == "$" and not double and text.startswith(("$'", '$"'), at):
            at += 1
            if text[at] == "'":
                end = _ansi_end(text, at + 1)
                out.append(text[at + 1 : end])
                literal, at = literal and "\\" not in text[at:end], end + 1
        else:
            end = expansion_end(text, at)
            raw = text[at:end]
            found = _NAME.fullmatch(raw, 1) if character == "$" else None
            out.append(f"${{{raw[1:]}}}" if found else raw)
            literal, at = literal and raw == "$", end
    joined = "".join(out)
    return (joined if literal else None), joined


def _escape(text: str, at: int, double: bool, out: list[str]) -> int:
    following = text[at + 1 : at + 2]
    if text.startswith("\\\r\n", at):
        return at + 3
    if following == "\n":
        return at + 2
    if double and following not in ("$", "`", '"', "\\"):
        out.append("\\")
        return at + 1
    out.append(following)
    return at + 2


def _ansi_end(text: str, at: int) -> int:
    while at < len(text) and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


_BRACKET = re.compile(r"[^(){}'\"\\`]+")


def expansion_end(text: str, at: int) -> int:
    """The end of the expansion (`$x`, `${…}`, `$(…)`, `` `…` ``) at `at`; `at + 1` when there is none."""
    if text[at] == "`":
        end = at + 1
        while end < len(text) and text[end] != "`":
            end += 2 if text[end] == "\\" else 1
        return min(end + 1, len(text))
    if text[at] != "$" or at + 1 >= len(text):
        return at + 1
    if text[at + 1] not in "({":
        name = _NAME.match(text, at + 1)
        return name.end() if name else at + 1
    opened: list[str] = []
    position = at + 1
    while position < len(text):
        plain = _BRACKET.match(text, position)
        if plain:
            position = plain.end()
            continue
        character = text[position]
        in_string = bool(opened) and opened[-1] == '"'
        if character == "\\":
            position += 1
        elif character == '"':
            if in_string:
                opened.pop()
            else:
                opened.append('"')
        elif character == "'" and not in_string:
            end = text.find("'", position + 1)
            position = end if end >= 0 else position
        elif character in "({" and (not in_string or text[position - 1] == "$"):
            opened.append(character)
        elif character in ")}" and not in_string:
            opened.pop()
            if not opened:
                return position + 1
        position += 1
    return len(text)


# Prefixes: commands that run another command.

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_NUMBER = re.compile(r"[0-9][0-9.]*[smhd]?")


class _Prefix(NamedTuple):
    """Options with a value, and how many operands come before the command."""

    with_value: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    optional_number: bool = False


_PREFIXES = {
    "sudo": _Prefix(
        frozenset({"-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "--user", "--group", "--host", "--prompt", "--chdir"}),
        assignments=True,
    ),
    "doas": _Prefix(frozenset({"-u", "-C"})),
    "env": _Prefix(frozenset({"-u", "-C", "-S", "--unset", "--chdir"}), assignments=True),
    "time": _Prefix(frozenset({"-f", "-o"})),
    "nice": _Prefix(frozenset({"-n"})),
    "ionice": _Prefix(frozenset({"-c", "-n", "-p"})),
    "command": _Prefix(),
    "builtin": _Prefix(),
    "exec": _Prefix(frozenset({"-a"})),
    "nohup": _Prefix(),
    "setsid": _Prefix(),
    "stdbuf": _Prefix(frozenset({"-i", "-o", "-e"})),
    "timeout": _Prefix(frozenset({"-s", "-k", "--signal", "--kill-after"}), operands=1),
    "retry": _Prefix(frozenset({"-n", "-t", "-d", "-s", "--attempts", "--times", "--delay"}), optional_number=True),
    "travis_retry": _Prefix(),
    "travis_wait": _Prefix(optional_number=True),
    "gosu": _Prefix(operands=1),
    "su-exec": _Prefix(operands=1),
    "runuser": _Prefix(frozenset({"-u"})),
    "chroot": _Prefix(operands=1),
    "eatmydata": _Prefix(),
    "fakeroot": _Prefix(),
    "xvfb-run": _Prefix(frozenset({"-e", "-f", "-n", "-p", "-s", "-w"})),
    "catchsegv": _Prefix(),
    "unbuffer": _Prefix(),
    "@": _Prefix(),
    "-": _Prefix(),
    "+": _Prefix(),
    "!": _Prefix(),
}
# Forms that only ask, and run nothing: `command -v docker`, `sudo -v`.
_ASKS = {"command": frozenset({"-v", "-V"}), "sudo": frozenset({"-l", "-v", "-k", "-K", "--list", "--validate"})}


def strip_prefixes(words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The words that only wrap the command (`sudo -E`, `env A=1`, `timeout 30`), and those of the command itself."""
    at = 0
    while at < len(words):
        name = words[at].template.rpartition("/")[2]
        prefix = _PREFIXES.get(name)
        if prefix is None:
            break
        after = _after_prefix(words, at + 1, name, prefix)
        if after is None or after >= len(words):
            break
        at = after
    return list(words[:at]), list(words[at:])


def _after_prefix(words: Sequence[Word], at: int, name: str, prefix: _Prefix) -> int | None:
    operands = prefix.operands
    while at < len(words):
        text = words[at].template
        if text in _ASKS.get(name, ()):
            return None
        if text == "--":
            return at + 1 + operands
        if text.startswith("-") and len(text) > 1:
            at += 2 if text in prefix.with_value else 1
        elif prefix.assignments and _ASSIGNMENT.match(text):
            at += 1
        elif operands:
            operands -= 1
            at += 1
        elif prefix.optional_number and _NUMBER.fullmatch(text):
            at += 1
        else:
            return at
    return None


def _prefix_assignment(word: Word) -> Assignment:
    name, _, raw = word.text.partition("=")
    start = word.span.start + len(name) + 1
    value, template = unquote(raw)
    return Assignment(word.span, name.rstrip("+"), Word(Span(start, word.span.end), raw, value, template), name.endswith("+"))


# Scripts inside of words: `sh -c '…'`, `ssh host '…'`, a here-document for `bash`.

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})


def _nested_words(command: Command) -> Iterator[Word]:
    args = command.args
    if command.name in _SHELLS or command.name in ("su", "sg", "runuser", "flock", "script"):
        for option, word in zip(args, args[1:], strict=False):
            text = option.template
            if text in ("-c", "--command") or (command.name in _SHELLS and re.fullmatch(r"-[a-zA-Z]*c", text)):
                yield word
                return
    elif command.name == "eval":
        yield from args
    elif command.name == "ssh" and len(args) > 1 and " " in args[-1].template:
        yield args[-1]


def _word_script(word: Word, outer: Embedded) -> Embedded | None:
    """The text that a quoted word hands on, mapped to the script that holds it."""
    text = word.text
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        return None
    if text[0] == "'":
        if "'" in text[1:-1]:
            return None
        return Embedded(text[1:-1], (Segment(0, word.span.start + 1, len(text) - 2),))
    parts: list[str] = []
    segments: list[Segment] = []
    inner, at = 0, 1
    for found in re.finditer(r"\\([$`\"\\])|\\\r?\n", text[1:-1]):
        start = found.start() + 1
        if start > at:
            segments.append(Segment(inner, word.span.start + at, start - at))
            parts.append(text[at:start])
            inner += start - at
        parts.append(found[1] or "")
        inner += len(found[1] or "")
        at = found.end() + 1
    if len(text) - 1 > at:
        segments.append(Segment(inner, word.span.start + at, len(text) - 1 - at))
        parts.append(text[at:-1])
    return Embedded("".join(parts), tuple(segments))


def _with_nested(script: Script, templates: list[Span], depth: int) -> Script:
    found: list[Command] = []
    switches: list[Switch] = []
    for command in script.commands:
        sources = [_word_script(word, script.embedded) for word in _nested_words(command)]
        if command.name in _SHELLS or command.name == "ssh":
            sources += [
                Embedded.whole(script.text[each.body.start : each.body.end], each.body.start) for each in command.redirects if each.body
            ]
        for source in sources:
            if source is None or not source.text.strip():
                continue
            inner = _parse(source, (), depth - 1)
            context = (*command.context, Frame("nested", command.span.start))
            found += [_moved(each, source, context) for each in inner.commands]
            switches += [_moved_switch(each, source, context) for each in inner.switches]
    if not found:
        return script
    commands = sorted((*script.commands, *found), key=lambda command: (command.span.start, command.nested))
    return Script(script.embedded, tuple(commands), (*script.switches, *switches), script.functions, script.errors, script.comments)


def _moved(command: Command, source: Embedded, context: _Context) -> Command:
    def span(each: Span) -> Span:
        return source.nearest_host_span(each)

    def word(each: Word) -> Word:
        return each._replace(span=span(each.span))

    return command._replace(
        span=span(command.span),
        words=tuple(map(word, command.words)),
        prefix=tuple(map(word, command.prefix)),
        assignments=tuple(each._replace(span=span(each.span), value=each.value and word(each.value)) for each in command.assignments),
        redirects=tuple(
            each._replace(span=span(each.span), target=each.target and word(each.target), body=each.body and span(each.body))
            for each in command.redirects
        ),
        context=(*context, *(frame._replace(start=span(Span(frame.start, frame.start)).start) for frame in command.context)),
        nested=True,
    )


def _moved_switch(switch: Switch, source: Embedded, context: _Context) -> Switch:
    def span(each: Span) -> Span:
        return source.nearest_host_span(each)

    def branch(each: Branch) -> Branch:
        patterns = tuple(word._replace(span=span(word.span)) for word in each.patterns)
        return Branch(each.condition and span(each.condition), span(each.body), patterns)

    subject = switch.subject and switch.subject._replace(span=span(switch.subject.span))
    return Switch(
        span(switch.span), subject, tuple(map(branch, switch.branches)), (*context, Frame("nested", switch.span.start), *switch.context)
    )

"""From tree-sitter-bash's syntax tree to commands: the walk behind `parse_shell`, with repairs where the grammar errs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from armready.core.errors import ParseProblem
from armready.core.source import Span
from armready.languages.shell.model import Assignment, Branch, Command, Conditional, Context, Frame, Redirect, Word
from armready.languages.shell.parts import ARGUMENTS, BODIES, COMPOUND, LOOPS, REDIRECTS, Parts, Task, syntax_tree
from armready.languages.shell.words import ASSIGNMENT, prefix_assignment, strip_prefixes

if TYPE_CHECKING:
    from tree_sitter import Node

# Every command holds what stands around it, so that depth costs its square. The deepest of a thousand scripts of known projects has 8.
MAX_NESTING = 100


class Reader(Parts):
    """Walks the tree with a stack of its own: the depth of the source never becomes the depth of Python's."""

    def read(self, root: Node, context: Context = (), broken: bool = False) -> None:
        """Read a syntax tree; `broken` marks every command as unfit for edits.

        Raises:
            ParseProblem: it is nested deeper than `MAX_NESTING`.
        """
        self.errors += self._errors(root)
        self.stack.append(Task(root, context, (), broken))
        while self.stack:
            task = self.stack.pop()
            if len(task.context) > MAX_NESTING:
                raise ParseProblem(f"shell that is nested more than {MAX_NESTING} levels deep")
            self._READERS.get(task.node.type, Reader._read_other)(self, task)

    def read_lines(self) -> None:
        """Read each logical line for itself: what is left when the grammar fails on the whole."""
        self.errors.append(Span(0, len(self.text)))
        at = 0
        for line in re.finditer(rb"(?:[^\n\\]|\\(?s:.))*\n?", self.data):
            chunk = line[0]
            at = line.start()
            if not chunk.strip() or len(chunk) > 20_000:
                continue
            tree = syntax_tree(chunk)
            if tree is not None:
                self.base = at
                self.read(tree.root_node, (), broken=True)
        self.base = 0

    # Bodies: what holds statements.

    def _push_statements(self, nodes: Sequence[Node], context: Context, broken: bool) -> None:
        """Push statements so that the first is read first; one that is followed by `&` runs in the background."""
        tasks = []
        for index, node in enumerate(nodes):
            if not node.is_named:
                continue
            inner = context
            if index + 1 < len(nodes) and nodes[index + 1].type == "&":
                inner = (*context, Frame("background", self._start(node)))
            damaged = broken or (node.has_error and node.type not in COMPOUND)
            tasks.append(Task(node, inner, (), damaged))
        self.stack.extend(reversed(tasks))

    def _read_body(self, task: Task) -> None:
        node, context = task.node, task.context
        if node.type in ("subshell", "compound_statement"):
            context = (*context, Frame("subshell" if node.type == "subshell" else "group", self._start(node)))
        elif node.type in ("command_substitution", "process_substitution"):
            context = (*context, Frame("substitution", self._start(node)))
        self._push_statements(node.children, context, task.broken)
        if task.redirects:
            self._push_redirects(task, task.redirects)

    def _push_redirects(self, task: Task, redirects: tuple[Redirect, ...]) -> None:
        """Record the redirects of a compound command as a command of their own, without name or words."""
        self.commands.append(
            Command(
                span=Span(redirects[0].span.start, redirects[0].span.start),
                name="",
                words=(),
                prefix=(),
                assignments=(),
                redirects=redirects,
                context=task.context,
                broken=task.broken,
            )
        )

    # Lists, pipelines, redirected statements.

    def _read_list(self, task: Task) -> None:
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
        self._push_operands(task, self._start(task.node), operands, operators)

    def _push_operands(self, task: Task, start: int, operands: Sequence[Node], operators: Sequence[str]) -> None:
        tasks = []
        for index, node in enumerate(operands):
            context = task.context
            if index:
                context = (*context, Frame("or" if operators[index - 1] == "||" else "and", start, index))
            tasks.append(Task(node, context, *self._last(task, index == len(operands) - 1)))
        self.stack.extend(reversed(tasks))

    def _read_pipeline(self, task: Task) -> None:
        parts = [child for child in task.node.children if child.is_named]
        start = self._start(task.node)
        tasks = [
            Task(part, (*task.context, Frame("pipeline", start, index)), *self._last(task, index == len(parts) - 1))
            for index, part in enumerate(parts)
        ]
        self.stack.extend(reversed(tasks))

    def _last(self, task: Task, is_last: bool) -> tuple[tuple[Redirect, ...], bool, tuple[Span, ...]]:
        return (task.redirects, task.broken, task.strays) if is_last else ((), task.broken, ())

    def _read_redirected(self, task: Task) -> None:
        body: Node | None = None
        redirects: list[Redirect] = []
        later: list[Task] = []
        start = self._start(task.node)
        for child in task.node.children:
            if child.type not in REDIRECTS:
                body = body or child
                continue
            redirects += self._redirects(child, task, later)
            if child.type != "heredoc_redirect":
                continue
            operands = [each for each in child.children if each.is_named and each.type not in _HEREDOC_PARTS and each.type not in ARGUMENTS]
            operator = next((each.type for each in child.children if each.type in ("&&", "||")), "")
            for index, each in enumerate(operands):
                if operator:
                    frame = Frame("or" if operator == "||" else "and", start, index + 1)
                    later.append(Task(each, (*task.context, frame), (), task.broken))
                elif each.type == "pipeline":
                    parts = [part for part in each.children if part.is_named]
                    later += [
                        Task(part, (*task.context, Frame("pipeline", start, place + 1)), (), task.broken)
                        for place, part in enumerate(parts)
                    ]
                elif each.type not in REDIRECTS:
                    later.append(Task(each, task.context, (), task.broken))
        self.stack.extend(reversed(later))
        context = (
            (*task.context, Frame("pipeline", start))
            if any(each.context[-1:] == (Frame("pipeline", start, 1),) for each in later)
            else task.context
        )
        if body is not None:
            strays = [*self._dropped(task.node), *self._strays(task.node)]
            self.stack.append(
                Task(
                    node=body, context=context, redirects=(*redirects, *task.redirects), broken=task.broken, strays=(*strays, *task.strays)
                )
            )
        elif redirects:
            self.commands.append(
                Command(
                    span=self._span(task.node),
                    name="",
                    words=(),
                    prefix=(),
                    assignments=(),
                    redirects=tuple(redirects),
                    context=context,
                    broken=task.broken,
                )
            )

    # Compound commands.

    def _read_if(self, task: Task) -> None:
        node, start = task.node, self._start(task.node)
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
                self._push_statements(tests, (*task.context, Frame("if", start, -index)) if index else task.context, task.broken)
            self._push_statements(statements, (*task.context, Frame("if", start, index + 1)), task.broken)
        self.conditionals.append(Conditional(self._span(node), None, tuple(branches), task.context))
        if task.redirects:
            self._push_redirects(task, task.redirects)

    def _split(self, clause: Node) -> tuple[list[Node], list[Node]]:
        """The condition and the body of an `elif`; the body alone of an `else`."""
        if clause.type == "else_clause":
            return [], clause.children[1:]
        children = clause.children[1:]
        at = next((index for index, child in enumerate(children) if child.type == "then"), len(children))
        return children[:at], children[at + 1 :]

    def _extent(self, nodes: Sequence[Node]) -> Span | None:
        named = [node for node in nodes if node.is_named]
        return Span(self._start(named[0]), self._span(named[-1]).end) if named else None

    def _read_case(self, task: Task) -> None:
        node, start = task.node, self._start(task.node)
        subject: Word | None = None
        branches: list[Branch] = []
        for child in node.children:
            if child.type == "case_item":
                branches.append(self._case_item(child, task, start, len(branches) + 1))
            elif subject is None and child.type in ARGUMENTS:
                words = self._words([child])
                subject = words[0] if words else None
                self._push_substitutions_now(child, task)
        if subject is None:
            subject = Word(Span(start, start), "", None, "")
        self.conditionals.append(Conditional(self._span(node), subject, tuple(branches), task.context))
        if task.redirects:
            self._push_redirects(task, task.redirects)

    def _case_item(self, node: Node, task: Task, start: int, index: int) -> Branch:
        children = node.children
        at = next((place for place, child in enumerate(children) if child.type == ")"), len(children) - 1)
        patterns = self._words([child for child in children[:at] if child.is_named])
        body = children[at + 1 :]
        self._push_statements(body, (*task.context, Frame("case", start, index)), task.broken)
        end = self.char(children[at].end_byte + self.base)
        return Branch(Span(self._start(node), end), self._extent(body) or Span(end, end), tuple(patterns))

    def _read_loop(self, task: Task) -> None:
        node, start = task.node, self._start(task.node)
        keyword = node.children[0].type
        variable = next((self._slice(child) for child in node.children if child.type == "variable_name"), "")
        inside = (*task.context, Frame(keyword if keyword in ("while", "until", "select") else "for", start, 0, variable))
        later: list[Task] = []
        for child in node.children:
            if child.type in ("do_group", "compound_statement"):
                later.append(Task(child, inside, (), task.broken))
            elif keyword in ("while", "until") and child.is_named:
                later.append(Task(child, task.context, (), task.broken))
            elif child.is_named:
                self._push_substitutions(child, task, later)
        self.stack.extend(reversed(later))
        values = self._words([child for child in node.children if child.type in ARGUMENTS and child.type != "variable_name"])
        if keyword in ("for", "select") and values:
            self.commands.append(
                Command(
                    span=Span(start, values[-1].span.end),
                    name=keyword,
                    words=(Word(Span(start, start + len(keyword)), keyword, keyword, keyword), *values),
                    prefix=(),
                    assignments=(),
                    redirects=(),
                    context=inside,
                    broken=task.broken,
                )
            )
        if task.redirects:
            self._push_redirects(task, task.redirects)

    def _read_function(self, task: Task) -> None:
        node = task.node
        name = next((self._slice(child) for child in node.children if child.type == "word"), "")
        self.functions.append((name, self._span(node)))
        inside = (*task.context, Frame("function", self._start(node), 0, name))
        self.stack.extend(
            Task(child, inside, (), task.broken) for child in node.children if child.type in COMPOUND or child.type == "test_command"
        )

    def _read_negated(self, task: Task) -> None:
        context = (*task.context, Frame("not", self._start(task.node)))
        self.stack.extend(
            Task(node=child, context=context, redirects=task.redirects, broken=task.broken, strays=task.strays)
            for child in task.node.children
            if child.is_named
        )

    # Simple commands.

    def _read_command(self, task: Task) -> None:
        node = task.node
        later: list[Task] = []
        words: list[Node] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        end = self._start(node)
        for child in node.children:
            kind = child.type
            if kind == "comment":
                self._end_at_comment(task, child, words)
            elif kind == "variable_assignment" and not words:
                assignments.append(self._assignment(child))
                self._push_substitutions(child, task, later)
            elif assignments and not words and self._start(child) == assignments[-1].span.end:
                assignments[-1] = self._prolonged(assignments[-1], child)
                self._push_substitutions(child, task, later)
            elif kind in REDIRECTS:
                redirects += self._redirects(child, task, later)
                continue
            elif kind == "command_name":
                words += child.children or [child]
                self._push_substitutions(child, task, later)
            else:
                words.append(child)
                self._push_substitutions(child, task, later)
            end = max(end, self._span(child).end)
        self.stack.extend(reversed(later))
        found = self._words(words)
        while assignments and found and ASSIGNMENT.match(found[0].text):
            assignments.append(prefix_assignment(found.pop(0)))
        if not found and not assignments and not redirects:
            return
        strays = sorted((*self._strays(node), *task.strays))
        if strays:
            found = sorted((*found, *map(self._word, strays)))
            end = max(end, strays[-1].end)
        self._add(task, Span(self._start(node), end), found, assignments, (*redirects, *task.redirects))

    def _end_at_comment(self, task: Task, comment: Node, words: list[Node]) -> None:
        """A comment ends a command; what the grammar adds after it is another one."""
        self.comments.append(self._span(comment))
        found = self._words(words)
        if found:
            self._add(task._replace(broken=True), Span(found[0].span.start, found[-1].span.end), found, (), ())
        words.clear()

    def _add(
        self, task: Task, span: Span, words: Sequence[Word], assignments: Sequence[Assignment], redirects: tuple[Redirect, ...]
    ) -> None:
        prefix, rest = strip_prefixes(words)
        more = [prefix_assignment(word) for word in prefix if ASSIGNMENT.match(word.text)]
        name = rest[0].template.rpartition("/")[2] if rest else ""
        self.commands.append(
            Command(
                span=span,
                name=name.removesuffix(".exe"),
                words=tuple(rest),
                prefix=tuple(prefix),
                assignments=(*assignments, *more),
                redirects=redirects,
                context=task.context,
                broken=task.broken or task.node.has_error,
            )
        )

    def _read_declaration(self, task: Task) -> None:
        later: list[Task] = []
        assignments, words = [], []
        for child in task.node.children:
            self._push_substitutions(child, task, later)
            if child.type == "variable_assignment":
                assignments.append(self._assignment(child))
            elif assignments and self._start(child) == assignments[-1].span.end:
                assignments[-1] = self._prolonged(assignments[-1], child)
            words.append(child)
        self.stack.extend(reversed(later))
        self._add(task, self._span(task.node), self._words(words), assignments, task.redirects)

    def _read_assignments(self, task: Task) -> None:
        nodes = (
            [task.node]
            if task.node.type == "variable_assignment"
            else [child for child in task.node.children if child.type == "variable_assignment"]
        )
        later: list[Task] = []
        self._push_substitutions(task.node, task, later)
        self.stack.extend(reversed(later))
        self._add(task, self._span(task.node), (), [self._assignment(node) for node in nodes], task.redirects)

    def _read_test(self, task: Task) -> None:
        tokens: list[Node] = []
        pending = [task.node]
        while pending:
            node = pending.pop()
            if node.type in ARGUMENTS or node.child_count == 0:
                tokens.append(node)
            else:
                pending.extend(reversed(node.children))
        later: list[Task] = []
        for token in tokens:
            self._push_substitutions(token, task, later)
        self.stack.extend(reversed(later))
        self._add(task, self._span(task.node), self._words(tokens), (), task.redirects)

    def _read_other(self, task: Task) -> None:
        node = task.node
        if node.type == "comment":
            self.comments.append(self._span(node))
        elif node.type == "ERROR":
            self._push_statements(node.children, task.context, broken=True)
        elif node.type not in ARGUMENTS or node.child_count:
            later: list[Task] = []
            self._push_substitutions(node, task, later)
            self.stack.extend(reversed(later))

    # Parts.

    _READERS: dict[str, Callable[[Reader, Task], None]] = {
        **dict.fromkeys(BODIES, _read_body),
        **dict.fromkeys(LOOPS, _read_loop),
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

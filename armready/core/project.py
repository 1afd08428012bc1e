"""The graph of the second pass: the facts and findings of all files, and what can be asked of them.

A rule gets a `Project` of its own, which writes down what the rule asks. As long as the answers are the same, so is what the rule says.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from armready.core.results import name_of
from armready.core.tree import WatchedTree, ask, digest_of, note

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.finding import Finding
    from armready.core.results import FileResult
    from armready.core.tree import Answers, Question, Tree

FactType = TypeVar("FactType")
Derived = TypeVar("Derived")

# The answer to a question about facts is worked out when it is to be kept.
_LATER = object()


class Graph:
    """What the first pass said of all files, for all rules.

    Attributes:
        paths: the files of this run, sorted. Findings outside of them are not reported.
    """

    def __init__(
        self,
        results: Mapping[str, FileResult],
        tree: Tree,
        settings: Settings,
        *,
        complete: bool,
        load: Callable[[str], FileResult | None],
    ) -> None:
        self.tree = tree
        self.settings = settings
        self.complete = complete
        self._results: dict[str, FileResult | None] = dict(results)
        self._load = load
        self._with: dict[str, list[tuple[str, FileResult]]] = {}
        for path in sorted(results):
            for name in results[path].facts.types:
                self._with.setdefault(name, []).append((path, results[path]))
        self._facts: dict[type, dict[str, list[Any]]] = {}
        self._all: dict[type, list[tuple[str, Any]]] = {}
        self._digests: dict[str, bytes] = {}
        self._derived: dict[Callable[[Project], object], tuple[object, Project]] = {}

    @property
    def types(self) -> frozenset[str]:
        """The names of the types of all facts of this run."""
        return frozenset(self._with)

    def result(self, path: str) -> FileResult | None:
        """What the first pass says of one file; a file outside of this run is read on demand."""
        if path not in self._results:
            self._results[path] = self._load(path)
        return self._results[path]

    def facts(self, of: type[FactType]) -> list[tuple[str, FactType]]:
        """All facts of one type with the files they come from, in the order of the files."""
        if of not in self._all:
            self._all[of] = [(path, fact) for path, _ in self._with.get(name_of(of), ()) for fact in self.facts_in(path, of)]
        return self._all[of]

    def facts_in(self, path: str, of: type[FactType]) -> list[FactType]:
        """The facts of one type in one file."""
        known = self._facts.setdefault(of, {})
        if path not in known:
            result = self.result(path)
            known[path] = [] if result is None else result.facts.of(of)
        return known[path]

    def exists(self, path: str) -> bool:
        """Whether the repository holds a regular file of that path."""
        return self._results.get(path) is not None or self.tree.exists(path)

    def alone(self, path: str) -> Graph:
        """One file of this run as a run over it alone sees it."""
        result = self.result(path)
        return Graph({path: result} if result else {}, self.tree, self.settings, complete=False, load=self.result)

    def derive(self, make: Callable[[Project], Derived]) -> tuple[Derived, Project]:
        """`make(project)`, made once, and the project that it asks."""
        if make not in self._derived:
            project = Project(self, f"{make.__module__}:{make.__qualname__}")
            self._derived[make] = (make(project), project)
        return self._derived[make]  # type: ignore[return-value]

    def answer(self, question: Question) -> object:
        """What stands for the answer: it is the same if and only if the answer is."""
        what, path, of = question
        if what == "complete":
            return self.complete
        if what == "facts":
            return self._digest_of_all(of)
        if what == "exists":
            return self.exists(path)
        if what not in ("facts_in", "findings_in"):
            return ask(self.tree, question)
        result = self.result(path)
        if result is None:
            return False
        return digest_of(result.facts.stand_in(of) if of else repr(result.findings).encode("utf-8", "surrogatepass"))

    def _digest_of_all(self, of: str) -> bytes:
        if of not in self._digests:
            stand_ins = (f"{name}\0{digest_of(result.facts.stand_in(of)).hex()}\0" for name, result in self._with.get(of, ()))
            self._digests[of] = digest_of("".join(stand_ins).encode("utf-8", "surrogatepass"))
        return self._digests[of]


class Project:
    """What is known of the repository after the first pass, as one rule sees it.

    A run over single files does not know the others: `complete` is then false, and a fact of a named file is read on demand.

    Attributes:
        name: of the rule or the derivation that asks.
        settings: the effective settings.
        tree: the files themselves.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.name = name
        self.settings = graph.settings
        self._graph = graph
        self._answers: Answers = {}
        self._derived: dict[str, Project] = {}
        self.tree: Tree = WatchedTree(graph.tree, self._answers)

    @property
    def complete(self) -> bool:
        """Every file of the repository was read, so that the absence of a fact means something."""
        self._answers["complete", "", ""] = self._graph.complete
        return self._graph.complete

    def facts(self, of: type[FactType]) -> list[tuple[str, FactType]]:
        """All facts of one type with the files they come from, in the order of the files."""
        self._answers["facts", "", name_of(of)] = _LATER
        return self._graph.facts(of)

    def facts_in(self, path: str, of: type[FactType]) -> list[FactType]:
        """The facts of one type in one file; a file outside of this run is read on demand."""
        self._answers["facts_in", path, name_of(of)] = _LATER
        return self._graph.facts_in(path, of)

    def findings_in(self, path: str) -> tuple[Finding, ...]:
        """The first-pass findings of one file, before suppressions and baseline."""
        self._answers["findings_in", path, ""] = _LATER
        result = self._graph.result(path)
        return () if result is None else result.findings

    def exists(self, path: str) -> bool:
        """Whether the repository holds a regular file of that path."""
        there = self._graph.exists(path)
        note(self._answers, ("exists", path, ""), there)
        return there

    def derive(self, make: Callable[[Project], Derived]) -> Derived:
        """`make(project)`, computed at most once, however many rules ask for it."""
        made, project = self._graph.derive(make)
        self._derived[project.name] = project
        return made

    def answers(self) -> dict[str, Answers]:
        """What was asked so far, and what stands for the answers, by the names of this project and of the derivations that were used."""
        own = {question: self._graph.answer(question) if answer is _LATER else answer for question, answer in self._answers.items()}
        found = {self.name: own}
        for each in self._derived.values():
            found |= each.answers()
        return found


def join(folder: str, path: str) -> str | None:
    """`path` as seen from `folder`, normalised; None when it leaves the repository."""
    joined = posixpath.normpath(posixpath.join("/", folder, path) if not path.startswith("/") else path)
    inside = posixpath.normpath(posixpath.join(folder, path))
    return None if path.startswith("/") or inside.startswith("..") else joined.lstrip("/") or "."

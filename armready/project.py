"""The graph of the second pass: the facts and findings of all files, and what can be asked of them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from armready.config import Settings
    from armready.finding import Finding
    from armready.results import FileResult
    from armready.tree import Tree

FactType = TypeVar("FactType")


class Project:
    """What is known of the repository after the first pass.

    A run over single files does not know the others: `complete` is then false, and a fact of a named file is read on demand.

    Attributes:
        complete: every file of the repository was read, so that the absence of a fact means something.
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
        self._results = dict(results)
        self.paths = sorted(results)
        self._load = load
        self._facts: dict[type, list[tuple[str, Any]]] = {}
        self.tree = tree
        self.settings = settings
        self.complete = complete

    def facts(self, of: type[FactType]) -> list[tuple[str, FactType]]:
        """All facts of one type with the files they come from, in the order of the files."""
        if of not in self._facts:
            self._facts[of] = [(path, fact) for path in self.paths for fact in self._results[path].facts.of(of)]
        return self._facts[of]

    def facts_in(self, path: str, of: type[FactType]) -> list[FactType]:
        """The facts of one type in one file; a file outside of this run is read on demand."""
        result = self._result(path)
        return [] if result is None else result.facts.of(of)

    def findings_in(self, path: str) -> tuple[Finding, ...]:
        """The first-pass findings of one file, before suppressions and baseline."""
        result = self._result(path)
        return () if result is None else result.findings

    def exists(self, path: str) -> bool:
        """Whether the repository holds a regular file of that path."""
        return path in self._results or self.tree.exists(path)

    def _result(self, path: str) -> FileResult | None:
        if path not in self._results:
            loaded = self._load(path)
            if loaded is None:
                return None
            self._results[path] = loaded
        return self._results[path]


def join(folder: str, path: str) -> str | None:
    """`path` as seen from `folder`, normalised; None when it leaves the repository."""
    joined = posixpath.normpath(posixpath.join("/", folder, path) if not path.startswith("/") else path)
    inside = posixpath.normpath(posixpath.join(folder, path))
    return None if path.startswith("/") or inside.startswith("..") else joined.lstrip("/") or "."

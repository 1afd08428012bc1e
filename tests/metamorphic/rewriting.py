"""Rewritings that keep what a file means, and the way of each place through them.

A rewriting is a small function from a file to changes of its text. A change replaces a span by parts: new text, or spans of the old text
that are kept or moved; so every character that survives knows where it went, and a place that is replaced is the whole replacement.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from armready.core.classify import Kind, classify
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source, Span
from armready.run.discovery import matches

Part = str | Span
Place = tuple[str, Span]
Function = Callable[[File], Iterable["Change"]]


@dataclass(frozen=True)
class Change:
    """Put `parts` in the place of `span`; a part that is a span stands for the old text there.

    `printed`: all of it is printed anew, and only what has no part of its own is to be looked for everywhere in it.
    """

    span: Span
    parts: tuple[Part, ...]
    printed: bool = False


def insert(offset: int, text: str) -> Change:
    return Change(Span(offset, offset), (text,))


def swap(span: Span, text: str) -> Change:
    return Change(span, (text,))


def wrap(span: Span, before: str, after: str) -> list[Change]:
    return [insert(span.start, before), insert(span.end, after)]


@dataclass(frozen=True)
class NewText:
    """A rewritten text.

    Attributes:
        text: as it is now.
        kept: (old offset, new offset, length) of what survives.
        replaced: (old span, new span) of each change.
        printed: the same of what is printed anew.
    """

    text: str
    kept: tuple[tuple[int, int, int], ...]
    replaced: tuple[tuple[Span, Span], ...]
    printed: tuple[tuple[Span, Span], ...] = ()

    def places(self, span: Span) -> list[Span]:
        """Where a span of the old text may be found now."""
        wide = span if span.end > span.start else Span(max(span.start - 1, 0), span.end + 1)
        found = []
        for old, new, length in self.kept:
            start, end = max(wide.start, old), min(wide.end, old + length)
            if start < end:
                found.append(Span(start + new - old, end + new - old))
        found += [new for old, new in self.replaced if old.overlaps(wide)]
        return found or [new for old, new in self.printed if old.overlaps(wide)]


def apply(text: str, changes: Iterable[Change]) -> NewText:
    """Make all changes; insertions at one place stand in the order in which they are given."""
    ordered = sorted(changes, key=lambda each: (each.span.start, each.span.end))
    assert all(one.span.end <= other.span.start for one, other in pairwise(ordered)), "changes overlap"
    out: list[str] = []
    kept: list[tuple[int, int, int]] = []
    replaced: dict[bool, list[tuple[Span, Span]]] = {False: [], True: []}
    length = at = 0

    def keep(span: Span) -> None:
        nonlocal length
        kept.append((span.start, length, span.end - span.start))
        out.append(text[span.start : span.end])
        length += span.end - span.start

    for change in ordered:
        keep(Span(at, change.span.start))
        start = length
        for part in change.parts:
            if isinstance(part, Span):
                keep(part)
            else:
                out.append(part)
                length += len(part)
        replaced[change.printed].append((change.span, Span(start, length)))
        at = change.span.end
    keep(Span(at, len(text)))
    return NewText("".join(out), tuple(kept), tuple(replaced[False]), tuple(replaced[True]))


@dataclass(frozen=True)
class Case:
    """A repository in memory."""

    name: str
    files: Mapping[str, str]
    settings: Settings

    @cached_property
    def opened(self) -> dict[str, File]:
        """Its text files that something reads, as rules see them."""
        found = {}
        for path, text in self.files.items():
            if "\0" in text:
                continue
            source = Source.decode(path, text.encode())
            named = next((Kind(kind) for glob, kind in self.settings.kinds.items() if matches(path, glob)), None)
            kind = named or classify(path, source.text)
            if kind is not None:
                found[path] = File(source, kind, self.settings)
        return found


@dataclass(frozen=True)
class Rewritten:
    """A case after a rewriting.

    Attributes:
        case: as it is now.
        texts: by old path.
        paths: old path -> new path.
    """

    case: Case
    texts: Mapping[str, NewText]
    paths: Mapping[str, str] = field(default_factory=dict)

    def places(self, place: Place) -> list[Place]:
        path, span = place
        new = self.paths.get(path, path)
        if path not in self.texts:
            return [(new, span)]
        return [(new, each) for each in self.texts[path].places(span)]


@dataclass(frozen=True)
class Rewriting:
    """One way to write the same thing differently.

    Attributes:
        name: of the function.
        kinds: of the files that it looks at.
        changes: what it does to a file; nothing where its precondition is not met.
        rename: the new path of a file, for repositories of one file, so that no other names it.
        adds: files that come to a file of that path.
        fixes: whether a fix must have the same fate; the docstring says why not.
        levels: whether the severity must be the same; the docstring says why not.
    """

    name: str
    kinds: frozenset[Kind]
    changes: Callable[[File], Sequence[Change]]
    rename: Callable[[str], str] | None = None
    adds: Callable[[str], Mapping[str, str]] | None = None
    fixes: bool = True
    levels: bool = True

    def __call__(self, case: Case) -> Rewritten | None:
        """The case rewritten; None where there is nothing to rewrite."""
        texts: dict[str, NewText] = {}
        if self.rename and len(case.files) != 1:
            return None
        for path, file in case.opened.items():
            if file.kind not in self.kinds:
                continue
            try:
                changes = list(self.changes(file))
            except ParseProblem:
                return None
            if changes:
                texts[path] = apply(file.text, changes)
        if not texts:
            return None
        paths = {path: self.rename(path) if self.rename else path for path in texts}
        added = {name: text for path in texts if self.adds for name, text in self.adds(path).items()}
        files = added | {paths.get(path, path): texts[path].text if path in texts else text for path, text in case.files.items()}
        return Rewritten(replace(case, files=files), texts, paths)


ALL: dict[str, Rewriting] = {}


def rewriting(
    *kinds: Kind,
    rename: Callable[[str], str] | None = None,
    adds: Callable[[str], Mapping[str, str]] | None = None,
    fixes: bool = True,
    levels: bool = True,
) -> Callable[[Function], Function]:
    """Add a function to the library."""

    def add(function: Function) -> Function:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        ALL[name] = Rewriting(name, frozenset(kinds), lambda file: list(function(file)), rename, adds, fixes, levels)
        return function

    return add

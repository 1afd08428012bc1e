"""The findings that a repository has agreed to live with for now: only what is new fails.

`.armready-baseline.json` has one finding a line, sorted, so that it merges. A finding is recognised by its rule and the text it points
at, so moved lines do not count, nor does a file that was renamed. The versions of the tool and of its facts are written down: what a newer
rule or a newer fact finds in a file that has not changed is shown, and fails nothing until the baseline is refreshed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from armready.core.bounded import MAX_JSON, load_json, read_bounded
from armready.core.errors import ConfigError, ParseProblem
from armready.core.finding import Finding
from armready.core.fingerprint import fingerprints
from armready.core.source import Source
from armready.core.startup import dataclass
from armready.core.tree import Tree

VERSION = 1


class Entry(NamedTuple):
    """One finding that is known.

    Attributes:
        path: where it was.
        code: its rule.
        content: its path-free fingerprint.
    """

    path: str
    code: str
    content: str


class Stamp(NamedTuple):
    """What judged: a finding that is not in the baseline may be new because this changed.

    Attributes:
        tool: the version of armready.
        facts: ISO date of the newest embedded fact.
        rules: the codes of all rules.
    """

    tool: str
    facts: str
    rules: frozenset[str]


class Comparison(NamedTuple):
    """Findings against a baseline.

    Attributes:
        fresh: those that it does not know.
        tolerated: those of `fresh` that are new because a rule or a fact is.
        gone: what is known and was not found.
    """

    fresh: list[Finding]
    tolerated: frozenset[Finding]
    gone: list[Entry]


@dataclass(frozen=True)
class Baseline:
    """The known findings, and what the files looked like when they were found.

    Attributes:
        stamp: what judged.
        entries: the known findings, sorted.
        files: path -> digest of the content.
    """

    stamp: Stamp
    entries: tuple[Entry, ...]
    files: Mapping[str, str]

    def compare(self, findings: Sequence[Finding], tree: Tree, stamp: Stamp) -> Comparison:
        """Which findings are new.

        Args:
            findings: all of a run, in the order of a report.
            tree: the files.
            stamp: what judges now.
        """
        known = Counter(self.entries)
        unmatched: list[tuple[Finding, Entry]] = []
        for finding, entry in zip(findings, entries_of(findings, tree), strict=True):
            if known[entry] > 0:
                known[entry] -= 1
            else:
                unmatched.append((finding, entry))
        left = list(known.elements())
        renamed = Counter(entry.content for entry in left if not tree.exists(entry.path)) if unmatched else Counter()
        fresh = []
        found_again: Counter[str] = Counter()
        for finding, entry in unmatched:
            if renamed[entry.content] > found_again[entry.content]:
                found_again[entry.content] += 1
            else:
                fresh.append(finding)
        return Comparison(fresh, self.tolerated(fresh, tree, stamp), _without(left, found_again, tree))

    def tolerated(self, fresh: Iterable[Finding], tree: Tree, stamp: Stamp) -> frozenset[Finding]:
        """Those of the fresh findings that a newer rule found, or a newer tool or fact in a file that has not changed."""
        upgraded = (stamp.tool, stamp.facts) != (self.stamp.tool, self.stamp.facts)

        def newer(finding: Finding) -> bool:
            if finding.code not in self.stamp.rules:
                return True
            return upgraded and finding.path in self.files and self.files[finding.path] == digest(tree, finding.path)

        return frozenset(filter(newer, fresh))


def _without(left: Iterable[Entry], found_again: Counter[str], tree: Tree) -> list[Entry]:
    """The entries that stay unmatched once those of renamed files are taken out."""
    moved = Counter(found_again)
    gone = []
    for entry in left:
        if moved[entry.content] > 0 and not tree.exists(entry.path):
            moved[entry.content] -= 1
        else:
            gone.append(entry)
    return gone


def entries_of(findings: Sequence[Finding], tree: Tree) -> list[Entry]:
    """The entries of findings, in their order."""
    sources: dict[str, Source | None] = {}

    def read(path: str) -> Source | None:
        if path not in sources:
            try:
                sources[path] = Source.decode(path, tree.read(path))
            except ParseProblem:
                sources[path] = None
        return sources[path]

    marks = fingerprints(findings, read)
    return [Entry(finding.path, finding.code, mark.content) for finding, mark in zip(findings, marks, strict=True)]


def digest(tree: Tree, path: str) -> str:
    """A short digest of a file's bytes; empty when it cannot be read."""
    try:
        return sha256(tree.read(path)).hexdigest()[:16]
    except ParseProblem:
        return ""


def current_stamp(version: str, codes: Iterable[str]) -> Stamp:
    """What judges now, with the date of the newest table."""
    from armready.knowledge.tables import newest

    return Stamp(version, newest(), frozenset(codes))


def create(findings: Sequence[Finding], paths: Iterable[str], tree: Tree, stamp: Stamp) -> Baseline:
    """The baseline of today's findings.

    Args:
        findings: in the order of a report.
        paths: the files that were read as something.
        tree: the files.
        stamp: what judges now.
    """
    return Baseline(stamp, tuple(sorted(entries_of(findings, tree))), {path: digest(tree, path) for path in paths})


def refreshed(old: Baseline, new: Baseline, tree: Tree, judged: Callable[[Entry], bool]) -> Baseline:
    """`new` for what was judged, `old` for the rest: a run over some files or some rules leaves the others alone."""
    kept = (entry for entry in old.entries if not judged(entry))
    files = {path: value for path, value in old.files.items() if tree.exists(path)} | dict(new.files)
    return Baseline(new.stamp, tuple(sorted((*kept, *new.entries))), files)


def pruned(old: Baseline, gone: Collection[Entry]) -> Baseline:
    """`old` without what is gone. Nothing is added, so the versions stay."""
    drop = Counter(gone)
    entries = []
    for entry in old.entries:
        if drop[entry] > 0:
            drop[entry] -= 1
        else:
            entries.append(entry)
    return Baseline(old.stamp, tuple(entries), old.files)


def dump(baseline: Baseline) -> str:
    """The baseline as its file has it: one finding a line, sorted."""

    def block(lines: list[str]) -> str:
        return "\n" + ",\n".join(f"    {line}" for line in lines) + "\n  " if lines else ""

    findings = block([json.dumps(entry._asdict()) for entry in sorted(baseline.entries)])
    files = block([f"{json.dumps(path)}: {json.dumps(value)}" for path, value in sorted(baseline.files.items())])
    head = {"version": VERSION, "tool": baseline.stamp.tool, "facts": baseline.stamp.facts, "rules": " ".join(sorted(baseline.stamp.rules))}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "{\n" + ",\n".join([*lines, f'  "findings": [{findings}]', f'  "files": {{{files}}}']) + "\n}\n"


def load(path: Path, root: Path | None = None) -> Baseline:
    """Read a baseline.

    Args:
        path: the file.
        root: where it must lie when the user has not named it.

    Raises:
        ConfigError: it cannot be read, or is not a baseline of this version.
    """
    try:
        document = load_json(read_bounded(path, MAX_JSON, root=root))
        if document["version"] != VERSION:
            raise ConfigError(f"{path}: baseline version {document['version']} is not {VERSION}: write it anew with `armready baseline`")
        return _parsed(document)
    except (ParseProblem, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{path}: not a baseline ({error}): a merge may have broken it; write it anew with `armready baseline`"
        ) from error


def _parsed(document: Mapping[str, Any]) -> Baseline:
    stamp = Stamp(str(document["tool"]), str(document["facts"]), frozenset(str(document["rules"]).split()))
    entries = tuple(sorted(Entry(str(each["path"]), str(each["code"]), str(each["content"])) for each in document["findings"]))
    return Baseline(stamp, entries, {str(path): str(value) for path, value in document["files"].items()})

"""Edits -> verified new text -> atomic write.

Rounds: of all fixes that may be applied, those that do not overlap are applied to the text in memory; then both passes run again. A
fix stays only if the new text parses, is unchanged outside of what the fix claims (`verify.py`), and the second scan has lost the
finding and gained none of the same or a higher level in the files it changed. A fix that fails is dropped, and its finding stays with
the reason, unless it holds once the others are made. Later rounds see the new facts: when a Dockerfile is mended, the CI file that
builds it may follow. The order depends on nothing but the text.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from armready.core.errors import ArmreadyError, ParseProblem
from armready.core.file import File
from armready.core.finding import Confidence, Finding
from armready.core.fix import Applicability, Edit, apply_edits
from armready.core.kinds import SYSTEMS
from armready.core.results import Failure, FileResult
from armready.core.source import Source
from armready.core.tree import DiskTree, MemoryTree, Tree
from armready.fixing.batch import Batch
from armready.fixing.proof import problem_with
from armready.run.passes import Analysis, Filters, analyse
from armready.run.registry import Registry
from armready.run.session import Session
from armready.run.writing import WRITABLE, check_place, remove_left, replace_file

_ROUNDS = 25
# So many attempts may fail, each a scan of the files that it changes: in one file, and in all of a run.
_MOST_FAILED_IN_A_FILE = 60
_MOST_FAILED = 600
_RUN = ""
_LEFT = "too many other fixes do not hold; run fix on this file alone, or select rules"

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A finding whose fix was not made, and why; with the failure, if armready itself failed on it."""

    finding: Finding
    reason: str
    failure: Failure | None = None


@dataclass(frozen=True)
class FixOutcome:
    """What a run of fixes came to. Nothing is written yet.

    Attributes:
        tree: the files as they would be.
        analysis: what both passes say of them.
        changes: path -> (old bytes, new bytes), for the files that change.
        applied: the findings that are mended, in the order of application.
        not_applied: those whose fix was allowed and failed.
    """

    tree: Tree
    analysis: Analysis
    changes: Mapping[str, tuple[bytes, bytes]]
    applied: tuple[Finding, ...]
    not_applied: tuple[NotApplied, ...]

    @property
    def all_failures(self) -> tuple[Failure, ...]:
        """Where armready failed, on the files as they are now or on a fix."""
        of_fixes = (each.failure for each in self.not_applied if each.failure)
        return tuple(dict.fromkeys((*self.analysis.all_failures, *of_fixes)))


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a batch is not made."""

    reason: str
    failure: Failure | None = None


@dataclass
class _State:
    """The files in memory, and what is known of them at this point."""

    below: Tree
    registry: Registry
    analysis: Analysis
    today: date | None
    files: dict[str, bytes] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)

    @property
    def tree(self) -> MemoryTree:
        return MemoryTree(self.files, self.below)

    def with_files(self, changed: Mapping[str, bytes], before: Mapping[str, bytes]) -> _State:
        """The state after files got new contents in the place of those before; only these are checked again."""
        files = self.files | dict(changed)
        tree = MemoryTree(files, self.below)
        known = {path: result for path, result in self.analysis.results.items() if path not in changed}
        analysis = analyse(tree, list(self.analysis.results), self.registry, complete=self.analysis.complete, today=self.today, known=known)
        first = {**before, **self.before}
        return _State(below=self.below, registry=self.registry, analysis=analysis, today=self.today, files=files, before=first)


def fix(
    tree: Tree,
    analysis: Analysis,
    registry: Registry,
    *,
    allowed: Applicability,
    wanted: Callable[[Finding], bool],
    today: date | None,
    rounds: int = _ROUNDS,
) -> FixOutcome:
    """Make every fix that may be made, in memory.

    Args:
        tree: the files.
        analysis: what both passes said of them.
        registry: the rules.
        allowed: the least trusted applicability that is applied.
        wanted: which findings to mend.
        today: see `analyse`.
        rounds: how often fixes are chosen at most; with one, what a fix makes possible is left alone.
    """
    state = _State(tree, registry, analysis, today)
    failed: Counter[str] = Counter()
    applied: list[Finding] = []
    rejected: dict[Key, NotApplied] = {}
    progress = False
    for _ in range(rounds):
        candidates = [
            finding
            for finding in state.analysis.findings
            if finding.fix is not None
            and finding.fix.applicability.rank <= allowed.rank
            and wanted(finding)
            and _key(finding) not in rejected
        ]
        batch = _without_overlaps(candidates, state.analysis.results, rejected)
        if batch:
            state, made = _apply(state, batch, rejected, failed)
            applied.extend(made)
            progress = progress or bool(made)
        elif progress and rejected:
            rejected.clear()
            progress = False
        else:
            break
    changes = {path: (state.before[path], data) for path, data in sorted(state.files.items()) if state.before[path] != data}
    still = {_key(finding) for finding in state.analysis.findings}
    return FixOutcome(
        tree=state.tree,
        analysis=state.analysis,
        changes=changes,
        applied=tuple(applied),
        not_applied=tuple(each for key, each in rejected.items() if key in still),
    )


def _key(finding: Finding) -> Key:
    return (finding.code, finding.path, finding.message, finding.fix.title if finding.fix else "")


def _without_overlaps(findings: Sequence[Finding], covered: Mapping[str, FileResult], rejected: dict[Key, NotApplied]) -> list[Finding]:
    """The fixes of one round, in order. All edits of a fix or none; what overlaps an earlier fix,
    or stands on a line with the fix of another rule, waits for the next round.
    """
    taken = Batch()
    batch = []
    for finding in sorted(findings, key=lambda each: each.sort_key):
        edits = finding.fix.edits if finding.fix else ()
        outside = sorted({edit.path for edit in edits} - covered.keys())
        if outside:
            rejected[_key(finding)] = NotApplied(finding, f"it also changes {outside[0]}, which this run does not cover")
            continue
        if taken.admits(finding.code, edits):
            batch.append(finding)
            taken.add(finding.code, edits)
    return batch


def _apply(state: _State, batch: Sequence[Finding], rejected: dict[Key, NotApplied], failed: Counter[str]) -> tuple[_State, list[Finding]]:
    """Apply a batch; when it does not hold together, the halves, down to the single fixes that are to blame.

    Args:
        state: the files.
        batch: the fixes.
        rejected: where those are put that do not hold.
        failed: how many attempts have failed, by the files that they changed, and in all; grows.
    """
    paths = {edit.path for finding in batch for edit in (finding.fix.edits if finding.fix else ())}
    if failed[_RUN] >= _MOST_FAILED or any(failed[path] >= _MOST_FAILED_IN_A_FILE for path in paths):
        after: _State | _Refusal = _Refusal(_LEFT)
    else:
        after = _attempt(state, batch)
        failed.update((_RUN, *paths) if isinstance(after, _Refusal) else ())
    if isinstance(after, _State):
        return after, list(batch)
    if len(batch) == 1:
        rejected[_key(batch[0])] = NotApplied(batch[0], after.reason, after.failure)
        return state, []
    made: list[Finding] = []
    middle = len(batch) // 2
    state, first = _apply(state, batch[:middle], rejected, failed)
    made += first
    if first:
        return state, made
    return _apply(state, batch[middle:], rejected, failed)


def _attempt(state: _State, batch: Sequence[Finding]) -> _State | _Refusal:
    """The state after a batch, or what speaks against it."""
    try:
        return _made(state, batch)
    except ParseProblem as problem:
        return _Refusal(str(problem))
    except MemoryError:
        raise
    except Exception as error:
        failure = Failure.of(batch[0].path, f"the fix of {batch[0].code}", error)
        return _Refusal(failure.message, failure)


def _made(state: _State, batch: Sequence[Finding]) -> _State | _Refusal:
    """See `_attempt`.

    Raises:
        ParseProblem: a file that it changes cannot be read or written as it would be.
    """
    edits: dict[str, dict[Edit, None]] = {}
    for finding in batch:
        for edit in finding.fix.edits if finding.fix else ():
            edits.setdefault(edit.path, {})[edit] = None
    changed = {path: _rewrite(state, path, list(group)) for path, group in edits.items()}
    before = {path: state.tree.read(path) for path in changed}
    if before == changed:
        return _Refusal("it changes nothing")
    after = state.with_files(changed, before)
    known = frozenset(state.analysis.all_failures)
    failures = [each for each in after.analysis.all_failures if each not in known]
    if failures:
        return _Refusal(f"a second scan fails: {failures[0].message}", failures[0])
    reason = _regression(state.analysis, after.analysis, batch, changed.keys())
    return _Refusal(reason) if reason else after


def _rewrite(state: _State, path: str, edits: Sequence[Edit]) -> bytes:
    """The new bytes of a file, proven to differ where the edits say and nowhere else.

    Raises:
        ParseProblem: they do not, or cannot be written in the file's encoding.
    """
    source = Source.decode(path, state.tree.read(path))
    text = _with_the_end_of(source.text, apply_edits(source.text, edits))
    kind = state.analysis.results[path].kind
    if kind is not None:
        new_source = Source(path, text, source.encoding, source.bom)
        settings = state.registry.settings
        old, new = File(source, kind, settings), File(new_source, kind, settings)
        problem = problem_with(old, new, edits) or (_lost(old, new) if kind in SYSTEMS else "")
        if problem:
            raise ParseProblem(problem)
    return source.encode(text)


def _lost(old: File, new: File) -> str:
    from armready.fixing.supply import lost

    return lost(old, new)


def _with_the_end_of(old: str, new: str) -> str:
    """The new text, without a final newline where the old one has none."""
    return new if not old or old.endswith("\n") else new.removesuffix("\n").removesuffix("\r")


def _regression(before: Analysis, after: Analysis, batch: Sequence[Finding], changed: Collection[str]) -> str:
    """What the second scan says against a batch; empty when nothing."""
    old, new = _counts(before, changed), _counts(after, changed)
    mended = Counter((finding.path, finding.code) for finding in batch)
    worst: dict[str, int] = {}
    for finding in batch:
        worst[finding.path] = max(finding.severity.rank, worst.get(finding.path, 0))
    for place, count in mended.items():
        if new[place] > old[place] - count:
            return f"a second scan still finds {place[1]}"
    for finding in after.findings:
        place = (finding.path, finding.code)
        if finding.path in changed and new[place] > old[place] and finding.severity.rank <= worst.get(finding.path, 0):
            return f"it would bring up {finding.code}: {finding.message}"
    problems = [(path, problem) for path in changed for problem in after.results[path].problems]
    fresh = [problem for path, problem in problems if problem not in before.results[path].problems]
    fresh += [each.reason for each in after.problems if each not in before.problems]
    return fresh[0] if fresh else ""


def _counts(analysis: Analysis, paths: Collection[str]) -> Counter[tuple[str, str]]:
    return Counter((finding.path, finding.code) for finding in analysis.findings if finding.path in paths)


def write(root: Path, changes: Mapping[str, tuple[bytes, bytes]]) -> dict[str, str]:
    """Write new contents, each file as a whole or not at all.

    Only a regular file inside of the root that still has the contents that were scanned is replaced; its mode is kept.

    Returns:
        The files that could not be written, with the reasons.
    """
    remove_left({root / ".git", *((root / path).parent for path in changes)})
    failed = {}
    for path, (old, new) in changes.items():
        try:
            _write_one(root, path, old, new)
        except (OSError, ArmreadyError) as error:
            failed[path] = str(error.strerror or error) if isinstance(error, OSError) else str(error)
    return failed


def _write_one(root: Path, path: str, old: bytes, new: bytes) -> None:
    if DiskTree(root).read(path) != old:
        raise ArmreadyError("the file has changed since it was scanned")
    check_place(root / path, root)
    target = (root / path).resolve()
    status = target.stat()
    if not status.st_mode & WRITABLE or not os.access(target, os.W_OK):
        raise ArmreadyError("it is read-only")
    git = root / ".git"
    if git.is_dir() and not git.is_symlink():
        # What a killed run leaves behind there, git never adds.
        with suppress(OSError):
            return replace_file(target, new, status, git)
    return replace_file(target, new, status, target.parent)


def hard_linked(root: Path, paths: Iterable[str]) -> list[str]:
    """Those of the files that have other names; a name outside of the root is never written through."""
    return [path for path in paths if (root / path).is_file() and (root / path).stat().st_nlink > 1]


def _quoted(path: str) -> str:
    """A path in a diff, as git writes it."""
    if not re.search(r'[\x00-\x1f\x7f"\\]', path):
        return path
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', lambda found: f"\\{ord(found[0]):03o}", path) + '"'


def unified_diff(changes: Mapping[str, tuple[bytes, bytes]]) -> str:
    """The changes as one unified diff that `git apply` takes."""
    from difflib import unified_diff as lines_of

    out: list[str] = []
    for path, (old, new) in changes.items():
        before = Source.decode(path, old).text.splitlines(keepends=True)
        after = Source.decode(path, new).text.splitlines(keepends=True)
        lines = lines_of(before, after, _quoted(f"a/{path}"), _quoted(f"b/{path}"))
        out.extend(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(out)


def fix_session(session: Session, analysis: Analysis, filters: Filters, *, unsafe: bool) -> FixOutcome:
    """Make the fixes of all selected findings, in memory. Leave findings of low confidence alone unless they are asked for."""
    selection = session.registry.selection

    def wanted(finding: Finding) -> bool:
        if not selection.enabled(session.registry.rule(finding.code)) or selection.ignored_in(finding.path, finding.code):
            return False
        if finding.confidence is Confidence.LOW and not session.settings.pedantic:
            return False
        return filters.only(finding)

    allowed = Applicability.UNSAFE if unsafe else Applicability.SAFE
    outcome = fix(session.tree, analysis, session.registry, allowed=allowed, wanted=wanted, today=session.today)
    return replace(outcome, analysis=session.completed(outcome.analysis))


def as_written(session: Session, outcome: FixOutcome, unwritten: Collection[str]) -> FixOutcome:
    """Return what a run of fixes came to on disk, where some of its files could not be written."""
    applied = tuple(finding for finding in outcome.applied if finding.location.path not in unwritten)
    changes = {path: change for path, change in outcome.changes.items() if path not in unwritten}
    return replace(outcome, tree=session.tree, analysis=session.analyse(), changes=changes, applied=applied)

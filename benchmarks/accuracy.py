"""How right armready is on repositories of other people: `python -m benchmarks.accuracy COMMAND …`, see docs/accuracy.md.

sample       draw findings into a table that a person judges
precision    read the judged table
fixes        make all fixes in memory, ask other programs about every rewritten file, draw diffs for review
equivalence  compare fixes with the commits in which people did the same work by hand
"""

import argparse
import csv
import os
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.source import Source
from armready.fixing.fixer import FixOutcome, fix_session, unified_diff
from armready.run.passes import Filters
from armready.run.session import Session, open_session
from benchmarks.crater import bare_git_folder, lay_out, tree_of
from benchmarks.states import state
from benchmarks.validators import judge

VERDICTS = ("right", "wrong", "arguable")
COLUMNS = ("repo", "file", "line", "rule", "severity", "message", "source", "verdict")
OUTCOMES = ("same", "another way", "partly", "nothing", "no fix", "not comparable")
SLACK = 5


def session_of(root: Path) -> Session:
    (root / ".git").mkdir(exist_ok=True)
    return open_session([root], {}, no_cache=True, jobs=1)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8") as handle:
        for row in (columns, *rows):
            handle.write("\t".join(" ".join(str(each).split()) for each in row) + "\n")


def trees(arguments: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """The repositories that are not too large, with their files on disk."""
    for repository in arguments.repositories:
        root = tree_of(repository, arguments.trees)
        files = sum(len(names) for _, _, names in os.walk(root))
        if files > arguments.largest:
            print(f"{repository.name}: left out, {files} files", file=sys.stderr)
        else:
            yield repository.name, root


# Precision


def sample(arguments: argparse.Namespace) -> int:
    found = []
    for name, root in trees(arguments):
        session = session_of(root)
        report = session.report(session.analyse(), Filters())
        for each in report.findings:
            if each.severity is not Severity.INFO:
                lines = Source.decode(each.path, session.tree.read(each.path)).text.splitlines()
                line = each.location.region.line
                source = lines[line - 1] if line <= len(lines) else ""
                found.append((name, each.path, line, each.code, each.severity.value, each.message, source, ""))
    drawn = sorted(random.Random(arguments.seed).sample(found, min(arguments.count, len(found))))
    write_rows(arguments.output, COLUMNS, drawn)
    print(f"{len(drawn)} of {len(found)} findings")
    return 0


def precision(arguments: argparse.Namespace) -> int:
    judged: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows_of(arguments.judged):
        if row["verdict"] not in VERDICTS:
            raise SystemExit(f"{row['repo']} {row['file']}:{row['line']}: the verdict is none of {', '.join(VERDICTS)}")
        judged[row["rule"]][row["verdict"]] += 1
    judged["all"] = sum(judged.values(), Counter())
    print("| Rule | Right | Wrong | Arguable | Precision |\n|---|---:|---:|---:|---:|")
    for rule, counts in sorted(judged.items()):
        decided = counts["right"] + counts["wrong"]
        share = f"{counts['right'] / decided:.2f}" if decided else ""
        print(f"| {rule} | {' | '.join(str(counts[verdict]) for verdict in VERDICTS)} | {share} |")
    return 0


# Fixes


class Diff(NamedTuple):
    repository: str
    path: str
    text: str


def fixes(arguments: argparse.Namespace) -> int:
    asked: Counter[str] = Counter()
    failures, diffs, rewritten = [], list[Diff](), Counter[str]()
    for name, root in trees(arguments):
        session = session_of(root)
        analysis = session.analyse()
        for unsafe in (False, True):
            outcome = fix_session(session, analysis, Filters(), unsafe=unsafe)
            rewritten["all fixes" if unsafe else "safe fixes"] += len(outcome.changes)
            for path, (old, new) in outcome.changes.items():
                validators, problems = judge(path, analysis.results[path].kind, old, new)
                asked.update(validators)
                failures += [(name, *each) for each in problems]
                if unsafe:
                    diffs.append(Diff(name, path, _explained(outcome, path)))
    print(", ".join(f"{label}: {count} files" for label, count in rewritten.items()))
    for validator, count in sorted(asked.items()):
        print(f"{validator:20} {count:6} files, {sum(each[1] == validator for each in failures)} failures")
    for failure in failures:
        print(*failure, sep="\t")
    if arguments.diffs:
        _draw(diffs, arguments)
    return int(bool(failures))


def _explained(outcome: FixOutcome, path: str) -> str:
    made = (each for each in outcome.applied if each.fix is not None and path in {edit.path for edit in each.fix.edits})
    head = [
        f"# {each.code} {each.severity} {each.fix.applicability}: {each.message}\n#   {each.fix.title}. {' '.join(each.fix.notes)}\n"
        for each in made
        if each.fix
    ]
    return "".join(head) + unified_diff({path: outcome.changes[path]})


def _draw(diffs: list[Diff], arguments: argparse.Namespace) -> None:
    """Write diffs for review: one of each different change, so that twenty copies of one file count once."""
    distinct = list({_changed_lines(each.text): each for each in diffs}.values())
    drawn = random.Random(arguments.seed).sample(distinct, min(arguments.count, len(distinct)))
    arguments.diffs.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(sorted(drawn)):
        (arguments.diffs / f"{number:03}.diff").write_text(f"# {each.repository}\n{each.text}", encoding="utf-8", errors="surrogateescape")
    print(f"{len(drawn)} of {len(distinct)} different diffs in {arguments.diffs}")


def _changed_lines(diff: str) -> str:
    return "\n".join(line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---"))


# Equivalence with what people did


def equivalence(arguments: argparse.Namespace) -> int:
    commits: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows_of(arguments.truth):
        if row["in_scope"] == "true":
            commits[row["repo"], row["sha"], row["parent"]].append(row)
    results = [each for commit, rows in commits.items() for each in _compare(arguments.mirror, commit, rows)]
    columns = ("repo", "sha", "path", "line", "kind", "outcome", "left", "missing")
    if arguments.output:
        write_rows(arguments.output, columns, results)
    print(f"| Kind | {' | '.join(each.capitalize() for each in OUTCOMES)} |\n|---|{'---:|' * len(OUTCOMES)}")
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for each in results:
        kinds[each[4]][each[5]] += 1
    kinds["all"] = sum(kinds.values(), Counter())
    for kind, counts in sorted(kinds.items()):
        print(f"| {kind} | {' | '.join(str(counts[each]) for each in OUTCOMES)} |")
    fixed = sum(kinds["all"][each] for each in OUTCOMES[:4])
    print(f"same state: {kinds['all']['same'] / max(1, fixed):.3f} of {fixed} rows with a fix")
    return 0


def _compare(mirror: Path, commit: tuple[str, str, str], rows: list[dict[str, str]]) -> Iterator[tuple[str, ...]]:
    repository, sha, parent = commit
    git_folder = bare_git_folder(mirror / repository.replace("/", "+", 1))
    if git_folder is None:
        print(f"{repository}: not in the mirror", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as scratch:
        roots = {revision: Path(scratch) / revision for revision in (parent, sha)}
        for revision, root in roots.items():
            root.mkdir()
            lay_out(git_folder, root, revision)
        before, people = session_of(roots[parent]), session_of(roots[sha])
        analysis, by_people = before.analyse(), people.analyse()
        outcome = before.fix(analysis, Filters(), unsafe=True)
        for row in rows:
            path = row["path"]
            texts = (before.tree, analysis), (people.tree, by_people), (outcome.tree, outcome.analysis)
            states = [_state(tree, results.results, path, before) for tree, results in texts]  # type: ignore[arg-type]
            verdict, left, missing = _outcome(*states, fixed=any(_is_fixed(each, row) for each in analysis.findings))
            yield repository, sha[:10], path, row["start"], row["kind"], verdict, " | ".join(left), " | ".join(missing)


def _state(tree, results, path: str, session: Session) -> frozenset[str]:  # type: ignore[no-untyped-def]
    result = results.get(path)
    if result is None or result.kind is None:
        return frozenset()
    return state(File(Source.decode(path, tree.read(path)), result.kind, session.settings), result.facts)


def _is_fixed(finding: Finding, row: dict[str, str]) -> bool:
    """Whether a finding on the lines that people changed offers a fix that can be applied."""
    region = finding.location.region
    near = region.line <= int(row["end"]) + SLACK and region.end_line >= int(row["start"]) - SLACK
    return finding.path == row["path"] and near and finding.fix is not None and finding.fix.applicability is not Applicability.DISPLAY


def _outcome(
    before: frozenset[str], people: frozenset[str], ours: frozenset[str], *, fixed: bool
) -> tuple[str, Sequence[str], Sequence[str]]:
    """How far a fix came on the way that people went: what they removed is gone, what they added is there."""
    gone, added = before - people, people - before
    left, missing = sorted(gone & ours), sorted(added - ours)
    if not gone and not added:
        return "not comparable", (), ()
    if not fixed:
        return "no fix", left, missing
    if not missing:
        return ("partly" if left else "same"), left, missing
    if gone and not left:
        return "another way", left, missing
    return ("partly" if len(left) + len(missing) < len(gone) + len(added) else "nothing"), left, missing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for function, count in ((sample, 150), (fixes, 60)):
        command = commands.add_parser(function.__name__)
        command.set_defaults(run=function)
        command.add_argument("repositories", nargs="+", type=Path, help="folders of files, or bare git folders")
        command.add_argument("--trees", type=Path, default=Path(tempfile.gettempdir()) / "trees", help="where bare ones are laid out")
        command.add_argument("--largest", type=int, default=20_000, help="repositories with more files are left out")
        command.add_argument("--count", type=int, default=count)
        command.add_argument("--seed", type=int, default=11)
        if function is sample:
            command.add_argument("--output", type=Path, required=True)
        else:
            command.add_argument("--diffs", type=Path, help="where diffs for review are written")
    command = commands.add_parser("precision")
    command.set_defaults(run=precision)
    command.add_argument("judged", type=Path)
    command = commands.add_parser("equivalence")
    command.set_defaults(run=equivalence)
    command.add_argument("truth", type=Path, help="a table of commits: repo, sha, parent, path, start, end, kind, in_scope")
    command.add_argument("--mirror", type=Path, required=True, help="the folder of bare git folders, named owner+name")
    command.add_argument("--output", type=Path, help="where what differs is written")
    arguments = parser.parse_args()
    return int(arguments.run(arguments))


if __name__ == "__main__":
    raise SystemExit(main())

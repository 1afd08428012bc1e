"""Scan many repositories, each in a process of its own: `python -m benchmarks.crater REPOSITORY... --trees FOLDER`.

A repository is a folder of files, or a bare git folder whose newest commit is laid out below `--trees` first. Nothing may crash, and no
repository and no file may be lost: what could not be read is listed with its reason, and what is a mistake of ours fails the run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_SECONDS = 300
LARGEST = 6_000_000


@dataclass
class Outcome:
    """What the scan of one repository came to."""

    name: str
    files: int = 0
    scanned: int = 0
    findings: int = 0
    seconds: float = 0.0
    unparsed: list[tuple[str, str]] = field(default_factory=list)
    internal_errors: list[tuple[str, str]] = field(default_factory=list)
    crash: str = ""


def lay_out(git_folder: Path, target: Path, revision: str = "HEAD") -> None:
    """Write the files of a commit; those that the copy lacks, links and very large ones are left out."""
    git = ("git", "--git-dir", str(git_folder))
    listed = subprocess.run((*git, "ls-tree", "-r", "-z", "--long", revision), capture_output=True, check=True).stdout
    wanted = []
    for line in listed.split(b"\0"):
        head, _, name = line.partition(b"\t")
        parts = head.split()
        if len(parts) == 4 and parts[0] != b"120000" and parts[1] == b"blob" and parts[3].isdigit() and int(parts[3]) <= LARGEST:
            wanted.append((parts[2], name))
    with tempfile.TemporaryFile() as asked:
        asked.write(b"".join(digest + b"\n" for digest, _ in wanted))
        asked.seek(0)
        with subprocess.Popen((*git, "cat-file", "--batch"), stdin=asked, stdout=subprocess.PIPE) as reader:
            assert reader.stdout is not None
            for _, name in wanted:
                answer = reader.stdout.readline().split()
                if len(answer) != 3:
                    continue
                data = reader.stdout.read(int(answer[2]))
                reader.stdout.read(1)
                path = target / name.decode("utf-8", "surrogateescape")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    (target / ".git").mkdir(parents=True, exist_ok=True)


def bare_git_folder(repository: Path) -> Path | None:
    return next((folder for folder in (repository, *repository.iterdir()) if folder.is_dir() and (folder / "objects").is_dir()), None)


def tree_of(repository: Path, trees: Path) -> Path:
    """The folder of files of a repository; a bare one is laid out below `trees`, unless it is there."""
    git_folder = None if (repository / ".git").exists() else bare_git_folder(repository)
    if git_folder is None:
        return repository
    root = trees / repository.name
    if not root.exists():
        lay_out(git_folder, root)
    return root


def scan(root: Path, name: str, *, fixing: bool) -> Outcome:
    outcome = Outcome(name)
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "armready", "fix" if fixing else "scan", str(root), "--pedantic", "--min-severity", "info"]
        command += ["--exit-zero", "--no-cache", "--jobs", "1"]
        command += ["--unsafe-fixes", "--diff"] if fixing else ["--format", "json", "--output", report.name]
        start = time.monotonic()
        try:
            done = subprocess.run(command, capture_output=True, timeout=LIMIT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            outcome.crash = f"longer than {LIMIT_SECONDS} s"
            return outcome
        outcome.seconds = time.monotonic() - start
        if done.returncode:
            outcome.crash = f"exit code {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-800:]}"
        elif fixing:
            outcome.findings = done.stdout.count(b"\n@@ ")
        else:
            read = json.loads(Path(report.name).read_bytes())
            summary = read["summary"]
            outcome.files, outcome.scanned, outcome.findings = summary["files"], summary["scanned"], len(read["findings"])
            outcome.internal_errors = [(each["path"], each["message"]) for each in summary["internal_errors"]]
            outcome.unparsed = [(each["path"], each["reason"]) for each in summary["unparsed"]]
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--trees", type=Path, required=True, help="where bare repositories are laid out; what is there is used again")
    parser.add_argument("--fix", action="store_true", help="make all fixes in memory instead of scanning")
    parser.add_argument("--output", type=Path, help="write everything as JSON")
    arguments = parser.parse_args()
    outcomes = []
    for repository in arguments.repositories:
        if not repository.is_dir():
            continue
        outcome = scan(tree_of(repository, arguments.trees), repository.name, fixing=arguments.fix)
        outcomes.append(outcome)
        print(f"{outcome.seconds:7.1f} s {outcome.files:7} files {outcome.findings:6} findings  {outcome.name} {outcome.crash}", flush=True)
        for path, reason in outcome.internal_errors:
            print(f"    {path}: {reason}", flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps([each.__dict__ for each in outcomes], indent=1), encoding="utf-8")
    return summarise(outcomes)


def summarise(outcomes: list[Outcome]) -> int:
    """Print what the scans came to; 1 when one failed."""
    reasons = Counter(reason.partition(":")[0] for each in outcomes for _, reason in each.unparsed)
    failed = [each for each in outcomes if each.crash or each.internal_errors]
    files, scanned, findings = (sum(getattr(each, name) for each in outcomes) for name in ("files", "scanned", "findings"))
    print(f"\n{len(outcomes)} repositories, {files} files, {scanned} scanned, {findings} findings")
    print(f"{reasons.total()} notes, {len(failed)} repositories failed")
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())

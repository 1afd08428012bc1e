"""Do two versions say and do the same? Findings, spans and fixes of two installations over the same repositories, compared.

    python benchmarks/compare.py --before OLD/.venv/bin/python --after .venv/bin/python REPOSITORY...

Prints each difference, then the counts; ends with 1 when there is one. What differs on purpose belongs into the note of the change.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SCAN = ("scan", "--format", "json", "--min-severity", "info", "--pedantic", "--no-cache", "--exit-zero", "--jobs", "1", "--no-baseline")
FIX = ("fix", "--diff", "--unsafe-fixes", "--jobs", "1", "--no-baseline")
TIMEOUT = 900


class Answer(NamedTuple):
    """What one version makes of a repository: its findings, each with its place and fix, the diff, and what went wrong."""

    findings: Counter[str]
    diff: str
    error: str


def ask(python: Path, repository: Path) -> Answer:
    """Scan and fix a repository with the armready that an interpreter has installed; nothing is written."""
    done = [
        subprocess.run(
            [python, "-m", "armready", *command, "."], cwd=repository, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        for command in (SCAN, FIX)
    ]
    error = next((f"exit code {each.returncode}: {each.stderr[-300:]}" for each in done if each.returncode not in (0, 1)), "")
    findings = json.loads(done[0].stdout or "{}").get("findings", ())
    for each in findings:
        if each["fix"]:
            each["fix"]["edits"].sort(key=json.dumps)
    kept = (json.dumps({key: each[key] for key in sorted(each) if key not in ("fingerprint", "url")}) for each in findings)
    return Answer(Counter(kept), done[1].stdout, error)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def differences(before: Answer, after: Answer) -> Iterator[str]:
    """The lines that tell how two answers differ."""
    for sign, only in (("-", before.findings - after.findings), ("+", after.findings - before.findings)):
        for text in sorted(only.elements()):
            finding = json.loads(text)
            fix = finding["fix"]["applicability"] if finding["fix"] else "no fix"
            place = f"{finding['path']}:{finding['line']}:{finding['column']}"
            yield f"{sign} {place} {finding['code']} {finding['severity']} ({fix}) {finding['message']}"
    if before.diff != after.diff:
        yield "~ the diff of fix --unsafe-fixes differs"
    if before.error != after.error:
        yield f"! {before.error or 'no error'} -> {after.error or 'no error'}"


def main() -> int:
    """Compare, print, and say by the exit code whether anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--after", type=Path, required=True)
    parser.add_argument("repositories", type=Path, nargs="+")
    options = parser.parse_args()
    findings = different = 0
    for repository in options.repositories:
        before, after = ask(options.before.absolute(), repository), ask(options.after.absolute(), repository)
        lines = list(differences(before, after))
        findings += after.findings.total()
        different += bool(lines)
        for line in lines:
            print(f"{repository.name}: {line}", flush=True)
    print(f"{len(options.repositories)} repositories, {findings} findings, {different} repositories differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())

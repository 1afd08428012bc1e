"""Who makes armready parse, and for how many findings? `python -m benchmarks.parses REPOSITORY... --trees FOLDER`.

A rule or a collector is asked where one of its needles stands in a file. Counted for each: the files in which it was asked, what it was the
first to have parsed, the processor time of that with its own work, and its findings or facts. A needle that stands everywhere shows as
many files and much time for few findings.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from armready.core.file import File
from armready.run import check_file
from armready.run.session import open_session
from benchmarks.crater import tree_of


@dataclass
class Asker:
    """What a rule or a collector cost and found."""

    files: int = 0
    parses: int = 0
    seconds: float = 0.0
    found: int = 0


class Meter:
    """Takes the place of the two functions through which everything goes."""

    def __init__(self) -> None:
        self.askers: dict[str, Asker] = defaultdict(Asker)
        self._current = ""
        self._guarded = check_file.guarded
        self._parse = File.parse

    def guarded(self, produce: Callable[[], Iterable[Any]], where: str, notes: check_file.Notes) -> list[Any]:
        outer, self._current = self._current, where
        began = time.process_time()
        found = self._guarded(produce, where, notes)
        asker = self.askers[where]
        asker.seconds += time.process_time() - began
        asker.files += 1
        asker.found += len(found)
        self._current = outer
        return found

    def parse(self, file: File, parser: Callable[[File], Any]) -> Any:
        if parser not in file._parsed:
            self.askers[self._current].parses += 1
        return self._parse(file, parser)

    def report(self, most: int) -> None:
        print("   files  parses  seconds   found")
        for name, each in sorted(self.askers.items(), key=lambda item: -item[1].seconds)[:most]:
            print(f"{each.files:8}{each.parses:8}{each.seconds:9.2f}{each.found:8}  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--trees", type=Path, required=True, help="where bare repositories are laid out")
    parser.add_argument("--most", type=int, default=40, help="how many askers are listed")
    arguments = parser.parse_args()
    meter = Meter()
    check_file.guarded = meter.guarded  # type: ignore[assignment]
    File.parse = lambda file, parser: meter.parse(file, parser)  # type: ignore[method-assign, assignment]
    for repository in arguments.repositories:
        session = open_session([tree_of(repository, arguments.trees)], {}, no_cache=True, jobs=1)
        for path in session.paths:
            check_file.read_and_check(session.tree, path, session.registry)
    meter.report(arguments.most)


if __name__ == "__main__":
    main()

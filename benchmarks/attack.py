"""Attack armready as somebody would who wants to break it: python benchmarks/attack.py [--mutations 3000] [--seed 1] [--jobs 2]

The files of the rules' examples are changed along their structure: lines, blocks and words are repeated, removed, moved, nested and put
in from other files, references are turned upon themselves, and bytes are added that few expect. Each tree is scanned and fixed in a
process that may hold 500 MB of data, with 10 seconds of processor time for both. A case holds when nothing raises, no rule fails, and
every file that its name tells is read or has a note. A process that crashes, or does not end, breaks the case that it was at and no
other. `--command` runs every 25th through the command line as well, on disk: exit code
0, 1 or 2, no traceback.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from armready.core.classify import classify, kind_by_name
from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.core.tree import MemoryTree
from armready.fixing.fixer import fix
from armready.run.passes import analyse
from armready.run.registry import Registry, all_rules
from armready.testing import example_files

SECONDS, BYTES = 10, 500 << 20
# So long a process may take for a case, sleeping included, on a machine that others use too.
PATIENCE = 120
EVERY = 25
TODAY = date(2026, 11, 24)
ODD = (
    *("\0", "\ufeff", "\u202e", "\x1b[31m", "\r", "\t", "\\\n", "'", '"', "9" * 5_000),
    *("${A:-${A}}", "{{ .Values.a }}", "&a [*a]", "!!python/object:x"),
)
PIECES = (
    *("a", "1", "_", "-", "/", "a/", "a.", "..", "=", "a=", ",", "a:", "@", "$A", "${A}", "$", "\\", "%", "amd64-", "x86_64/"),
    *("http://a/", "*", "#", "&&a", ";", "[", "(", "<", "'a'", '"a"', "{{a}}", "${{a}}", "$(a)", "`a`", "1.2.", "--a=", "{a,b}"),
)
SEPARATORS = (" ", " ", ",", ";", " && ", " | ", ", ", "\t")
LARGE = 60_000
PAIRS = (("[", "]"), ("{a: ", "}"), ("$(", ")"), ("${A:-", "}"), ("(", ")"), ("`", "`"), ("{{", "}}"), ("<<: &a [", "]"))

Files = dict[str, str]
Mutation = Callable[[str, str, random.Random], str]


class Case(NamedTuple):
    """One tree: the mutations that made it, and its files."""

    name: str
    files: Files


class Verdict(NamedTuple):
    """What became of a case: empty `broken` when it held."""

    case: Case
    seconds: float
    broken: str


def repeated_line(text: str, _: str, rng: random.Random) -> str:
    """One line, up to 300 times."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return "".join((*lines[:at], lines[at] * rng.choice((2, 20, 300)), *lines[at + 1 :]))


def _block(lines: list[str], at: int) -> int:
    """The end of the block that a line begins: of those that are indented more than it."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > depth):
        end += 1
    return end


def repeated_block(text: str, _: str, rng: random.Random) -> str:
    """A line with what is nested below it, up to 50 times."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    end = _block(lines, at)
    return "".join((*lines[:at], *lines[at:end] * rng.choice((2, 50)), *lines[end:]))


def removed_block(text: str, _: str, rng: random.Random) -> str:
    """Without a line and what is nested below it."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return "".join((*lines[:at], *lines[_block(lines, at) :]))


def moved_block(text: str, _: str, rng: random.Random) -> str:
    """A line with what is nested below it, elsewhere."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    end = _block(lines, at)
    block, rest = lines[at:end], lines[:at] + lines[end:]
    to = rng.randrange(len(rest) + 1)
    return "".join((*rest[:to], *block, *rest[to:]))


def foreign_block(text: str, other: str, rng: random.Random) -> str:
    """A block of another file, at the depth of this place."""
    lines, theirs = text.splitlines(keepends=True), other.splitlines(keepends=True)
    at, start = rng.randrange(len(lines)), rng.randrange(len(theirs))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    return "".join((*lines[:at], *(indent + line for line in theirs[start : _block(theirs, start)]), *lines[at:]))


def foreign_word(text: str, other: str, rng: random.Random) -> str:
    """One word replaced by one of another file."""
    mine, theirs = list(re.finditer(r"\S+", text)), re.findall(r"\S+", other)
    if not mine or not theirs:
        return text
    place = rng.choice(mine)
    return text[: place.start()] + rng.choice(theirs) + text[place.end() :]


def own_word(text: str, _: str, rng: random.Random) -> str:
    """One word in the place of another: what referred to a neighbour may refer to itself."""
    return foreign_word(text, text, rng)


def nested(text: str, _: str, rng: random.Random) -> str:
    """A word in many brackets, quotes or substitutions."""
    words = list(re.finditer(r"\S+", text))
    if not words:
        return text
    place, depth = rng.choice(words), rng.choice((3, 150, 2_000))
    opened, closed = rng.choice(PAIRS)
    return text[: place.start()] + opened * depth + place[0] + closed * depth + text[place.end() :]


def indented(text: str, _: str, rng: random.Random) -> str:
    """A range of lines deeper or less deep than it was."""
    lines = text.splitlines(keepends=True)
    start = rng.randrange(len(lines))
    end = rng.randrange(start, len(lines)) + 1
    deeper = rng.random() < 0.5
    return "".join((*lines[:start], *("  " + line if deeper else line.removeprefix("  ") for line in lines[start:end]), *lines[end:]))


def odd_text(text: str, _: str, rng: random.Random) -> str:
    """Something that few expect, anywhere."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(ODD) + text[at:]


def cut(text: str, _: str, rng: random.Random) -> str:
    """The beginning only."""
    return text[: rng.randrange(len(text))]


def other_line_ends(text: str, _: str, rng: random.Random) -> str:
    """Line ends of another system, all or some."""
    return re.sub("\n", lambda _: rng.choice(("\r\n", "\n", "\r")) if rng.random() < 0.5 else "\r\n", text)


def long_line(text: str, _: str, rng: random.Random) -> str:
    """A word of 100,000 characters, made of itself or of what means something somewhere."""
    words = list(re.finditer(r"\S+", text))
    if not words:
        return text
    place = rng.choice(words)
    piece = rng.choice((place[0], rng.choice(PIECES)))
    return text[: place.end()] + piece * (100_000 // len(piece)) + text[place.end() :]


def many_words(text: str, _: str, rng: random.Random) -> str:
    """A word some thousand times on its line, with a number or without."""
    words = list(re.finditer(r"\S+", text))
    if not words:
        return text
    place, separator, numbered = rng.choice(words), rng.choice(SEPARATORS), rng.random() < 0.5
    more = (f"{separator}{place[0]}{number if numbered else ''}" for number in range(LARGE // (len(place[0]) + 6)))
    return "".join((text[: place.end()], *more, text[place.end() :]))


def many_blocks(text: str, _: str, rng: random.Random) -> str:
    """A line with what is nested below it, or all of the file, some thousand times, with a number in one of its words or without."""
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    start, end = rng.choice(((at, at + 1), (at, _block(lines, at)), (0, len(lines))))
    block = "".join(lines[start:end]).rstrip("\n") + "\n"
    words = list(re.finditer(r"\w+", block))
    to = rng.choice(words).end() if words and rng.random() < 0.5 else None
    more = (block if to is None else f"{block[:to]}{number}{block[to:]}" for number in range(LARGE // len(block) + 1))
    return "".join((*lines[:start], *more, *lines[end:]))


MUTATIONS: tuple[Mutation, ...] = (
    *(repeated_line, repeated_block, removed_block, moved_block, foreign_block, foreign_word, own_word, nested),
    *(indented, odd_text, cut, other_line_ends, long_line, many_words, many_blocks),
)


def seeds() -> list[Files]:
    """The trees of all examples."""
    return [example_files(example)[0] for rule in all_rules() for example in rule.examples]


def cases(number: int, rng: random.Random) -> Iterator[Case]:
    """So many trees, each with up to three mutations of one file, and every tenth under the name of another kind."""
    trees = seeds()
    names = sorted({path for tree in trees for path in tree})
    for index in range(number):
        files = dict(trees[index % len(trees)])
        done = []
        for _ in range(rng.randint(1, 3)):
            path = rng.choice(sorted(files))
            other = rng.choice(list(rng.choice(trees).values()))
            mutation = rng.choice(MUTATIONS)
            if files[path] and other:
                files[path] = mutation(files[path], other, rng)
                done.append(mutation.__name__)
        if not index % 10:
            path = rng.choice(sorted(files))
            files[rng.choice(names)] = files[path]
            done.append("renamed")
        yield Case(f"{index}: {' '.join(done)} in {' '.join(sorted(files))}", files)


class TooSlow(BaseException):
    """The seconds of a case are over."""


def _over(*_: object) -> None:
    raise TooSlow


def problem_of(case: Case, registry: Registry) -> str:
    """What is wrong with the scan and the fix of a tree; empty when nothing is."""
    tree = MemoryTree({path: text.encode("utf-8", "surrogatepass") for path, text in case.files.items()})
    analysis = analyse(tree, sorted(tree.files), registry, complete=True, today=TODAY)
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda _: True, today=TODAY)
    for failure in outcome.all_failures or analysis.all_failures:
        return f"{failure.path}: {failure.message}"
    unread = [path for path, result in analysis.results.items() if result.kind is None and not result.problems]
    lost = [path for path in unread if kind_by_name(path) and classify(path, case.files[path])]
    return f"lost without a note: {lost[0]}" if lost else ""


def judge(case: Case) -> Verdict:
    """Scan and fix a tree within the limits."""
    registry = Registry(Settings())
    start = time.process_time()
    _hold(BYTES)
    signal.signal(signal.SIGPROF, _over)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        broken = problem_of(case, registry)
    except TooSlow:
        broken = f"longer than {SECONDS} s"
    except MemoryError:
        broken = f"more than {BYTES >> 20} MB"
    except Exception as error:
        broken = f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _hold(resource.RLIM_INFINITY)
    seconds = time.process_time() - start
    return Verdict(case, seconds, broken or (f"longer than {SECONDS} s" if seconds > SECONDS else ""))


def _hold(limit: int) -> None:
    """Set how much data this process may hold."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))


class Worker:
    """A process that judges one case after the other."""

    def __init__(self) -> None:
        context = get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.take(None)

    def take(self, case: Case | None) -> None:
        """Begin with a case."""
        self.case, self.since = case, time.monotonic()
        if case is not None:
            self.connection.send(case)

    def answer(self) -> Verdict | None:
        """The verdict on its case, if there is one by now; when the process is gone, or late, that is it."""
        case = self.case
        if case is None:
            return None
        try:
            if self.connection.poll():
                return self.connection.recv()  # type: ignore[no-any-return]
        except (EOFError, OSError):
            self.process.join()
            return Verdict(case, 0.0, f"its process ended with {self.process.exitcode}")
        if time.monotonic() - self.since < PATIENCE:
            return None
        self.process.kill()
        self.process.join()
        return Verdict(case, PATIENCE, f"its process did not end within {PATIENCE} s")


def _serve(connection: Connection) -> None:
    while True:
        connection.send(judge(connection.recv()))


def verdicts(made: Sequence[Case], jobs: int) -> Iterator[Verdict]:
    """What becomes of each case, in no order."""
    waiting = deque(made)
    workers = [Worker() for _ in range(jobs)]
    left = len(made)
    while left:
        for at, worker in enumerate(workers):
            verdict = worker.answer()
            if verdict is not None:
                left -= 1
                yield verdict
                worker = workers[at] = worker if worker.process.is_alive() else Worker()
                worker.take(None)
            if worker.case is None and waiting:
                worker.take(waiting.popleft())
        wait([worker.connection for worker in workers if worker.case is not None], timeout=1)
    for worker in workers:
        worker.process.kill()


def command(case: Case) -> str:
    """What is wrong with the command line on a tree on disk; empty when nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / ".git").mkdir()
        for path, text in case.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode("utf-8", "surrogatepass"))
        for arguments in (("scan", "--format", "json"), ("fix", "--unsafe-fixes")):
            asked = (sys.executable, "-m", "armready", *arguments, str(root))
            try:
                done = subprocess.run(asked, capture_output=True, check=False, cwd="/", timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                return f"{arguments[0]} did not end within {PATIENCE} s"
            if done.returncode not in (0, 1, 2) or b"Traceback" in done.stderr or b"internal error" in done.stderr:
                return f"{arguments[0]} ended with {done.returncode}: {done.stderr[-300:].decode(errors='replace')}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--command", action="store_true", help=f"run every {EVERY}th through the command line too")
    parser.add_argument("--keep", type=Path, help="where the trees that broke something are written")
    arguments = parser.parse_args()
    broken: list[Verdict] = []
    kinds: Counter[str] = Counter()
    slowest = Verdict(Case("none", {}), 0.0, "")
    made = list(cases(arguments.mutations, random.Random(arguments.seed)))
    for verdict in verdicts(made, arguments.jobs):
        kinds.update(str(kind_by_name(path) or "by content") for path in verdict.case.files)
        slowest = max(slowest, verdict, key=lambda each: each.seconds)
        broken += [verdict] if verdict.broken else []
    if arguments.command:
        broken += [Verdict(case, 0.0, words) for case in made[::EVERY] if (words := command(case))]
    for number, verdict in enumerate(broken):
        print(f"{verdict.case.name}: {verdict.broken}")
        for path, text in verdict.case.files.items() if arguments.keep else ():
            file = arguments.keep / str(number) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "surrogatepass"))
    print(f"{len(made):,} trees of {len(kinds)} kinds of files; {len(broken)} broke something; the slowest took {slowest.seconds:.1f} s")
    print(f"slowest: {slowest.case.name}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

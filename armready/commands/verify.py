"""`armready verify`: build the repository's images with the user's engine, look inside, and explain what fails; or explain a log."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from armready.core.bounded import read_bounded
from armready.core.errors import ParseProblem, UsageError
from armready.core.startup import dataclass
from armready.core.wording import plural
from armready.fixing.fixer import write
from armready.reporters.base import escape
from armready.run.learned import NAME, read_learned, rendered, updated
from armready.run.writing import write_file
from armready.verify.engine import Engine, find_engine
from armready.verify.explain import explain
from armready.verify.images import Image, images_of
from armready.verify.learn import learned
from armready.verify.recipes import log_facts
from armready.verify.reports import BUILDS, LOGS
from armready.verify.run import Tried, Wish, try_images
from armready.verify.take_back import affected, take_back

if TYPE_CHECKING:
    from armready.fixing.fixer import FixOutcome
    from armready.run.session import Session

FORMATS = ("text", "json", "markdown", "junit")
_MOST_LOG = 200_000_000
_STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says.

    Attributes:
        output_format: of the report.
        builder: of Buildx; empty for the one in use.
        platforms: what is built.
        command: what is run in each image.
        options: more options for the builder.
        seconds: how long each build may take.
        yes: nobody has to be asked.
        learns: what is learned is written down.
    """

    output_format: str = "text"
    builder: str = ""
    platforms: tuple[str, ...] = ()
    command: str = ""
    options: tuple[str, ...] = ()
    seconds: float = 3600.0
    yes: bool = False
    learns: bool = True


def explain_log(session: Session, log: Path, output_format: str) -> tuple[str, bool]:
    """The report on a log, and whether it holds an explanation.

    Raises:
        UsageError: the log cannot be read, or there is no such format.
    """
    check_format(output_format)
    found = explain(_read(log), log_facts(session, session.analyse()))
    return LOGS[output_format](found), bool(found)


def verify(session: Session, asked: Asked, named: Sequence[str] | None = None) -> tuple[str, bool]:
    """The report on the builds, and whether all of them are good.

    Args:
        session: of the whole repository.
        asked: what the command line says.
        named: the Dockerfiles that the user names; None for all.

    Raises:
        UsageError: there is no engine, the user does not agree, or there is no such format.
    """
    check_format(asked.output_format)
    analysis = session.analyse()
    images = images_of(analysis.results, named)
    if not images:
        print("armready: no Dockerfile that can be built as it stands", file=sys.stderr)
        return BUILDS[asked.output_format]([]), True
    engine = find_engine(session.root, asked.builder)
    _agree(images, asked, engine)
    wish = Wish(platforms=asked.platforms, command=tuple(shlex.split(asked.command)), options=asked.options, seconds=asked.seconds)
    tried = try_images(images, wish, engine, log_facts(session, analysis), session.root, _say)
    if asked.learns:
        _keep(session, tried)
    return BUILDS[asked.output_format](tried), all(each.good for each in tried)


def check_format(output_format: str) -> None:
    """Refuse a format that there is not.

    Raises:
        UsageError: there is none of that name.
    """
    if output_format not in FORMATS:
        raise UsageError(f"unknown format {output_format!r}; there are {', '.join(FORMATS)}")


def _agree(images: Sequence[Image], asked: Asked, engine: Engine) -> None:
    """Have the user agree to what is executed.

    Raises:
        UsageError: he does not, or there is nobody to ask.
    """
    what = f"{plural(len(images), 'image')} for {' and '.join(asked.platforms)} with {engine.name}"
    if asked.yes:
        return
    warning = f"This builds {what}, which executes what the repository says: the commands of its Dockerfiles."
    if not sys.stdin.isatty():
        raise UsageError(f"{warning} Say --yes if you trust it")
    print(warning, *(f"  {escape(each.title)}" for each in images), sep="\n", file=sys.stderr)
    print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was built")


def _say(what: str) -> None:
    print(f"armready: {escape(what)}", file=sys.stderr)


def _keep(session: Session, tried: Sequence[Tried]) -> None:
    """Write what the builds showed where later scans find it."""
    before = read_learned(session.root)
    built = {each.image.dockerfile for each in tried if each.platform == "linux/arm64"}
    after = updated(before, learned(tried, session.today or date.today()), built)
    if after.learned != before.learned:
        write_file(session.root / NAME, rendered(after), session.root)
        _say(f"what was learned is in {NAME}; scans read it")


def _read(log: Path) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_LOG) if str(log) == _STDIN else read_bounded(log, _MOST_LOG)
    except (ParseProblem, OSError) as error:
        raise UsageError(f"{log}: {error}") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return data.decode(encoding, "replace")


def trial(session: Session, outcome: FixOutcome, asked: Asked) -> Callable[[], dict[str, str]] | None:
    """Have the user agree to building what fixes affect, before they are written.

    Returns:
        What builds it once they are, takes back what does not build, and returns those files with the reasons; None for nothing to build.

    Raises:
        UsageError: there is no engine, or the user does not agree.
    """
    images = affected(images_of(outcome.analysis.results), outcome.changes)
    if not images:
        return None
    engine = find_engine(session.root, asked.builder)
    _agree(images, asked, engine)
    return lambda: _keep_what_builds(session, outcome, images, engine, asked)


def _keep_what_builds(session: Session, outcome: FixOutcome, images: Sequence[Image], engine: Engine, asked: Asked) -> dict[str, str]:
    facts = log_facts(session, outcome.analysis)
    wish = Wish(platforms=asked.platforms, options=asked.options, seconds=asked.seconds)

    def why_not(image: Image) -> str:
        failed = [each for each in try_images([image], wish, engine, facts, session.root, _say) if not each.built]
        if not failed:
            return ""
        why = failed[0].explanations[0].why if failed[0].explanations else failed[0].problem
        return f"{image.title} does not build for {failed[0].platform}{f': {why}' if why else ''}"

    def restore(paths: Sequence[str]) -> None:
        problems = write(session.root, {path: (outcome.changes[path][1], outcome.changes[path][0]) for path in paths})
        for path, problem in problems.items():
            raise UsageError(f"{path}: not taken back: {problem}")

    taken = take_back(outcome.changes, outcome.applied, images, why_not, restore)
    for path, reason in taken.items():
        _say(f"{path}: taken back: {reason}")
    return taken

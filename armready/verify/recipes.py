"""What the log reader is told of a repository: its Dockerfiles as a build log repeats them, and what a scan found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from armready.core.classify import Kind
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.verify.model import Instruction, LogFacts, Recipe

if TYPE_CHECKING:
    from armready.run.passes import Analysis
    from armready.run.session import Session


def log_facts(session: Session, analysis: Analysis, platform: str = "") -> LogFacts:
    """What a session knows of the repository whose build a log tells of."""
    paths = [path for path, result in analysis.results.items() if result.kind is Kind.DOCKERFILE]
    return LogFacts(recipes=tuple(_recipes(session, paths)), findings=analysis.findings, platform=platform)


def _recipes(session: Session, paths: Iterable[str]) -> Iterator[Recipe]:
    for path in paths:
        try:
            yield recipe(File(Source.decode(path, session.tree.read(path)), Kind.DOCKERFILE, session.settings))
        except (ParseProblem, OSError):
            continue


def recipe(file: File) -> Recipe:
    """The instructions of a Dockerfile.

    Raises:
        ParseProblem: it is none.
    """
    dockerfile = file.parse(parse_dockerfile)
    found = []
    for each in dockerfile.instructions:
        stage = dockerfile.stage_of(each)
        last = max(each.full_span.end - 1, each.span.start)
        found.append(
            Instruction(
                line=file.source.line_index(each.span.start) + 1,
                end_line=file.source.line_index(last) + 1,
                text=" ".join(each.line.text.split()),
                stage=stage.name.lower() if stage is not None else "",
            )
        )
    return Recipe(file.path, tuple(found))

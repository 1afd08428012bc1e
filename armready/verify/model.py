"""The records of the log reader: what it is told of the repository, and what it says."""

from __future__ import annotations

from typing import NamedTuple

from armready.core.finding import Confidence, Finding
from armready.core.startup import dataclass


class Instruction(NamedTuple):
    """An instruction of a Dockerfile as a build log repeats it.

    Attributes:
        line: where it begins, from 1 on.
        end_line: its last line.
        text: keyword and arguments, joined, with single blanks between the words.
        stage: the name of its stage, in lower case; empty without one.
    """

    line: int
    end_line: int
    text: str
    stage: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A Dockerfile: its path relative to the root, and its instructions in order."""

    path: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What is known of the repository whose build the log tells of. All of it may be missing.

    Attributes:
        recipes: its Dockerfiles.
        findings: what a scan says of them.
        platform: what is built, where the caller knows; otherwise the log has to tell.
        failing_elsewhere: the steps that fail for amd64 as well.
    """

    recipes: tuple[Recipe, ...] = ()
    findings: tuple[Finding, ...] = ()
    platform: str = ""
    failing_elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a build failed, or will.

    Attributes:
        cause: the name of the cause: `exec-format-error`.
        why: one sentence.
        advice: what to do about it.
        confidence: high, the log proves it; medium, the step runs on arm64 and the cause is typical; low, it may not be the architecture.
        rules: the codes of the rules that find the same in the files.
        subject: the image, package, address or program that it is about; empty for none.
        platform: `linux/arm64` where the log tells.
        step: the instruction, as the log repeats it; empty for none.
        path: of the Dockerfile, relative to the root, or as the log names it; empty where neither tells.
        line: in it; 0 where it is not known.
        log_line: the line of the log, from 1 on.
        quote: that line without decorations.
        findings: those of the scan that speak of the same.
    """

    cause: str
    why: str
    advice: str
    confidence: Confidence
    rules: tuple[str, ...] = ()
    subject: str = ""
    platform: str = ""
    step: str = ""
    path: str = ""
    line: int = 0
    log_line: int = 0
    quote: str = ""
    findings: tuple[Finding, ...] = ()

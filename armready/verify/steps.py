"""Cut a build log into steps: which instruction, for which platform, what it wrote, and whether it failed.

BuildKit writes the lines of its steps mixed, each with the number of its step, and repeats the end of the failing ones between dashes;
docker without BuildKit, podman, buildah and kaniko write one step after another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from armready.core.startup import regex
from armready.verify.decorations import LogLine

_VERTEX = regex(r"\s{0,8}#(\d{1,5}) (?:(\d{1,6}\.\d{1,4}) )?(.*)$")
_TIMED = regex(r"\s{0,8}(?:#?\d{1,5} )?\d{1,6}\.\d{1,4} (.*)$")
_TERMINAL = regex(r"\s{0,4}=> (?:(ERROR|CACHED|CANCELED) )?(\[.*)$")
_TERMINAL_OUTPUT = regex(r"\s{0,4}=> => # (.*)$")
_SECONDS = regex(r"(?<!\s)\s+\d{1,6}\.\d{1,2}s$")
_REPEATED = regex(r"\s{0,8}> (\[.*):$")
_RULE = regex(r"\s{0,8}-{4,40}$")
_HEAD = regex(r"\[([^\]\n]{1,300})\] (.*)$")
_POSITION = regex(r"\d{1,4}/\d{1,4}$")
_PLATFORM = regex(r"(?:linux|windows|freebsd)/[a-z0-9]{1,12}(?:/[a-z0-9]{1,6})?(?:->[a-z0-9/]{1,24})?$")
_FAILED = regex(r"(?i)error\b")
_SEQUENTIAL = regex(r"(?:\[(linux/[a-z0-9/]{1,16})\] )?(?:\[\d{1,3}/\d{1,3}\] )?(?:Step|STEP) \d{1,4}(?:/\d{1,4})? ?: (.*)$")
_KANIKO = regex(r"(?:RUN|COPY|ADD) (?!failed: )\S.*$")
_PLACE = regex(r"\s{0,8}((?![\d.]{1,12}:)[\w./+@-]{1,200}):(\d{1,6})$")
_MARKED = regex(r"\s{0,8}\d{1,6} \| >>>")
_ENDED = regex(
    r"returned a non-zero code: \d|[Ee]rror:? (?:building at STEP|building image)|while running runtime: exit status|"
    r"error building at STEP|did not complete successfully: exit code|^(?:COPY|ADD) failed: "
)
_MADE = ("Successfully built ", "Successfully tagged ", "COMMIT ")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a build.

    Attributes:
        text: the instruction as the log repeats it; `load metadata for IMAGE` and the like; empty for what no step wrote.
        platform: what it is for, where the log says so.
        stage: of the Dockerfile, where the log says so.
        lines: what it wrote.
        failed: it did not come to its end.
        path: the Dockerfile, as the log names it below the failing steps.
        line: in it.
    """

    text: str = ""
    platform: str = ""
    stage: str = ""
    lines: tuple[LogLine, ...] = ()
    failed: bool = False
    path: str = ""
    line: int = 0


def steps_of(lines: Iterable[LogLine]) -> list[Step]:
    """The steps in the order in which they begin, what stands outside of all of them first."""
    reader = _Reader()
    for line in lines:
        reader.read(line)
    return reader.steps()


@dataclass(slots=True)
class _Open:
    """A step that is being read."""

    head: Step
    lines: dict[int, LogLine] = field(default_factory=dict)
    failed: bool = False


class _Reader:
    """Where the reading is."""

    def __init__(self) -> None:
        self._open: list[_Open] = [_Open(Step())]
        self._by_number: dict[str, _Open] = {}
        self._by_head: dict[tuple[str, str, str], _Open] = {}
        self._sequential: _Open | None = None
        self._repeated: _Open | None = None
        self._failing: _Open | None = None
        self._place: tuple[_Open, str, int] | None = None

    def steps(self) -> list[Step]:
        return [
            replace(each.head, lines=tuple(each.lines.values()), failed=each.failed) for each in self._open if each.lines or each.failed
        ]

    def read(self, line: LogLine) -> None:
        text = line.text
        if _RULE.match(text):
            self._repeated = None
            return
        if self._begins_repetition(text) or self._names_place(text):
            return
        if self._repeated is not None:
            timed = _TIMED.match(text)
            self._add(self._repeated, line, timed[1] if timed else text)
            return
        vertex = _VERTEX.match(text)
        if vertex:
            self._read_vertex(line, vertex[1], vertex[3], timed=vertex[2] is not None)
            return
        if self._read_terminal(line) or self._begins_sequential(text):
            return
        self._read_other(line)

    def _begins_repetition(self, text: str) -> bool:
        match = _REPEATED.match(text)
        if match is None:
            return False
        self._repeated = self._failing = self._step(match[1])
        self._repeated.failed = True
        return True

    def _names_place(self, text: str) -> bool:
        """`Dockerfile:12` below the failing step, before the lines of the file around it."""
        place = _PLACE.match(text)
        if place is None or self._failing is None or self._failing.head.line:
            return bool(_MARKED.match(text))
        self._failing.head = replace(self._failing.head, path=place[1], line=int(place[2]))
        return True

    def _read_vertex(self, line: LogLine, number: str, rest: str, *, timed: bool) -> None:
        if not timed and rest.startswith("["):
            self._by_number[number] = self._step(rest)
            return
        step = self._by_number.get(number)
        if step is None:
            step = self._by_number[number] = _Open(Step())
            self._open.append(step)
        if not timed and _FAILED.match(rest):
            step.failed = True
            self._failing = step
        self._add(step, line, rest)

    def _read_terminal(self, line: LogLine) -> bool:
        """What Buildx shows on a terminal."""
        match = _TERMINAL.match(line.text)
        if match is None:
            output = _TERMINAL_OUTPUT.match(line.text)
            if output:
                self._add(self._failing or self._open[0], line, output[1])
            return output is not None
        step = self._step(_SECONDS.sub("", match[2]))
        if match[1] == "ERROR":
            step.failed = True
            self._failing = step
        return True

    def _begins_sequential(self, text: str) -> bool:
        match = _SEQUENTIAL.match(text)
        if match is None and not _KANIKO.match(text):
            return False
        self._sequential = _Open(Step(text=" ".join((match[2] if match else text).split()), platform=(match[1] or "") if match else ""))
        self._open.append(self._sequential)
        return True

    def _read_other(self, line: LogLine) -> None:
        step = self._sequential or self._open[0]
        self._add(step, line, line.text)
        if self._sequential is not None and _ENDED.search(line.text):
            self._sequential.failed = True
            self._sequential = None
        elif line.text.startswith(_MADE):
            self._sequential = None

    def _step(self, head: str) -> _Open:
        """The step of a head, `[linux/arm64 builder 3/7] RUN make`: the one that is known, since a failing step is repeated."""
        platform, stage, text = _parts(head)
        known = self._by_head.get((platform, stage, text))
        if known is None:
            known = self._by_head[platform, stage, text] = _Open(Step(text=text, platform=platform, stage=stage))
            self._open.append(known)
        return known

    @staticmethod
    def _add(step: _Open, line: LogLine, text: str) -> None:
        if text.strip():
            step.lines.setdefault(line.number, LogLine(line.number, text.strip()))


def _parts(head: str) -> tuple[str, str, str]:
    """Platform, stage and instruction."""
    match = _HEAD.match(head)
    if match is None:
        return "", "", head
    platform = stage = ""
    for word in match[1].split():
        if _PLATFORM.match(word):
            platform = word.partition("->")[0]
        elif not _POSITION.match(word) and word != "internal":
            stage = word
    return platform, "" if stage.startswith("stage-") else stage, " ".join(match[2].split())

"""Who builds a project's wheels in CI, and for which processors: cibuildwheel and maturin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.classify import Kind
from armready.file import File
from armready.fix import Applicability, Fix
from armready.parsers.toml import toml_data
from armready.parsers.yaml import Node, SequenceNode, get, in_flow_style, items, pairs, parse_yaml, places, span, strings, text_of
from armready.patterns import regex
from armready.records import dataclass
from armready.source import Location, Span

CIBUILDWHEEL = "cibuildwheel"
MATURIN = "maturin"

# Linux arm64 in a file of CI: the architecture of wheels, a runner, or a machine of another system.
_ARM = regex(
    r"aarch64(?!-apple)|ubuntu-\d\d\.\d\d-arm\b|linux[-_/]arm64|arm64[-_/]linux|-arm64\b(?<!macos-arm64)|\barm\.(?:medium|large)|"
    r"(?m:^\s*-?\s*(?:arch|os)\s*:\s*[\"']?(?:linux-)?arm64)|ARCHS(?:_LINUX)?[\"']?\s*[:=]\s*[\"']?all\b|--archs[ =][\"']?all\b"
)
_COMMAND = regex(r"(?m)^[^#\n]*?(?:^|[\s;&|\"'`])(?:(?:python\d?|py|uv run|uvx|pipx run|poetry run)\s+(?:-m\s+)?)?(cibuildwheel)(?=\s|$)")
_INSTALL = regex(r"\b(?:install|add|pip)\b")
_MATRIX = regex(r"\$\{\{\s*matrix\.([\w-]+)")
_X86_ARCHS = frozenset({"auto", "auto64", "auto32", "native", "x86_64", "i686", "amd64", "x86"})
_NATIVE = frozenset({"auto", "auto64", "native"})


@dataclass(frozen=True, slots=True)
class WheelBuild:
    """A job that builds Linux wheels for x86 alone, as far as its file says: a fact.

    Attributes:
        tool: cibuildwheel or maturin.
        location: what a person would change.
        archs: the architectures as written; empty when the file names none.
        fix: the change, when it can be written.
    """

    tool: str
    location: Location
    archs: str
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class ArmWheels:
    """A file that builds wheels for Linux arm64, or configures that: a fact."""

    tool: str


def wheel_build_facts(file: File) -> Iterator[WheelBuild | ArmWheels]:
    """The collector for files of CI.

    Raises:
        ParseProblem: the file is not YAML.
    """
    for tool in (CIBUILDWHEEL, MATURIN):
        if tool not in file.text and tool != CIBUILDWHEEL:
            continue
        if tool == CIBUILDWHEEL and not re.search(r"cibuildwheel|CIBW_", file.text):
            continue
        if _ARM.search(_without_comments(file.text)):
            yield ArmWheels(tool)
        elif file.kind is Kind.GITHUB_WORKFLOW:
            yield from _of_workflow(file, tool)
        elif tool == CIBUILDWHEEL:
            yield from _of_text(file)


def config_facts(file: File) -> Iterator[ArmWheels]:
    """The collector for pyproject.toml: whether it asks cibuildwheel for aarch64."""
    table = file.parse(toml_data).get("tool", {}).get("cibuildwheel", {})
    if not isinstance(table, dict):
        return
    for each in (table, table.get("linux", {})):
        archs = each.get("archs", "") if isinstance(each, dict) else ""
        words = archs if isinstance(archs, list) else re.split(r"[\s,]+", str(archs))
        if {"aarch64", "all"} & set(map(str, words)):
            yield ArmWheels(CIBUILDWHEEL)
            return


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)(?:^|\s)#.*$", "", text)


def _of_text(file: File) -> Iterator[WheelBuild]:
    """A file of another system: where the command stands."""
    for match in _COMMAND.finditer(file.text):
        before = file.text[match.start() : match.start(1)]
        if not _INSTALL.search(before):
            yield WheelBuild(CIBUILDWHEEL, file.location(Span(*match.span(1))), "")
            return


def _of_workflow(file: File, tool: str) -> Iterator[WheelBuild]:
    for root in parse_yaml(file):
        for _, job in pairs(get(root, "jobs")):
            step = next((each for each in items(get(job, "steps")) if _builds(each, tool)), None)
            if step is None or not _on_linux(job):
                continue
            build = _cibuildwheel(file, root, job, step) if tool == CIBUILDWHEEL else _maturin(file, job, step)
            if build is not None:
                yield build


def _builds(step: Node, tool: str) -> bool:
    uses, run = text_of(get(step, "uses")) or "", text_of(get(step, "run")) or ""
    if tool == MATURIN:
        return "maturin-action" in uses
    if "pypa/cibuildwheel" in uses:
        return True
    return any(not _INSTALL.search(run[match.start() : match.start(1)]) for match in _COMMAND.finditer(run))


def _matrix_values(job: Node, expression: str) -> list[str]:
    """The values that an expression over the matrix can have; the expression itself when it is none."""
    match = _MATRIX.search(expression)
    if match is None:
        return [expression]
    matrix = get(job, "strategy", "matrix")
    found = list(strings(get(matrix, match[1])))
    for entry in items(get(matrix, "include")):
        value = text_of(get(entry, match[1]))
        if value is not None:
            found.append(value)
    return found


def _on_linux(job: Node) -> bool:
    runs_on = get(job, "runs-on")
    named = [text_of(runs_on) or "", *strings(runs_on)]
    values = [value for each in named for value in _matrix_values(job, each)]
    return any("ubuntu" in value or value.startswith("linux") for value in values)


def _cibuildwheel(file: File, root: Node, job: Node, step: Node) -> WheelBuild | None:
    variables: dict[str, Node] = {}
    for scope in (root, job, step):
        variables |= {text_of(key) or "": value for key, value in pairs(get(scope, "env"))}
    if get(step, "with", "only") is not None or "--only" in (text_of(get(step, "run")) or ""):
        return None
    value = variables.get("CIBW_ARCHS_LINUX") or variables.get("CIBW_ARCHS")
    here = get(step, "uses") or get(step, "run") or step
    if value is None:
        option = re.search(r"--archs[ =]([\w,]+)", text_of(get(step, "run")) or "")
        if option and not set(option[1].split(",")) <= _X86_ARCHS:
            return None
        return WheelBuild(CIBUILDWHEEL, file.location(_first_line(file, span(here))), option[1] if option else "", _runner_fix(file, job))
    written = text_of(value) or ""
    words = {word for each in _matrix_values(job, written) for word in re.split(r"[\s,]+", each) if word}
    if not words or not words <= _X86_ARCHS:
        return None
    if words & _NATIVE:
        runner = _runner_place(job)
        return WheelBuild(CIBUILDWHEEL, file.location(runner or span(value)), written, _runner_fix(file, job))
    return WheelBuild(CIBUILDWHEEL, file.location(span(value)), written, _archs_fix(file, value, written))


def _maturin(file: File, job: Node, step: Node) -> WheelBuild | None:
    target = get(step, "with", "target")
    written = text_of(target) or ""
    values = set(_matrix_values(job, written)) if written else set()
    if not values <= {"x86_64", "x64", "i686", "x86", "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "amd64"}:
        return None
    place = target if target is not None else get(step, "uses")
    match = _MATRIX.search(written)
    listed = get(job, "strategy", "matrix", match[1]) if match else None
    node = listed if isinstance(listed, SequenceNode) else place
    return WheelBuild(MATURIN, file.location(_first_line(file, span(node or step))), written)


def _first_line(file: File, whole: Span) -> Span:
    line = file.source.line_span(file.source.line_index(whole.start))
    return Span(whole.start, max(whole.start, min(whole.end, line.end)))


def _runner_place(job: Node) -> Span | None:
    """Where the runner is chosen: the list of the matrix, or `runs-on`."""
    runs_on = get(job, "runs-on")
    if runs_on is None:
        return None
    listed = _runner_list(job)
    return span(listed) if listed is not None else span(runs_on)


def _runner_list(job: Node) -> SequenceNode | None:
    match = re.fullmatch(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", text_of(get(job, "runs-on")) or "")
    listed = get(job, "strategy", "matrix", match[1]) if match else None
    return listed if isinstance(listed, SequenceNode) else None


def _runner_fix(file: File, job: Node) -> Fix | None:
    """An arm runner beside the x86 one, in the list that chooses the runner."""
    listed = _runner_list(job)
    if listed is None:
        return None
    for place in places(listed):
        name = text_of(place.value) or ""
        if not name.startswith("ubuntu-"):
            continue
        text = file.source.slice(place.span)
        new = text.replace(name, "ubuntu-24.04-arm")
        if in_flow_style(listed):
            edit = file.insert(place.span.end, f", {new}")
        else:
            line = file.source.line_index(place.span.start)
            if file.source.slice(file.source.line_span(line)).strip() != f"- {text}":
                return None
            edit = file.insert(file.source.line_span(line).end, f"{file.source.newline}{file.source.indent_at(place.span.start)}- {new}")
        notes = ("names of artifacts must differ between the entries of the matrix", "steps for one runner name may need the new one")
        return Fix("Build on an arm64 runner too", (edit,), Applicability.UNSAFE, notes)
    return None


def _archs_fix(file: File, value: Node, written: str) -> Fix | None:
    if "${{" in written or file.source.slice(span(value)).strip("\"'") != written:
        return None
    separator = "," if "," in written else " "
    text = file.source.slice(span(value))
    end = span(value).end - (1 if text[-1] in "\"'" else 0)
    edit = file.insert(end, f"{separator}aarch64")
    return Fix(
        "Build for aarch64 too",
        (edit,),
        Applicability.UNSAFE,
        ("on an x86-64 runner this needs QEMU (docker/setup-qemu-action) and is slow",),
    )

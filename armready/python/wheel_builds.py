"""Who builds a project's wheels in CI, and for which processors: cibuildwheel and maturin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.source import Location, Span
from armready.core.startup import dataclass, regex
from armready.languages.toml import Node as TomlNode
from armready.languages.toml import parse_toml
from armready.languages.yaml.nodes import (
    Node,
    SequenceNode,
    get,
    in_flow_style,
    items,
    pairs,
    parse_yaml,
    places,
    span,
    strings,
    text_of,
    walk,
)

CIBUILDWHEEL = "cibuildwheel"
MATURIN = "maturin"

# Linux arm64 in a file of CI: the architecture of wheels, a runner, or a machine of another system.
_ARM = regex(
    r"aarch64(?!-apple)|ubuntu-\d\d\.\d\d-arm\b|linux[-_/]arm64|arm64[-_/]linux|-arm64\b(?<!macos-arm64)|\barm\.(?:medium|large)|"
    r"(?m:^[ \t]*(?:-[ \t]*)?(?:arch|os)[ \t]*:[ \t]*[\"']?(?:linux-)?arm64)|"
    r"ARCHS(?:_LINUX)?[\"']?\s*[:=]\s*[\"']?all\b|--archs[ =][\"']?all\b"
)
_COMMAND = regex(r"(?m)^[^#\n]*?(?:^|[\s;&|\"'`])(?:(?:python\d?|py|uv run|uvx|pipx run|poetry run)\s+(?:-m\s+)?)?(cibuildwheel)(?=\s|$)")
_INSTALL = regex(r"\b(?:install|add|pip)\b")
_MATURIN = regex(r"(?m)^[^#\n]*?(?:^|[\s;&|/\"'])(maturin(?::[\w.-]+)?[\"']?\s+[\"']?(?:build|publish))\b")
# What hands the wheels of a workflow on: a workflow without it only tests them.
_HANDED_ON = regex(r"upload-artifact|\btwine\b|maturin[\"']?\s+[\"']?publish|command:\s*publish|pypi-publish|uv publish")
_NOT_LINUX = regex(r"==\s*'(?:macos|windows|darwin|win)|!=\s*'(?:ubuntu|linux)|==\s*'(?:macOS|Windows)'|!=\s*'Linux'")
# Where a job, a step or an entry of a matrix says what it runs on.
_MACHINE_KEYS = frozenset({"os", "runs-on", "runner", "platform", "system", "host", "image", "vmImage"})
_NOT_LINUX_MACHINE = regex(r"(?i)(?:mac|osx|win|darwin)")
_NOT_LINUX_ARM = regex(r"(?i)(?<![a-z])(?:mac|osx|win|darwin)[\w.]{0,30}[-_][\w.-]{0,30}arm64\b")
# What names aarch64 and asks for nothing: conditions, what is left out, and which image or machine would be taken.
_ASKS_NOTHING = regex(r"if|CIBW_(?:TEST_)?SKIP|CIBW_(?:MANY|MUSL)LINUX_AARCH64_IMAGE")
_NEVER = regex(r"\s*+(?:\$\{\{\s*+)?false\s*+(?:\}\}\s*+)?")
_IS = regex(r"matrix\.([\w-]+)\s*==\s*'([^']*)'")
_X86_BUILD = regex(r"(?:linux|manylinux|musllinux)\*?_(?:x86_64|i686)\b")
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
        if _ARM.search(_NOT_LINUX_ARM.sub("", _without_comments(_living(file)))):
            yield ArmWheels(tool)
        elif file.kind is Kind.GITHUB_WORKFLOW:
            yield from _of_workflow(file, tool)
        elif tool == CIBUILDWHEEL:
            yield from _of_text(file)


def config_facts(file: File) -> Iterator[WheelBuild | ArmWheels]:
    """The collector for pyproject.toml: whether it asks cibuildwheel for aarch64, or for x86 alone.

    Raises:
        ParseProblem: the file is not TOML.
    """
    table = parse_toml(file).root.get("tool", "cibuildwheel")
    lists = [each for each in (table and table.get("linux", "archs"), table and table.get("archs")) if each is not None]
    words = [{word for text in _toml_words(each) for word in re.split(r"[\s,]+", text) if word} for each in lists]
    if any({"aarch64", "all"} & each for each in words):
        yield ArmWheels(CIBUILDWHEEL)
    elif words and words[0] <= _X86_ARCHS and not words[0] <= _NATIVE:
        yield WheelBuild(CIBUILDWHEEL, file.location(lists[0].span), " ".join(sorted(words[0])), _config_fix(file, lists[0]))


def _toml_words(node: TomlNode) -> list[str]:
    return [each.value or "" for each in (node.strings() if node.items is not None else [node])]


def _config_fix(file: File, node: TomlNode) -> Fix | None:
    """One more architecture behind the last one of the list."""
    if node.items is None or not node.strings():
        return None
    last = node.strings()[-1].span
    quote = file.source.slice(last)[0]
    return _archs_added(file, last.end, f", {quote}aarch64{quote}")


def _living(file: File) -> str:
    """The text of a file of CI without what never runs on Linux, and without what names an architecture and asks for nothing."""
    if not file.path.endswith((".yml", ".yaml")):
        return file.text
    text, at, pieces = file.text, 0, list[str]()
    for place in sorted(_dead(file), key=lambda each: each.start):
        if place.start >= at:
            pieces.append(text[at : place.start])
            at = place.end
    return "".join([*pieces, text[at:]])


def _dead(file: File) -> Iterator[Span]:
    for root in parse_yaml(file):
        for _, job in pairs(get(root, "jobs")):
            matrix = get(job, "strategy", "matrix")
            yield from (span(each) for each in (job, *items(get(job, "steps"))) if _never(_condition(each), matrix))
        for node in walk(root):
            for key, value in pairs(node):
                name, text = text_of(key) or "", text_of(value)
                if text is None:
                    continue
                if name in _MACHINE_KEYS and _NOT_LINUX_MACHINE.match(text):
                    yield span(node)
                elif _ASKS_NOTHING.fullmatch(name):
                    yield span(value)


def _condition(node: Node) -> str:
    return text_of(get(node, "if")) or ""


def _never(condition: str, matrix: Node | None) -> bool:
    """Whether a condition is false, or asks the matrix for a value that it does not have."""
    if "||" in condition or _NEVER.fullmatch(condition):
        return "||" not in condition
    for name, wanted in _IS.findall(condition):
        listed = get(matrix, name)
        values = {*strings(listed), *(text_of(get(entry, name)) or "" for entry in items(get(matrix, "include")))} - {""}
        if values and wanted not in values and (listed is None or items(listed)) and not any("${{" in each for each in values):
            return True
    return False


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
            steps = (each for each in items(get(job, "steps")) if not _never(_condition(each), get(job, "strategy", "matrix")))
            step = next((each for each in steps if _builds(file, each, tool)), None)
            if step is None or not _on_linux(job) or _never(_condition(job), None):
                continue
            build = _cibuildwheel(file, root, job, step) if tool == CIBUILDWHEEL else _maturin(file, job, step)
            if build is not None:
                yield build


def _builds(file: File, step: Node, tool: str) -> bool:
    uses, run = text_of(get(step, "uses")) or "", text_of(get(step, "run")) or ""
    if _NOT_LINUX.search(_condition(step)):
        return False
    if tool == MATURIN:
        return "maturin-action" in uses or (_MATURIN.search(run) is not None and _HANDED_ON.search(file.text) is not None)
    if re.search(r"/cibuildwheel(?:@|$)", uses):
        return True
    return any(not _INSTALL.search(run[match.start() : match.start(1)]) for match in _COMMAND.finditer(run))


def _matrix_values(job: Node, expression: str) -> list[str]:
    """The values that an expression over the matrix can have on Linux; the expression itself when it is none."""
    match = _MATRIX.search(expression)
    if match is None:
        return [expression]
    matrix = get(job, "strategy", "matrix")
    found = list(strings(get(matrix, match[1])))
    runner = _MATRIX.search(text_of(get(job, "runs-on")) or "")
    for entry in items(get(matrix, "include")):
        value = text_of(get(entry, match[1]))
        on = text_of(get(entry, runner[1])) if runner is not None else None
        if value is not None and not (on or "").startswith(("macos", "windows")):
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
    listed = _identifiers(job, [variables.get("CIBW_BUILD_LINUX") or variables.get("CIBW_BUILD"), get(step, "with", "only")])
    if listed is not None:
        return WheelBuild(CIBUILDWHEEL, file.location(_first_line(file, span(listed))), "")
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


def _identifiers(job: Node, values: list[Node | None]) -> Node | None:
    """Where the wheels that are built are named one by one, for x86 alone: a list or an entry of the matrix, or the value itself."""
    for value in filter(None, values):
        written = text_of(value) or ""
        if "${{" not in written:
            words = written.split()
            if words and all(map(_X86_BUILD.search, words)):
                return value
            continue
        for name in _MATRIX.findall(written):
            listed = get(job, "strategy", "matrix", name)
            if any(map(_X86_BUILD.search, strings(listed))):
                return listed
            entries = (get(entry, name) for entry in items(get(job, "strategy", "matrix", "include")))
            named = next((each for each in entries if _X86_BUILD.search(text_of(each) or "")), None)
            if named is not None:
                return named
    return None


def _maturin(file: File, job: Node, step: Node) -> WheelBuild | None:
    target = get(step, "with", "target")
    written = text_of(target) or ""
    values = set(_matrix_values(job, written)) if written else set()
    if not values <= {"x86_64", "x64", "i686", "x86", "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "amd64"}:
        return None
    place = target if target is not None else get(step, "uses") or get(step, "run")
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
    return _archs_added(file, span(value).end - (1 if text[-1] in "\"'" else 0), f"{separator}aarch64")


def _archs_added(file: File, at: int, text: str) -> Fix:
    note = "on an x86-64 runner this needs QEMU (docker/setup-qemu-action) and is slow"
    return Fix("Build for aarch64 too", (file.insert(at, text),), Applicability.UNSAFE, (note,))

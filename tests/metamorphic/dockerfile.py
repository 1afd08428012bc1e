"""Rewritings of Dockerfiles."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from armready.core.classify import Kind, kind_by_name
from armready.core.file import File
from armready.core.source import Span
from armready.core.suppressions import NEEDLE
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import Dockerfile, parse_dockerfile
from armready.languages.shell.script import Script, parse_shell

from .rewriting import Change, Part, insert, rewriting, swap

_SAFE = re.compile(r"[\w./:@+-]+")
_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+\.\d+)(?![\w.]*\d)")


def _read(file: File) -> Dockerfile:
    return file.parse(parse_dockerfile)


def _runs(file: File) -> Iterator[tuple[Instruction, Script]]:
    """The RUN instructions in shell form that the default shell runs, outside of Windows stages."""
    dockerfile = _read(file)
    for each in dockerfile.instructions:
        stage = dockerfile.stage_of(each)
        plain = each.keyword == "RUN" and not each.heredocs and not each.exec_form and not each.interpreter
        if plain and each.shell is not None and stage is not None and not stage.is_windows:
            script = parse_shell(each.shell)
            if not script.errors:
                yield each, script


def _line_start(file: File, offset: int) -> int:
    return file.source.line_starts[file.source.line_index(offset)]


def _first_from(file: File) -> Instruction | None:
    return next((each for each in _read(file).instructions if each.keyword == "FROM"), None)


def _has_ignores(file: File) -> bool:
    return NEEDLE.decode() in file.text


@rewriting(Kind.DOCKERFILE)
def keywords_in_lower_case(file: File) -> Iterator[Change]:
    """Keywords may have any case. A file that only its content makes a Dockerfile needs them in upper case."""
    if kind_by_name(file.path) is None:
        return
    for each in _read(file).instructions:
        word = file.source.slice(each.keyword_span)
        if word != word.lower():
            yield swap(each.keyword_span, word.lower())


@rewriting(Kind.DOCKERFILE)
def comments_between_instructions(file: File) -> Iterator[Change]:
    """A comment above each instruction that has none, and no ignore comment anywhere: those speak of the line below."""
    if _has_ignores(file):
        return
    for each in _read(file).instructions:
        start = _line_start(file, each.span.start)
        line = file.source.line_index(start)
        if line > 0 and not file.source.is_comment(line - 1):
            yield insert(start, "# The next step.\n")


@rewriting(Kind.DOCKERFILE)
def blank_lines_between_instructions(file: File) -> Iterator[Change]:
    """A blank line above each instruction that has no comment, which may speak of it."""
    for each in _read(file).instructions:
        start = _line_start(file, each.span.start)
        line = file.source.line_index(start)
        if line > 0 and not file.source.is_comment(line - 1):
            yield insert(start, "\n \t\n")


@rewriting(Kind.DOCKERFILE)
def indented_instructions(file: File) -> Iterator[Change]:
    """White space in front of a keyword means nothing."""
    if kind_by_name(file.path) is not None:
        for each in _read(file).instructions:
            yield insert(each.span.start, "  ")


@rewriting(Kind.DOCKERFILE)
def continuation_behind_the_keyword(file: File) -> Iterator[Change]:
    """`FROM \\` and the rest on the next line. A file that only its content makes a Dockerfile needs them on one line."""
    dockerfile = _read(file)
    if kind_by_name(file.path) is None:
        return
    for each in dockerfile.instructions:
        end = each.keyword_span.end
        if file.text[end : end + 1] == " " and not each.heredocs and file.text[end : end + 2] != " " + dockerfile.escape:
            yield swap(Span(end, end + 1), f" {dockerfile.escape}\n    ")


@rewriting(Kind.DOCKERFILE)
def continuation_between_words(file: File) -> Iterator[Change]:
    """Each word of a command of RUN on a line of its own."""
    dockerfile = _read(file)
    for each, script in _runs(file):
        gaps = {
            Span(one.span.end, two.span.start) for command in script.commands if not command.nested for one, two in pairwise(command.words)
        }
        for gap in sorted(gaps):
            host = each.shell.host_span(gap) if each.shell else None
            if host is not None and file.source.slice(host) == " ":
                yield swap(host, f" {dockerfile.escape}\n      ")


@rewriting(Kind.DOCKERFILE)
def comment_inside_an_instruction(file: File) -> Iterator[Change]:
    """A comment line behind the first continuation of an instruction."""
    if _has_ignores(file):
        return
    for each in _read(file).instructions:
        line = file.source.line_index(each.span.start)
        if line < file.source.line_index(each.span.end):
            yield insert(file.source.line_starts[line + 1], "    # why\n")


@rewriting(Kind.DOCKERFILE)
def run_as_here_document(file: File) -> Iterator[Change]:
    """`RUN <<EOF`: the same text is read by the same shell. A comment inside of a continuation would end it there."""
    if _read(file).escape != "\\":
        return
    for each, script in _runs(file):
        body = each.shell and each.shell.host_span(Span(0, len(each.shell.text)))
        if body is None or "EOF" in script.text or _comment_inside(file, body) or file.text[body.end : body.end + 1] not in ("\n", ""):
            continue
        yield Change(body, ("<<EOF\n", body, "\nEOF"))


def _comment_inside(file: File, span: Span) -> bool:
    first, last = file.source.line_index(span.start), file.source.line_index(span.end)
    return any(file.source.is_comment(line) or not file.source.lines[line].strip() for line in range(first + 1, last + 1))


@rewriting(Kind.DOCKERFILE, fixes=False)
def run_in_exec_form(file: File) -> Iterator[Change]:
    """`RUN ["/bin/sh", "-c", "..."]`, which is what the shell form is short for. Lines that a fix adds have no place in a JSON string."""
    if _read(file).escape != "\\":
        return
    for each, _ in _runs(file):
        body = each.shell and each.shell.host_span(Span(0, len(each.shell.text)))
        if body is not None and "\n" not in file.source.slice(body):
            yield Change(body, ('["/bin/sh", "-c", "', *_json(file, body), '"]'))


def _json(file: File, span: Span) -> Iterator[Part]:
    at = span.start
    for found in re.finditer(r'["\\\t]', file.text[span.start : span.end]):
        yield Span(at, span.start + found.start())
        yield json.dumps(found[0])[1:-1]
        at = span.start + found.end()
    yield Span(at, span.end)


_STATE = frozenset(
    {"cd", "export", "set", "umask", "source", ".", "alias", "unset", "exit", "pushd", "ulimit", "trap", "shopt", "local", "eval"}
)


def _operands(script: Script) -> list[int]:
    """Where the operands of the one `&&` list that a script is begin, behind the first; empty when it is another thing."""
    top = [each for each in script.commands if all(frame.kind in ("and", "pipeline", "substitution", "nested") for frame in each.context)]
    if len(top) != len(script.commands) or any(each.name in _STATE or (each.assignments and not each.words) for each in top):
        return []
    lists = {frame.start for each in top for frame in each.context[:1] if frame.kind == "and"}
    if len(lists) != 1 or ";" in script.text or "\n" in script.text:
        return []
    starts: dict[int, int] = {}
    for each in top:
        branch = each.context[0].branch if each.context and each.context[0].kind == "and" else 0
        starts.setdefault(branch, each.span.start)
    return [starts[branch] for branch in sorted(starts)][1:]


@rewriting(Kind.DOCKERFILE, fixes=False)
def one_run_for_each_command(file: File) -> Iterator[Change]:
    """`RUN a && b` as two instructions, where no command leaves anything to the next but files.

    A variable that a fix sets in one RUN is not known in the next, so there may be no fix.
    """
    for each, script in _runs(file):
        assert each.shell is not None
        for start in _operands(script):
            joint = re.search(r"\s*&&\s*$", script.text[:start])
            host = each.shell.host_span(Span(joint.start(), start)) if joint else None
            if host is not None and not _comment_inside(file, host):
                flags = "".join(f"{file.source.slice(flag.span)} " for flag in each.flags)
                yield swap(host, f"\nRUN {flags}")


@rewriting(Kind.DOCKERFILE)
def runs_joined(file: File) -> Iterator[Change]:
    """`RUN a` and `RUN b` right below as `RUN a && b`, where no command leaves anything to the next but files."""
    runs = {id(each): script for each, script in _runs(file)}
    done = None
    for one, two in pairwise(_read(file).instructions):
        between = file.text[one.span.end : two.span.end]
        if id(one) not in runs or id(two) not in runs or one is done or one.flags or two.flags:
            continue
        if any(command.name in _STATE or not command.words for each in (one, two) for command in runs[id(each)].commands):
            continue
        if any(frame.kind == "or" for each in (one, two) for command in runs[id(each)].commands for frame in command.context):
            continue
        if ";" in runs[id(one)].text + runs[id(two)].text or "#" in between:
            continue
        done = two
        yield swap(Span(one.span.end, two.body.host_offset(0) or two.span.start), " \\\n    && ")


@rewriting(Kind.DOCKERFILE)
def env_in_the_old_form(file: File) -> Iterator[Change]:
    """`ENV NAME value` instead of `ENV NAME=value`, for one pair with a value that needs no quotes."""
    for each in _read(file).instructions:
        if each.keyword == "ENV" and len(each.pairs) == 1 and each.pairs[0].value and _SAFE.fullmatch(each.pairs[0].value):
            pair = each.pairs[0]
            between = Span(pair.name_span.end, pair.value_span.start)
            if file.source.slice(between) == "=":
                yield swap(between, " ")


@rewriting(Kind.DOCKERFILE)
def env_pairs_apart(file: File) -> Iterator[Change]:
    """`ENV A=1 B=2` as two instructions, where no value uses a name of the same instruction."""
    for each in _read(file).instructions:
        if each.keyword != "ENV" or len(each.pairs) < 2:
            continue
        values = " ".join(pair.value or "" for pair in each.pairs)
        if any(re.search(rf"\$\{{?{re.escape(pair.name)}\b", values) for pair in each.pairs):
            continue
        for one, two in pairwise(each.pairs):
            yield swap(Span(one.span.end, two.span.start), "\nENV ")


@rewriting(Kind.DOCKERFILE)
def quoted_values(file: File) -> Iterator[Change]:
    """`ENV A="1"` and `ARG A="1"`."""
    for each in _read(file).instructions:
        for pair in each.pairs:
            if each.keyword in ("ENV", "ARG") and pair.value and _SAFE.fullmatch(pair.value) and "=" in file.source.slice(pair.span):
                yield insert(pair.value_span.start, '"')
                yield insert(pair.value_span.end, '"')


def _images(file: File) -> Iterator[tuple[Instruction, Span, str]]:
    """The FROMs of literal images that no stage has for a name."""
    dockerfile = _read(file)
    for stage in dockerfile.stages:
        if stage.base is not None and stage.parent is None and stage.base.text != "scratch" and _SAFE.fullmatch(stage.base.text):
            yield stage.origin, stage.base.span, stage.base.text


@rewriting(Kind.DOCKERFILE)
def image_in_an_argument(file: File) -> Iterator[Change]:
    """The image of FROM as the default of an ARG in front of the first FROM."""
    first = _first_from(file)
    if first is None or _read(file).is_template:
        return
    for number, (_, span, _) in enumerate(_images(file)):
        yield Change(Span(first.span.start, first.span.start), (f"ARG IMAGE_{number}=", span, "\n"))
        yield swap(span, f"${{IMAGE_{number}}}")


@rewriting(Kind.DOCKERFILE, fixes=False)
def tag_in_an_argument(file: File) -> Iterator[Change]:
    """The tag of FROM as the default of an ARG in front of the first FROM. A build may pass another, so a fix may be less trusted."""
    first = _first_from(file)
    if first is None or _read(file).is_template:
        return
    for number, (_, span, text) in enumerate(_images(file)):
        name, colon, tag = text.rpartition(":")
        if colon and "/" not in tag and "@" not in text:
            place = Span(span.start + len(name) + 1, span.end)
            yield Change(Span(first.span.start, first.span.start), (f"ARG TAG_{number}=", place, "\n"))
            yield swap(place, f"${{TAG_{number}}}")


@rewriting(Kind.DOCKERFILE, fixes=False)
def registry_in_an_argument(file: File) -> Iterator[Change]:
    """The registry of FROM as the default of an ARG in front of the first FROM. A build may pass another, so a fix may be less trusted."""
    first = _first_from(file)
    if first is None or _read(file).is_template:
        return
    for number, (_, span, text) in enumerate(_images(file)):
        registry, slash, _ = text.partition("/")
        if slash and "." in registry:
            place = Span(span.start, span.start + len(registry))
            yield Change(Span(first.span.start, first.span.start), (f"ARG REGISTRY_{number}=", place, "\n"))
            yield swap(place, f"${{REGISTRY_{number}}}")


@rewriting(Kind.DOCKERFILE)
def untouched_argument_in_front(file: File) -> Iterator[Change]:
    """An ARG in front of the first FROM that nothing uses, where no comment stands right above that."""
    first = _first_from(file)
    line = file.source.line_index(first.span.start) if first is not None else 0
    if first is not None and file.source.comments_above(line) == line:
        yield insert(first.span.start, "ARG UNUSED=1\n")


def _versions(file: File) -> Iterator[tuple[Instruction, Span]]:
    """The versions that stand in unquoted or double-quoted words of RUN."""
    for each, script in _runs(file):
        assert each.shell is not None
        for command in script.commands:
            for word in command.args:
                found = _VERSION.search(word.text)
                if command.nested or found is None or "'" in word.text or "$" in word.text or "\\" in word.text:
                    continue
                host = each.shell.host_span(Span(word.span.start + found.start(1), word.span.start + found.end(1)))
                if host is not None:
                    yield each, host


def _moved(file: File, keyword: str) -> Iterator[Change]:
    for number, (each, span) in enumerate(_versions(file)):
        yield Change(Span(each.span.start, each.span.start), (f"{keyword} VERSION_{number}=", span, "\n"))
        yield swap(span, f"${{VERSION_{number}}}")


@rewriting(Kind.DOCKERFILE)
def version_in_an_argument(file: File) -> Iterator[Change]:
    """A version that a command of RUN names as the default of an ARG right above."""
    yield from _moved(file, "ARG")


@rewriting(Kind.DOCKERFILE)
def version_in_the_environment(file: File) -> Iterator[Change]:
    """A version that a command of RUN names in an ENV right above."""
    yield from _moved(file, "ENV")


@rewriting(Kind.DOCKERFILE)
def version_in_a_global_argument(file: File) -> Iterator[Change]:
    """A version that a command of RUN names as the default of an ARG in front of the first FROM, declared again in the stage."""
    first = _first_from(file)
    if first is None or _read(file).is_template:
        return
    for number, (each, span) in enumerate(_versions(file)):
        yield Change(Span(first.span.start, first.span.start), (f"ARG VERSION_{number}=", span, "\n"))
        yield insert(each.span.start, f"ARG VERSION_{number}\n")
        yield swap(span, f"${{VERSION_{number}}}")


def _url_words(file: File) -> Iterator[tuple[Instruction, Span]]:
    """Whole words of RUN that are a literal URL."""
    for each, script in _runs(file):
        assert each.shell is not None
        for command in script.commands:
            for word in command.args:
                if command.nested or not re.fullmatch(r"https?://[\w./:@%+~-]+", word.text):
                    continue
                host = each.shell.host_span(word.span)
                if host is not None:
                    yield each, host


@rewriting(Kind.DOCKERFILE, fixes=False)
def address_in_the_environment(file: File) -> Iterator[Change]:
    """A URL that a command of RUN names in an ENV right above, which holds no `case` block of a fix."""
    for number, (each, span) in enumerate(_url_words(file)):
        yield Change(Span(each.span.start, each.span.start), (f"ENV URL_{number}=", span, "\n"))
        yield swap(span, f'"${{URL_{number}}}"')


@rewriting(Kind.DOCKERFILE, fixes=False)
def address_in_an_argument(file: File) -> Iterator[Change]:
    """A URL that a command of RUN names as the default of an ARG right above, which holds no `case` block of a fix."""
    for number, (each, span) in enumerate(_url_words(file)):
        yield Change(Span(each.span.start, each.span.start), (f"ARG URL_{number}=", span, "\n"))
        yield swap(span, f'"${{URL_{number}}}"')


@rewriting(Kind.DOCKERFILE)
def stages_split_in_two(file: File) -> Iterator[Change]:
    """Each stage as two, the second built from the first, cut above its last instruction. Stages must not be used by number."""
    dockerfile = _read(file)
    if re.search(r"from=[\"']?\d", file.text) or dockerfile.is_template:
        return
    for stage in dockerfile.stages:
        if len(stage.instructions) < 2 or stage.base is None or any(each.keyword == "ONBUILD" for each in stage.instructions):
            continue
        name = f"split-{stage.index}"
        cut = stage.instructions[-1].span.start
        yield insert(cut, f"FROM {name}{f' AS {stage.name}' if stage.name else ''}\n")
        if stage.name_span is not None:
            yield swap(stage.name_span, name)
        else:
            yield insert(stage.origin.span.end, f" AS {name}")


@rewriting(Kind.DOCKERFILE)
def unnamed_stages_named(file: File) -> Iterator[Change]:
    """A name for a stage without one."""
    for stage in _read(file).stages:
        if stage.name_span is None and stage.base is not None:
            yield insert(stage.origin.span.end, f" AS unnamed{stage.index}")


def _renamed(name: str) -> Callable[[str], str]:
    return lambda path: name if path == "Dockerfile" else path


@rewriting(Kind.DOCKERFILE, rename=_renamed("Dockerfile.release"))
def named_with_a_suffix(file: File) -> Iterator[Change]:
    """`Dockerfile.release`."""
    if file.path == "Dockerfile":
        yield insert(0, "")


@rewriting(Kind.DOCKERFILE, rename=_renamed("release.Dockerfile"))
def named_with_a_prefix(file: File) -> Iterator[Change]:
    """`release.Dockerfile`."""
    if file.path == "Dockerfile":
        yield insert(0, "")


@rewriting(Kind.DOCKERFILE, rename=_renamed("Containerfile"))
def named_as_podman_does(file: File) -> Iterator[Change]:
    """`Containerfile`."""
    if file.path == "Dockerfile":
        yield insert(0, "")


@rewriting(Kind.DOCKERFILE, rename=_renamed("services/api/Dockerfile"))
def in_a_folder(file: File) -> Iterator[Change]:
    """A folder further down."""
    if file.path == "Dockerfile":
        yield insert(0, "")

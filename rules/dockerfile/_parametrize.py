"""How a download for amd64 is rewritten so that its architecture follows the build: the idioms, and where each is right.

In an image build `TARGETARCH` is right wherever BuildKit builds, `uname -m` where the step runs on what it builds for. Elsewhere the
machine is asked: `uname -m`, or `dpkg --print-architecture` on Debian. Names that neither prints get a `case` block. All mentions of a
file change together or nothing does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from armready.arch import DPKG, UNAME, Spelling, amd64_tokens, probe, rewrites, tokens
from armready.arm64_names import Renaming, arm64_url
from armready.arm64_names import renamings as renamings_of
from armready.classify import Kind
from armready.dockerfile_edits import declared_above
from armready.downloads import Download, Text
from armready.file import File
from armready.fix import Applicability, Edit, Fix
from armready.knowledge.learned import ChecksumAnswer
from armready.parsers.dockerfile import parse_dockerfile
from armready.parsers.shell import Command, Script, Word
from armready.patterns import regex
from armready.scripts import Host, HostedScript
from armready.source import Span

from ._places import quotes_at

_ARCHIVE = regex(r"(?:\.(?:tar|tgz|txz|tbz2?|zip|gz|xz|bz2|zst|deb|rpm|apk|sh|bin|exe|asc|sig|sha\d+))+$", re.IGNORECASE)
# More downloads than this in one file are listed, not rewritten: each looks at the mentions of all.
_MOST = 80
_TESTS = frozenset({"[", "[[", "test", "echo", "printf", "for", "select"})
_DEBIAN = frozenset({"apt-get", "apt", "dpkg", "aptitude"})
_PLAIN_WORD = regex(r"[\w./:@%+,=~^-]+")


class _Place(NamedTuple):
    """An occurrence of a name: in which text, where in its source, and in the file."""

    text: Text
    inner: Span
    span: Span
    name: str


class _Idiom(NamedTuple):
    """What is written in the place of a name, the argument to declare for it, and the block that has to come before."""

    written: str
    argument: str = ""
    block: tuple[str, ...] = ()


def parametrised(file: File, download: Download, others: tuple[Download, ...]) -> Fix | None:
    """The fix that lets the architecture of a download follow the build; None when there is none that can be trusted to be whole."""
    return _parametrised(file, download, others, None) if download.checksum is None else None


def parametrised_with_checksum(file: File, download: Download, others: tuple[Download, ...]) -> Fix | None:
    """The same for a download with a literal checksum in the same RUN, where the publisher's list confirms it and has the one for arm64."""
    sums = file.settings.known.checksums.get(download.url)
    instruction, checksum = download.instruction, download.checksum
    if sums is None or instruction is None or checksum is None or download.host is not Host.IMAGE:
        return None
    if sums.arm64_url != arm64_url(download) or not instruction.full_span.contains(checksum) or instruction.heredocs:
        return None
    if file.source.slice(checksum).lower() != sums.amd64 or file.text.count(file.source.slice(checksum)) != 1:
        return None
    return _parametrised(file, download, others, sums)


def _parametrised(file: File, download: Download, others: tuple[Download, ...], sums: ChecksumAnswer | None) -> Fix | None:
    if download.has_arm64 is False or not _is_editable(download) or len(others) > _MOST:
        return None
    asset = file.settings.known.assets.get(arm64_url(download) or "")
    if asset is not None and not asset.exists:
        return None
    renamings = renamings_of(download)
    if renamings is None or (sums is not None and len(renamings) != 1):
        return None
    places = _places(file, download, renamings, others)
    if places is None:
        return None
    edits: list[Edit] = []
    for renaming in renamings:
        idiom = _idiom(file, download, renaming)
        if idiom is not None and sums is not None:
            idiom = _with_sums(download, idiom, renaming, sums)
            of_checksum = _checksum_edit(file, download)
            if of_checksum is None:
                return None
            edits.append(of_checksum)
        own = [place for place in places if place.name == renaming.amd64]
        made = _edits(file, download, idiom, own) if idiom is not None and own else None
        if made is None:
            return None
        edits += made
    doubts = list(_doubts(file, download))
    if asset is None and sums is None:
        doubts += [*_doubts_of_existence(download), *(doubt for renaming in renamings for doubt in renaming.doubts)]
    unique = tuple(dict.fromkeys(edits))
    applicability = Applicability.UNSAFE if doubts else Applicability.SAFE
    if asset is None and sums is None and any(renaming.guessed for renaming in renamings):
        applicability = Applicability.DISPLAY
    if sums is not None:
        title = "Let the file and its checksum follow the architecture of the build"
        return Fix(title, unique, applicability, (*dict.fromkeys(doubts), f"Both checksums are those of {sums.source}."))
    return Fix("Let the file follow the architecture of the build", unique, applicability, tuple(dict.fromkeys(doubts)))


def _with_sums(download: Download, idiom: _Idiom, renaming: Renaming, sums: ChecksumAnswer) -> _Idiom:
    """The idiom with a block that sets the checksum too."""
    variable = _checksum_variable(download)
    if not idiom.block:
        block = _case(idiom.written, (renaming.amd64, renaming.arm64), variable, Renaming(sums.amd64, sums.arm64))
        return idiom._replace(block=block)
    branches = (f" {variable}={each} ;;" for each in (sums.amd64, sums.arm64))
    first, second = (line.removesuffix(" ;;") + ";" + branch for line, branch in zip(idiom.block[1:3], branches, strict=True))
    return idiom._replace(block=(idiom.block[0], first, second, *idiom.block[3:]))


def _checksum_variable(download: Download) -> str:
    return re.sub(r"_ARCH(?:_NAME)?$", "_SHA256", _variable(download))


def _checksum_edit(file: File, download: Download) -> Edit | None:
    """The variable in the place of the checksum, in quotes of its own where it stands in single ones."""
    assert download.checksum is not None
    if download.hosted is None:
        return None
    literal = file.source.slice(download.checksum)
    commands = download.hosted.script.commands
    words = [word for command in commands for word in (*command.words, *(each.value for each in command.assignments if each.value))]
    word = next((each for each in words if literal in each.text), None)
    if word is None:
        return None
    written = f"${{{_checksum_variable(download)}}}"
    quoted = quotes_at(word.text, word.text.index(literal)) == "'"
    return file.replace(download.checksum, f"'\"{written}\"'" if quoted else written)


def _is_editable(download: Download) -> bool:
    if download.command is not None and (download.command.nested or download.command.broken):
        return False
    if download.hosted is None:
        return True
    return download.hosted.script.intact(Span(0, len(download.hosted.text))) or download.hosted.instruction is None


# Where a name stands.


def _places(file: File, download: Download, renamings: tuple[Renaming, ...], others: tuple[Download, ...]) -> list[_Place] | None:
    """Every place that must change with the download; None when one of them cannot."""
    stems = _stems(download)
    names = [renaming.amd64 for renaming in renamings]
    texts = {id(site.text): site.text for site in download.sites}
    if download.hosted is not None:
        for text in _mentions(download, stems, others):
            texts[id(text)] = text
    places = [
        _Place(text, inner, text.locate(inner), name) for text in texts.values() for name in names for inner in _occurrences(text, name)
    ]
    if not places or _is_mentioned_elsewhere(file, download, stems, places):
        return None
    return places


def _occurrences(text: Text, name: str) -> Iterator[Span]:
    parts = list(text.literal_spans())
    for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text.raw):
        if any(part.start <= found.start() and found.end() <= part.end for part in parts):
            yield Span(*found.span())


def _stems(download: Download) -> tuple[str, ...]:
    """The name of the file without what archives add, as it is and as it is written."""
    written = re.split(r"[?#]", download.sites[0].text.template.rstrip("/"))[0].rpartition("/")[2]
    stems = {_ARCHIVE.sub("", name) for name in (download.asset, written)}
    return tuple(stem for stem in stems if tokens(stem) and len(stem) > 7)


def _mentions(download: Download, stems: tuple[str, ...], others: tuple[Download, ...]) -> Iterator[Text]:
    """Texts of the same script that name the file, or a folder of its architecture that nothing else brought."""
    hosted = download.hosted
    assert hosted is not None
    script = hosted.script
    written = f"{download.sites[0].text.template}."
    fetched = [each for each in others if each.hosted is hosted and each.command is not None]
    taken = {id(site.text.word) for each in others for site in each.sites}
    for command in script.commands:
        if command.name in _TESTS:
            continue
        words = [*command.args, *(each.value for each in command.assignments if each.value is not None)]
        words += [each.target for each in command.redirects if each.target is not None]
        for word in words:
            if id(word) in taken or not amd64_tokens(word.template):
                continue
            if (
                word.template.startswith(written)
                or any(stem in word.template for stem in stems)
                or _is_nearest(download, command, word, fetched)
            ):
                yield Text(word.text, lambda span, word=word: hosted.span(span.shift(word.span.start)), word)  # type: ignore[misc]


def _is_nearest(download: Download, command: Command, word: Word, fetched: list[Download]) -> bool:
    """Whether the last download before a word, of those that share its architecture's name, is this one."""
    if any(stem in word.template for each in fetched if each is not download for stem in _stems(each)) or "://" in word.template:
        return False
    names = {token.text for token in amd64_tokens(word.template)}
    before = [each for each in fetched if each.command is not None and each.command.span.start < command.span.start and names & each.names]
    return bool(before) and before[-1] is download and bool(re.search(r"[/_.-]", word.template)) and not word.template.startswith("-")


def _is_mentioned_elsewhere(file: File, download: Download, stems: tuple[str, ...], places: list[_Place]) -> bool:
    """Whether the file's name stands in a place that these do not cover: another instruction, a here-document, `sh -c`."""
    covered = [place.span for place in places]
    spans = [Span(*found.span()) for stem in stems for found in re.finditer(re.escape(stem), file.text)]
    comments = {line for line, _ in _comment_lines(file)}
    return any(
        not any(span.start <= each.start and each.end <= span.end for each in covered)
        and file.source.line_index(span.start) not in comments
        for span in spans
    )


def _comment_lines(file: File) -> Iterator[tuple[int, Span]]:
    for index in range(len(file.source.line_starts)):
        span = file.source.line_span(index)
        if file.source.slice(span).lstrip().startswith("#"):
            yield index, span


# What is written there.


def _idiom(file: File, download: Download, renaming: Renaming) -> _Idiom | None:
    if download.instruction is not None and download.host is Host.IMAGE:
        return _image_idiom(download, renaming)
    if download.hosted is None:
        return None
    known = _known_variable(download, renaming)
    if known is not None:
        return _Idiom(f"${{{known}}}")
    return _machine_idiom(file, download, renaming)


def _image_idiom(download: Download, renaming: Renaming) -> _Idiom | None:
    instruction, stage = download.instruction, download.stage
    assert instruction is not None
    argument = "BUILDARCH" if stage is not None and stage.on_build_platform and _is_run(download) else "TARGETARCH"
    if stage is not None and (definition := stage.definition(argument, instruction)) is not None and definition.pair.value is not None:
        return None
    in_shell = all(site.text.word is not None for site in download.sites)
    if (renaming.amd64, renaming.arm64) == ("amd64", "arm64"):
        return _Idiom(f"${{{argument}}}", argument)
    if not in_shell:
        return None
    native = stage is not None and not stage.on_build_platform
    if native and (renaming.amd64, renaming.arm64) == (UNAME.amd64, UNAME.arm64):
        return _Idiom("$(uname -m)")
    known = _known_variable(download, renaming)
    if known is not None:
        return _Idiom(f"${{{known}}}")
    variable = _variable(download)
    return _Idiom(f"${{{variable}}}", argument, _case(f"${{{argument}}}", ("amd64", "arm64"), variable, renaming))


def _machine_idiom(file: File, download: Download, renaming: Renaming) -> _Idiom | None:
    hosted = download.hosted
    assert hosted is not None
    if (renaming.amd64, renaming.arm64) == (UNAME.amd64, UNAME.arm64):
        return _Idiom("$(uname -m)")
    debian = any(command.name in _DEBIAN for command in hosted.script.commands)
    if debian and (renaming.amd64, renaming.arm64) == (DPKG.amd64, DPKG.arm64):
        return _Idiom("$(dpkg --print-architecture)")
    if file.kind is not Kind.SHELL or any(site.text.word is None for site in download.sites):
        return None
    variable = _variable(download)
    return _Idiom(f"${{{variable}}}", "", _case("$(uname -m)", ("x86_64", "aarch64 | arm64"), variable, renaming))


def _case(subject: str, patterns: tuple[str, str], variable: str, renaming: Renaming) -> tuple[str, ...]:
    return (
        f'case "{subject}" in',
        f"  {patterns[0]}) {variable}={renaming.amd64} ;;",
        f"  {patterns[1]}) {variable}={renaming.arm64} ;;",
        f'  *) echo "unsupported architecture: {subject}" >&2; exit 1 ;;',
        "esac",
    )


def _variable(download: Download) -> str:
    name = download.match.tool.name if download.match is not None else re.split(r"[^A-Za-z]", download.asset)[0]
    stem = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "FILE"
    variable = f"{stem}_ARCH" if not stem[0].isdigit() else f"FILE_{stem}_ARCH"
    taken = {each.name for command in download.hosted.script.commands for each in command.assignments} if download.hosted else set()
    return variable if variable not in taken else f"{variable}_NAME"


def _known_variable(download: Download, renaming: Renaming) -> str | None:
    """A variable of the script that already holds the name, straight from a source that spells it so."""
    hosted = download.hosted
    if hosted is None or download.command is None:
        return None
    for command in hosted.script.commands_in(Span(0, download.command.span.start)):
        for each in command.assignments:
            if each.value is None or command.condition or rewrites(each.value.template):
                continue
            spelling: Spelling | None = probe(each.value.template)
            if spelling is not None and (spelling.amd64, spelling.arm64) == (renaming.amd64, renaming.arm64):
                return each.name
    return None


def _is_run(download: Download) -> bool:
    """Whether the tool is run in the stage that fetches it."""
    if download.match is None or download.stage is None:
        return False
    name = download.match.tool.key.rpartition("/")[2]
    texts = [each.shell.text for each in download.stage.instructions if each.shell is not None]
    return any(re.search(rf"(?:^|[;&|]\s*|/){re.escape(name)}(?:\s+-|\s+\w)", text) for text in texts)


def _doubts_of_existence(download: Download) -> Iterator[str]:
    """Why it is not sure that there is such a file for arm64, as long as nobody has looked."""
    if download.match is None:
        return
    tool = download.match.tool
    if download.match.has_arm64 is None:
        yield f"{tool.name} has files for arm64 in versions {tool.first_version}; which version this is, is not known."
    elif not tool.read:
        yield f"That {tool.name} has this file for arm64 was not checked at its source."


def _doubts(file: File, download: Download) -> Iterator[str]:
    """Why a fix is not safe although the file exists."""
    if download.match is not None and download.match.tool.changes_libc:
        yield "The file for arm64 needs another C library than the one for amd64."
    if download.host is not Host.IMAGE:
        yield "What it fetches on another machine than x86-64 Linux changes."
    elif download.stage is not None and download.stage.on_build_platform:
        yield "The stage runs on the build machine: it is not sure that the file is for the target."
    if file.kind is Kind.DOCKERFILE and file.parse(parse_dockerfile).is_template:
        yield "The file is a template."


# The edits.


def _edits(file: File, download: Download, idiom: _Idiom, places: list[_Place]) -> list[Edit] | None:
    edits: list[Edit] = []
    by_text: dict[int, list[_Place]] = {}
    for place in places:
        by_text.setdefault(id(place.text), []).append(place)
    for group in by_text.values():
        made = _in_text(file, download, idiom, group)
        if made is None:
            return None
        edits += made
    if idiom.block:
        block = _block_edit(file, download, idiom.block, places)
        if block is None:
            return None
        edits.append(block)
    if idiom.argument:
        declared = _declaration(file, download, idiom.argument, places)
        if declared is None:
            return None
        edits += declared
    return edits


def _in_text(file: File, download: Download, idiom: _Idiom, places: list[_Place]) -> list[Edit] | None:
    text = places[0].text
    if text.word is None:
        if any(quotes_at(text.raw, place.inner.start) == "'" for place in places):
            return None
        return [file.replace(place.span, idiom.written) for place in places]
    assert download.hosted is not None
    script = download.hosted.script
    made = [_word_edit(file, script, text, place, idiom.written) for place in places]
    if any(each is None for each in made):
        return None
    edits = [each for each in made if each is not None]
    if not text.name and _PLAIN_WORD.fullmatch(text.raw) and not text.raw.startswith("-"):
        return _quoted(file, script, text, places, idiom.written)
    return edits


def _word_edit(file: File, script: Script, text: Text, place: _Place, written: str) -> Edit | None:
    assert text.word is not None
    if quotes_at(text.raw, place.inner.start) == "'":
        written = f"'\"{written}\"'"
    return script.edit(file, place.inner.shift(text.word.span.start), written)


def _quoted(file: File, script: Script, text: Text, places: list[_Place], written: str) -> list[Edit] | None:
    """The whole word in double quotes: an unquoted expansion would be split."""
    assert text.word is not None
    parts: list[str] = []
    at = 0
    for place in sorted(places, key=lambda each: each.inner):
        parts += text.raw[at : place.inner.start], written
        at = place.inner.end
    parts.append(text.raw[at:])
    edit = script.edit(file, text.word.span, f'"{"".join(parts)}"')
    return None if edit is None else [edit]


def _declaration(file: File, download: Download, argument: str, places: list[_Place]) -> list[Edit] | None:
    """The ARG above every instruction that now uses it, unless the stage has it already or it stands in front of the first FROM."""
    dockerfile = file.parse(parse_dockerfile)
    edits = []
    for instruction in dockerfile.instructions:
        if not any(instruction.full_span.contains(place.span) for place in places):
            continue
        stage = dockerfile.stage_of(instruction)
        if instruction.trigger is not None:
            return None
        if stage is None:
            if any(each.keyword == "FROM" for each in dockerfile.instructions):
                continue
            edits.append(declared_above(file, instruction, argument))
        elif (definition := stage.definition(argument, instruction)) is None:
            edits.append(declared_above(file, instruction, argument))
        elif definition.pair.value is not None:
            return None
    return edits


def _block_edit(file: File, download: Download, block: tuple[str, ...], places: list[_Place]) -> Edit | None:
    hosted = download.hosted
    if hosted is None:
        return None
    if hosted.instruction is not None:
        return _block_in_run(file, hosted, block)
    return _block_in_file(file, hosted, block, places)


def _block_in_run(file: File, hosted: HostedScript, block: tuple[str, ...]) -> Edit | None:
    """The block as the first command of a RUN, behind a leading `set -e`."""
    script, instruction = hosted.script, hosted.instruction
    assert instruction is not None
    if not script.commands or instruction.exec_form:
        return None
    at, joiner = len(script.text) - len(script.text.lstrip()), " &&"
    first = script.commands[0]
    if first.name == "set" and len(script.commands) > 1:
        between = script.text[first.span.end : script.commands[1].span.start]
        if re.fullmatch(r"\s*(?:;|&&|\n)\s*", between):
            at = script.commands[1].span.start
            joiner = ";" if ";" in between else " &&"
    host = script.embedded.host_offset(at)
    if host is None or script.commands_in(Span(at, at + 1))[:1] == () or script.commands_in(Span(at, at + 1))[0].context:
        return None
    newline, escape = file.source.newline, instruction.escape
    if instruction.heredocs:
        indent = file.source.indent_at(host)
        return file.insert(host, newline.join((block[0], *(indent + line for line in block[1:]), indent)))
    lines = file.text[host : instruction.span.end].split("\n")
    indent = re.match(r"[ \t]*", lines[1])[0] if len(lines) > 1 else "    "  # type: ignore[index]
    indent = indent or "    "
    body = f" {escape}{newline}{indent}".join(block)
    return file.insert(host, f"{body}{joiner} {escape}{newline}{indent}")


def _block_in_file(file: File, hosted: HostedScript, block: tuple[str, ...], places: list[_Place]) -> Edit | None:
    """The block on lines of its own above the first statement that needs it."""
    words = {id(place.text.word) for place in places}
    users = [
        command
        for command in hosted.script.commands
        if any(id(word) in words for word in command.words)
        or any(id(each.value) in words for each in command.assignments)
        or any(id(each.target) in words for each in command.redirects)
    ]
    functions = {tuple(frame for frame in command.context if frame.kind == "function") for command in users}
    if not users or len(functions) != 1 or len(users) < len({id(place.text) for place in places}):
        return None
    start = min(_statement_start(command) for command in users)
    host = hosted.script.embedded.host_offset(start)
    if host is None:
        return None
    line = file.source.line_starts[file.source.line_index(host)]
    indent = file.source.indent_at(host)
    if file.text[line:host] != indent:
        return None
    return file.insert(line, "".join(f"{indent}{each}{file.source.newline}" for each in block))


def _statement_start(command: Command) -> int:
    for frame in command.context:
        if frame.kind not in ("function", "group"):
            return frame.start
    words = (*command.prefix, *command.words)
    return min([command.span.start, *(word.span.start for word in words)])

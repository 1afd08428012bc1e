"""How a download for amd64 is rewritten so that its architecture follows the build.

All mentions of the file change together or none does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.scripts import Host, HostedScript
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.known import ChecksumAnswer
from armready.core.source import Span
from armready.core.startup import regex
from armready.dockerfiles.edit import declared_above
from armready.downloads.idioms import Idiom, checksum_variable, idiom_of, sharing, with_sums
from armready.downloads.mentions import Place, places_of
from armready.downloads.model import Download, Text
from armready.downloads.names import arm64_url
from armready.downloads.names import renamings as renamings_of
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.shell.script import Command, Script
from armready.languages.shell.words import quotes_at

# More downloads than this in one file are listed, not rewritten: each looks at the mentions of all.
_MOST = 80
_PLAIN_WORD = regex(r"[\w./:@%+,=~^-]+")


def parametrised(file: File, download: Download, others: tuple[Download, ...]) -> Fix | None:
    """The fix that lets the architecture of a download follow the build; None when there is none that can be trusted to be whole."""
    return _parametrised(file, download, others, None) if download.checksum is None else None


def parametrised_with_checksum(file: File, download: Download, others: tuple[Download, ...]) -> Fix | None:
    """The same for a download with a literal checksum in the same RUN, where the publisher's list confirms it and has the one for arm64."""
    sums = file.settings.known.checksums.get(download.url)
    instruction, checksum = download.instruction, download.checksum
    if sums is None or instruction is None or checksum is None or download.host is not Host.IMAGE:
        return None
    if sums.arm64_url != arm64_url(download) or not instruction.full_span.contains(checksum):
        return None
    if file.source.slice(checksum).lower() != sums.amd64 or file.text.count(file.source.slice(checksum)) != 1:
        return None
    return _parametrised(file, download, others, sums)


def _parametrised(file: File, download: Download, others: tuple[Download, ...], sums: ChecksumAnswer | None) -> Fix | None:
    if download.has_arm64 is False or not _is_editable(download) or len(others) > _MOST:
        return None
    asset = file.settings.known.asset(arm64_url(download) or "")
    if asset is not None and not asset.exists:
        return None
    renamings = renamings_of(download)
    if renamings is None or (sums is not None and len(renamings) != 1):
        return None
    places = places_of(file, download, renamings, others)
    if places is None:
        return None
    edits: list[Edit] = []
    for renaming in renamings:
        idiom = idiom_of(file, download, renaming, others)
        if idiom is not None and sums is not None:
            idiom = with_sums(download, idiom, renaming, sums)
            of_checksum = _checksum_edit(file, download)
            if of_checksum is None:
                return None
            edits.append(of_checksum)
        own = [place for place in places if place.name == renaming.amd64]
        made = _edits(file, download, idiom, own, sharing(download, renaming, others)) if idiom is not None and own else None
        if made is None:
            return None
        edits += made
    doubts = list(_doubts(file, download))
    if asset is None and sums is None:
        doubts += [*_doubts_of_existence(download), *(doubt for renaming in renamings for doubt in renaming.doubts)]
    unique = tuple(dict.fromkeys(edits))
    applicability = Applicability.UNSAFE if doubts else Applicability.SAFE
    if asset is None and sums is None and (any(renaming.guessed for renaming in renamings) or _gains_nothing(download)):
        applicability = Applicability.DISPLAY
    if sums is not None:
        title = "Let the file and its checksum follow the architecture of the build"
        return Fix(title, unique, applicability, (*dict.fromkeys(doubts), f"Both checksums are those of {sums.source}."))
    return Fix("Let the file follow the architecture of the build", unique, applicability, tuple(dict.fromkeys(doubts)))


def _gains_nothing(download: Download) -> bool:
    """Whether it runs on amd64 machines of CI alone, and it is not known that there is another file to fetch."""
    return download.match is None and download.severity is Severity.INFO


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
    written = f"${{{checksum_variable(download)}}}"
    quoted = quotes_at(word.text, word.text.index(literal)) == "'"
    return file.replace(download.checksum, f"'\"{written}\"'" if quoted else written)


def _is_editable(download: Download) -> bool:
    if download.command is not None and (download.command.nested or download.command.broken):
        return False
    if download.hosted is None:
        return True
    return download.hosted.script.intact(Span(0, len(download.hosted.text))) or download.hosted.instruction is None


def _doubts_of_existence(download: Download) -> Iterator[str]:
    """Why it is not sure that there is such a file for arm64, as long as nobody has looked."""
    if download.match is None:
        return
    tool = download.match.tool
    if not tool.since:
        yield f"Whether {tool.name} has a file for arm64 is not known offline."
    elif download.match.has_arm64 is None:
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


def _edits(file: File, download: Download, idiom: Idiom, places: list[Place], together: tuple[Download, ...]) -> list[Edit] | None:
    edits: list[Edit] = []
    by_text: dict[int, list[Place]] = {}
    for place in places:
        by_text.setdefault(id(place.text), []).append(place)
    for group in by_text.values():
        made = _in_text(file, download, idiom, group)
        if made is None:
            return None
        edits += made
    if idiom.block:
        block = _block_edit(file, download, idiom.block, places, together)
        if block is None:
            return None
        edits.append(block)
    if idiom.argument:
        declared = _declaration(file, download, idiom.argument, places)
        if declared is None:
            return None
        edits += declared
    return edits


def _in_text(file: File, download: Download, idiom: Idiom, places: list[Place]) -> list[Edit] | None:
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


def _word_edit(file: File, script: Script, text: Text, place: Place, written: str) -> Edit | None:
    assert text.word is not None
    if quotes_at(text.raw, place.inner.start) == "'":
        written = f"'\"{written}\"'"
    return script.edit(file, place.inner.shift(text.word.span.start), written)


def _quoted(file: File, script: Script, text: Text, places: list[Place], written: str) -> list[Edit] | None:
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


def _declaration(file: File, download: Download, argument: str, places: list[Place]) -> list[Edit] | None:
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


def _block_edit(file: File, download: Download, block: tuple[str, ...], places: list[Place], together: tuple[Download, ...]) -> Edit | None:
    hosted = download.hosted
    if hosted is None:
        return None
    if hosted.instruction is not None:
        return _block_in_run(file, hosted, block)
    return _block_in_file(file, hosted, block, places, together)


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
        if between.strip() in (";", "&&") or (between.isspace() and "\n" in between):
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


def _block_in_file(
    file: File, hosted: HostedScript, block: tuple[str, ...], places: list[Place], together: tuple[Download, ...]
) -> Edit | None:
    """The block on lines of its own above the first statement that needs it, for this download and those that share the block."""
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
    fetching = (each.command for each in together if each.command is not None)
    start = min(_statement_start(command) for command in (*users, *fetching))
    host = hosted.script.embedded.host_offset(start)
    if host is None or hosted.script.asks_for_status(start):
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

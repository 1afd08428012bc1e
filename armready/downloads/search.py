"""How downloads are found: the words that commands fetch, with the values of variables put in as far as the file tells them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from armready.builds.arch_switches import in_arch_switch
from armready.builds.scripts import Host, HostedScript, scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.downloads.commands import (
    HASH,
    REFERENCE,
    SILENT,
    SUMMERS,
    assignments_in,
    checksum_near,
    fetched_words,
    is_read,
    line_at,
    only_read,
    saved_names,
)
from armready.downloads.model import Download, Misnamed, Site, Text, file_names
from armready.knowledge.arch import Arch, amd64_tokens, may_name, names_arm64, probe, tokens
from armready.knowledge.idioms import file_for_all
from armready.knowledge.tools import Match, hidden_names, identify
from armready.languages.shell.script import Assignment, Command, Word

if TYPE_CHECKING:
    from armready.languages.dockerfile.instructions import Instruction
    from armready.languages.dockerfile.parser import Dockerfile
    from armready.languages.dockerfile.stages import Stage
from armready.downloads.names import shape
from armready.downloads.places import is_ci_path

_MAY_BE_URL = regex(r"[:$]")
_SCHEME = regex(r"(?:https?|ftp)://")
# QEMU's own binaries are named for the machine that they run on and emulate another one.
_QEMU = regex(r"qemu-[^/]{0,80}static")
# The value of a variable that only a run tells.
_OPAQUE = "$"
_LOOKED_UP = regex(r"[$`].{0,200}/(?:stable(?:-[\d.]+)?\.txt|latest(?:\.txt)?|releases/latest)(?![\w/])")
_BARE = regex(r"(?i)linux|gnu|musl|unknown|pc|alpine|amd64|x86[_-]64|x64|64-?bit|[\"'/_.-]|64")
_ASKED = regex(r"\$\{(?:TARGET|BUILD)ARCH\}|\$(?:TARGET|BUILD)ARCH\b|\$\((?:uname -m|arch|dpkg --print-architecture|go env GOARCH)\)")
_DEEPEST = 5
_LONGEST = 3_000
# How many of the scripts behind a download may verify it.
_MOST_CHECKS = 50


def finder(file: File) -> Finder | None:
    """The search in a file; None for a file whose path says that it is for one architecture."""
    if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
        return None
    return _Dockerfile(file) if file.kind is Kind.DOCKERFILE else _Scripts(file)


def _literal(url: str) -> str:
    """A URL with `$` in the place of each substitution and variable."""
    if "$" not in url and "`" not in url:
        return url
    return "$".join(url[span.start : span.end] for span in Text(url, lambda span: span).literal_spans())


def _tool(url: str) -> Match | None:
    """The tool of a URL; a version that is looked up when it runs is the newest."""
    match = identify(_literal(url))
    if match is not None and match.version is None and _LOOKED_UP.search(url):
        return match._replace(version="latest")
    return match


class Finder:
    """What Dockerfiles and scripts share: the values of variables, and the search in one script."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.arm64_shapes: set[str] = set()
        self.assignments_in: dict[int, dict[str, list[tuple[HostedScript, Assignment, Command]]]] = {}
        self._only_values: dict[int, Text | None] = {}
        self._known_checksums: dict[int, list[tuple[int, int, Span]]] = {}

    def find(self) -> Iterator[Download]:
        """The downloads, in no particular order, what is fetched for arm64 as well included."""
        raise NotImplementedError

    def host_values(self) -> Iterator[str]:
        """The values of the host's variables, which its scripts may use."""
        raise NotImplementedError

    def scripts_that(self, say: Callable[[str], bool]) -> Iterator[HostedScript]:
        """The scripts whose text says something, or a value of the host that they may use does: only their syntax is read."""
        by_value: bool | None = None
        for hosted in self.file.parse(scripts):
            says = say(hosted.text)
            if not says and "$" in hosted.text:
                by_value = any(map(say, self.host_values())) if by_value is None else by_value
                says = by_value
            if says:
                yield hosted

    def misnamed(self) -> Iterator[Misnamed | None]:
        """The URLs that follow the architecture by the wrong names."""
        for hosted in self.scripts_that(_asks):
            if hosted.stage is not None and (hosted.stage.is_windows or hosted.stage.variant):
                continue
            for command in hosted.script.commands:
                for word, _ in fetched_words(command):
                    found = self.misname(self.of_word(hosted, word), hosted, hosted.instruction, hosted.stage)
                    if found is not None and not in_arch_switch(hosted.script, command):
                        yield found

    def misname(self, text: Text, hosted: HostedScript | None, instruction: Instruction | None, stage: Stage | None) -> Misnamed | None:
        """Whether a URL that follows the architecture does so by the wrong names."""
        url, _ = self.expand(text, hosted, instruction)
        asked = _ASKED.search(url)
        spelling = probe(asked[0]) if asked else None
        if asked is None or spelling is None or not _SCHEME.search(_literal(url)):
            return None
        match = _tool(url[: asked.start()] + spelling.amd64 + url[asked.end() :])
        names = {arm64 for amd64, arm64 in match.tool.pairs if amd64 == spelling.amd64} if match is not None else set()
        if match is None or not names or spelling.arm64 in names:
            return None
        return Misnamed(
            span=text.locate(Span(0, len(text.raw))),
            match=match,
            spelling=spelling,
            expected=tuple(sorted(names)),
            hosted=hosted,
            stage=stage,
        )

    def lookup(self, name: str, hosted: HostedScript | None, instruction: Instruction | None) -> Text | None:
        """What a variable holds where it is used; None when the file does not say."""
        raise NotImplementedError

    def assigned(self, hosted: HostedScript) -> dict[str, list[tuple[HostedScript, Assignment, Command]]]:
        """The assignments of a script by the names of their variables."""
        if id(hosted) not in self.assignments_in:
            self.assignments_in[id(hosted)] = assignments_in(hosted)
        return self.assignments_in[id(hosted)]

    def only_value(self, definitions: list[tuple[HostedScript, Assignment, Command]]) -> Text | None:
        """`_only_value` of the definitions of a variable, once for each of these lists."""
        if id(definitions) not in self._only_values:
            self._only_values[id(definitions)] = _only_value(self, definitions)
        return self._only_values[id(definitions)]

    def expand(self, text: Text, hosted: HostedScript | None, instruction: Instruction | None) -> tuple[str, list[Text]]:
        """The text with the values that are known, and the texts they came from, itself first."""
        used = [text]

        def value(found: re.Match[str], depth: int) -> str:
            name = found["braced"] or found["make"] or found["plain"]
            source = self.lookup(name, hosted, instruction)
            if source is not None and source.raw == _OPAQUE:
                return found[0]
            if source is None or depth > _DEEPEST or any(each.name == name for each in used):
                known = next((each for each in used if each.name == name), None)
                return known.template if known is not None and depth <= 1 and "$" not in known.template else found[0]
            used.append(source)
            return put_in(source.template, depth + 1)

        def put_in(template: str, depth: int) -> str:
            expanded = REFERENCE.sub(lambda found: value(found, depth), template)
            return expanded if len(expanded) < _LONGEST else template

        return put_in(text.template, 0), used

    def amd64_url(
        self, text: Text, hosted: HostedScript | None, instruction: Instruction | None, *, needs_scheme: bool = True
    ) -> tuple[str, tuple[Site, ...]] | None:
        """The URL and where its architecture is written; None when the text fetches nothing for amd64."""
        if needs_scheme and not _MAY_BE_URL.search(text.raw):
            return None
        if "\n" in text.raw.strip() or len(text.raw) > _LONGEST:
            return None
        url, used = self.expand(text, hosted, instruction)
        visible = _literal(url)
        if re.search(r"\s", visible.strip()) or (needs_scheme and not _SCHEME.search(visible)):
            return None
        if _QEMU.search(visible) or file_for_all().search(visible):
            return None
        found = {token.text for token in amd64_tokens(visible)}
        if any(token.arch is Arch.ARM64 for token in tokens(visible)):
            self.arm64_shapes.add(shape(url))
            return None
        hidden = () if found else _hidden(url)
        if not found and not hidden:
            return None
        sites = [Site(each, place, each.locate(place)) for each in used if not _is_bare(each) for place in each.places(frozenset(found))]
        sites += [Site(text, place, text.locate(place)) for name in hidden for place in file_names(text.raw, name)]
        return (url, tuple(sites)) if sites else None

    def in_script(self, hosted: HostedScript, branch: Span | None = None) -> Iterator[Download]:
        """The downloads of one script, or of one branch of a switch on the architecture in it."""
        script = hosted.script
        for command in script.commands if branch is None else script.commands_in(branch):
            if command.name in SILENT and not any(assignment.value for assignment in command.assignments):
                continue
            texts = [(self.of_word(hosted, word), needs) for word, needs in fetched_words(command)]
            values = [
                (self.of_word(hosted, each.value, each.name), True)
                for each in command.assignments
                if each.value is not None and not script.derive(only_read).get(each.name, False)
            ]
            for text, needs_scheme in (*texts, *values):
                judged = self.amd64_url(text, hosted, hosted.instruction, needs_scheme=needs_scheme)
                if judged is None or (branch is None and in_arch_switch(script, command)) or is_read(script, command):
                    continue
                url, sites = judged
                checksum = checksum_near(hosted, command, self._checksums(hosted)) or self.later_checksum(hosted, url)
                yield Download(
                    url=url,
                    sites=sites,
                    match=_tool(url),
                    hosted=hosted,
                    command=command,
                    instruction=hosted.instruction,
                    stage=hosted.stage,
                    checksum=checksum,
                    host=self.host_of(hosted),
                )

    def of_word(self, hosted: HostedScript, word: Word, name: str = "") -> Text:
        """A word of a script as a text."""
        return Text(word.text, lambda span: hosted.span(span.shift(word.span.start)), word, name)

    def host_of(self, hosted: HostedScript) -> Host:
        """Where a script runs; scripts in the folders of CI run there."""
        return Host.CI if hosted.host is Host.MACHINE and is_ci_path(self.file.path) else hosted.host

    def later_checksum(self, hosted: HostedScript, url: str) -> Span | None:
        """Where a later script of the same build checks the file of a URL against a literal checksum."""
        del hosted, url
        return None

    def _checksums(self, hosted: HostedScript) -> Sequence[tuple[int, int, Span]]:
        """Literal checksums that a script verifies against: the line of the script, a number, and where they stand in the file; by line."""
        if id(hosted) not in self._known_checksums:
            found = enumerate(self._find_checksums(hosted))
            self._known_checksums[id(hosted)] = sorted((line_at(hosted.script, at), number, span) for number, (at, span) in found)
        return self._known_checksums[id(hosted)]

    def _find_checksums(self, hosted: HostedScript) -> Iterator[tuple[int, Span]]:
        script = hosted.script
        if not any(command.name in SUMMERS for command in script.commands):
            return
        for found in HASH.finditer(script.text):
            yield found.start(), hosted.span(Span(*found.span()))
        for command in script.commands:
            for word in command.words:
                for reference in REFERENCE.finditer(word.template):
                    source = self.lookup(reference["braced"] or reference["plain"] or "", hosted, hosted.instruction)
                    if source is not None and (literal := HASH.search(source.raw)) is not None:
                        yield command.span.start, source.locate(Span(*literal.span()))


class _Scripts(Finder):
    def find(self) -> Iterator[Download]:
        for hosted in self.scripts_that(_speaks):
            yield from self.in_script(hosted)
        host = Host.CI if is_ci_path(self.file.path) else Host.MACHINE
        for text in self._make_variables.values():
            judged = None if text.name in self._conditional else self.amd64_url(text, None, None)
            if judged is not None:
                yield Download(*judged, _tool(judged[0]), host=host)

    @cached_property
    def _conditional(self) -> frozenset[str]:
        """The variables of a Makefile that only some machines get."""
        from armready.languages.make import parse_makefile

        return frozenset(each.name for each in self.file.parse(parse_makefile).variables if each.conditional or each.target)

    def host_values(self) -> Iterator[str]:
        return (text.raw for text in self._make_variables.values())

    @cached_property
    def _make_variables(self) -> Mapping[str, Text]:
        if self.file.kind is not Kind.MAKEFILE:
            return {}
        from armready.languages.make import parse_makefile

        texts: dict[str, Text] = {}
        for each in self.file.parse(parse_makefile).variables:
            if each.name in texts and each.operator != "?=":
                texts[each.name] = Text(_OPAQUE, lambda span: span, None, each.name)
            elif each.operator != "!=" and self.file.source.slice(each.value_span) == each.value:
                start = each.value_span.start
                texts[each.name] = Text(each.value, lambda span, start=start: span.shift(start), None, each.name)  # type: ignore[misc]
        return texts

    def lookup(self, name: str, hosted: HostedScript | None, instruction: Instruction | None) -> Text | None:
        if hosted is not None:
            definitions = self.assigned(hosted).get(name, [])
            if definitions:
                return self.only_value(definitions)
        return self._make_variables.get(name)


class _Dockerfile(Finder):
    def __init__(self, file: File) -> None:
        super().__init__(file)
        from armready.languages.dockerfile.parser import parse_dockerfile

        self.dockerfile: Dockerfile = file.parse(parse_dockerfile)
        self.hosted = {id(each.instruction): each for each in file.parse(scripts)}
        self._checks_after: dict[int, list[tuple[HostedScript, bool]]] = {}

    def find(self) -> Iterator[Download]:
        worth_reading = {id(each) for each in self.scripts_that(_speaks)}
        for outer in self.dockerfile.instructions:
            instruction = outer.trigger or outer
            stage = self.dockerfile.stage_of(outer)
            if stage is not None and (stage.is_windows or stage.variant):
                continue
            hosted = self.hosted.get(id(instruction))
            if hosted is not None:
                if id(hosted) in worth_reading:
                    yield from self.in_script(hosted)
            elif instruction.keyword == "ADD":
                yield from self._in_add(instruction, stage)
        for outer in self.dockerfile.instructions:
            instruction = outer.trigger or outer
            stage = self.dockerfile.stage_of(outer)
            if instruction.keyword in ("ARG", "ENV") and not (stage is not None and (stage.is_windows or stage.variant)):
                yield from self._in_pairs(instruction, stage)

    def host_values(self) -> Iterator[str]:
        for outer in self.dockerfile.instructions:
            instruction = outer.trigger or outer
            if instruction.keyword in ("ARG", "ENV"):
                yield from (pair.value for pair in instruction.pairs if pair.value)

    def misnamed(self) -> Iterator[Misnamed | None]:
        yield from super().misnamed()
        for outer in self.dockerfile.instructions:
            instruction, stage = outer.trigger or outer, self.dockerfile.stage_of(outer)
            if instruction.keyword == "ADD" and not (stage is not None and (stage.is_windows or stage.variant)):
                for word in instruction.words[:-1]:
                    yield self.misname(self._text(word.text, word.span, ""), None, instruction, stage)

    def later_checksum(self, hosted: HostedScript, url: str) -> Span | None:
        """See `Finder.later_checksum`; the file is known by its name, in the URL or behind an option of the command."""
        if hosted.stage is None or hosted.instruction is None:
            return None
        name = url.rpartition("/")[2]
        for other, names_saved in self._later_checks(hosted):
            if names_saved or (len(name) > 2 and name in other.text):
                return self._checksums(other)[0][2]
        return None

    def _later_checks(self, hosted: HostedScript) -> list[tuple[HostedScript, bool]]:
        """The next scripts of the same stage that verify checksums, and whether each names a file that this one saves."""
        if id(hosted) not in self._checks_after:
            here = bisect_left(self._checking, self._position(hosted) + 1, key=self._position)
            after = self._checking[here : here + _MOST_CHECKS]
            self._checks_after[id(hosted)] = [
                (each, any(name in each.text for name in hosted.script.derive(saved_names))) for each in after if each.stage is hosted.stage
            ]
        return self._checks_after[id(hosted)]

    def _position(self, hosted: HostedScript) -> int:
        return -1 if hosted.instruction is None else self.dockerfile.stages.position(hosted.instruction)

    @cached_property
    def _checking(self) -> list[HostedScript]:
        """The scripts that verify literal checksums, in order."""
        return [each for each in self.hosted.values() if any(name in each.text for name in SUMMERS) and self._checksums(each)]

    def _in_add(self, instruction: Instruction, stage: Stage | None) -> Iterator[Download]:
        for word in instruction.words[:-1]:
            judged = self.amd64_url(self._text(word.text, word.span, ""), None, instruction)
            if judged is not None:
                flag = instruction.flag("checksum")
                checksum = flag.span if flag is not None and flag.value and HASH.search(flag.value) else None
                yield Download(
                    url=judged[0],
                    sites=judged[1],
                    match=_tool(judged[0]),
                    hosted=None,
                    command=None,
                    instruction=instruction,
                    stage=stage,
                    checksum=checksum,
                    host=Host.IMAGE,
                )

    def _in_pairs(self, instruction: Instruction, stage: Stage | None) -> Iterator[Download]:
        for pair in instruction.pairs:
            judged = self.amd64_url(self._text(pair.value, pair.value_span, pair.name), None, instruction) if pair.value else None
            if judged is not None and not self._is_guarded(pair.name):
                yield Download(
                    url=judged[0],
                    sites=judged[1],
                    match=_tool(judged[0]),
                    hosted=None,
                    command=None,
                    instruction=instruction,
                    stage=stage,
                    checksum=None,
                    host=Host.IMAGE,
                )

    def _is_guarded(self, name: str) -> bool:
        """Whether a variable is used, and only in branches of switches on the architecture."""
        uses = [
            in_arch_switch(hosted.script, command)
            for hosted in self.hosted.values()
            if name in hosted.text
            for command in hosted.script.commands
            if any(_names(word, name) for word in (*command.words, *(each.value for each in command.assignments if each.value)))
        ]
        others = (each for each in self.dockerfile.instructions if id(each.trigger or each) not in self.hosted)
        return bool(uses) and all(uses) and not any(re.search(rf"\$\{{?{re.escape(name)}\b", each.text) for each in others)

    def _text(self, raw: str, span: Span, name: str) -> Text:
        exact = self.file.source.slice(span) == raw
        return Text(raw, (lambda inner: inner.shift(span.start)) if exact else (lambda _inner: span), None, name)

    def lookup(self, name: str, hosted: HostedScript | None, instruction: Instruction | None) -> Text | None:
        if hosted is not None:
            definitions = self.assigned(hosted).get(name, [])
            if definitions:
                return self.only_value(definitions)
        if instruction is None:
            return None
        stages = self.dockerfile.stages
        stage = stages.of(instruction)
        if stage is None:
            definition = stages.global_definition(name, stages.position(instruction))
        else:
            definition = stage.definition(name, instruction)
            if definition is not None and definition.pair.value is None:
                definition = stages.global_definition(name)
        if definition is None or not definition.pair.value:
            return None
        return self._text(definition.pair.value, definition.pair.value_span, name)


def _names(word: Word, name: str) -> bool:
    return any(name in (found["braced"], found["plain"]) for found in REFERENCE.finditer(word.template))


def _only_value(finder: Finder, definitions: list[tuple[HostedScript, Assignment, Command]]) -> Text | None:
    """The value of a variable that is always set to the same text; a text that is no literal otherwise.

    Where only the operating system decides (`darwin-amd64`, else `linux-amd64`), the value for Linux counts.
    """
    name = definitions[0][1].name
    opaque = Text(_OPAQUE, lambda span: span, None, name)
    values = [(hosted, each.value) for hosted, each, _ in definitions if each.value is not None and not each.append]
    if len(values) < len(definitions) or any(in_arch_switch(hosted.script, command) for hosted, _, command in definitions):
        return opaque
    if len({value.template for _, value in values}) > 1:
        if not all(tokens(value.template) and not names_arm64(value.template) for _, value in values):
            return opaque
        values = [(hosted, value) for hosted, value in values if amd64_tokens(value.template)]
        if not values:
            return opaque
    hosted, value = values[-1]
    return finder.of_word(hosted, value, name)


def _is_bare(text: Text) -> bool:
    """Whether an ARG or ENV of a Dockerfile holds nothing but the name of an architecture, which a rule of its own reports."""
    return bool(text.name) and text.word is None and bool(tokens(text.raw)) and not _BARE.sub("", text.raw)


def _hidden(url: str) -> tuple[str, ...]:
    """Names of files that are for amd64 without saying so, as the table has them: `ninja-linux`."""
    if not any(name in url for name in hidden_names()):
        return ()
    match = _tool(url)
    return () if match is None else tuple(each for each in match.tool.hidden if file_names(url, each))


def _speaks(text: str) -> bool:
    """Whether a text may hold a part of a URL that names an architecture, or a file that is for amd64 without saying so."""
    return may_name(text) or any(name in text for name in hidden_names())


def _asks(text: str) -> bool:
    """Whether a text asks which architecture it runs on."""
    return _ASKED.search(text) is not None

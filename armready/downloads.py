"""Files that a script, a Dockerfile or a Makefile fetches for amd64 although it could run anywhere.

A download is found by its URL: as a word of a command, in ADD, or as the value of a variable. Values are put in as far as the file tells
them, so that `curl "$URL"` is judged by what `URL` holds, and the finding stands where the architecture is written. A branch of a switch
on the architecture is left alone, and so is what is fetched for arm64 as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from armready.arch import Arch, Spelling, amd64_tokens, command_probe, names_arm64, probe, tokens
from armready.classify import Kind
from armready.file import File
from armready.finding import Confidence, Severity
from armready.knowledge.tools import Match, identify
from armready.parsers.shell import Assignment, Command, Script, Word, expansion_end, unquote
from armready.scripts import Host, HostedScript, scripts
from armready.source import Span

if TYPE_CHECKING:
    from armready.parsers.dockerfile import Dockerfile, Instruction
    from armready.parsers.dockerfile_stages import Stage

_FETCHERS = frozenset({"curl", "wget", "wget2", "fetch", "axel", "aria2c", "http", "https", "xh", "get", "download"})
# Commands whose words are text, patterns or names, not things to fetch.
_SILENT = frozenset(
    {
        "echo",
        "printf",
        ":",
        "cat",
        "git",
        "grep",
        "egrep",
        "fgrep",
        "sed",
        "awk",
        "gawk",
        "perl",
        "test",
        "[",
        "[[",
        "read",
        "for",
        "select",
        "die",
        "log",
        "info",
    }
    | {
        "docker",
        "podman",
        "buildah",
        "nerdctl",
        "kubectl",
        "helm",
        "oc",
        "true",
        "false",
        "exit",
        "return",
        "unset",
        "tee",
        "expr",
        "rm",
        "ls",
        "warn",
        "error",
    }
)
_WITH_VALUE = frozenset(
    {
        "-o",
        "--output",
        "-H",
        "--header",
        "-d",
        "--data",
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "-u",
        "--user",
        "-P",
        "--directory-prefix",
        "-T",
    }
)
_DECLARATIONS = frozenset({"export", "local", "declare", "readonly", "typeset"})
_REFERENCE = re.compile(
    r"\$\{(?P<braced>\w+)(?::?[-=](?P<default>[^{}$`\"']*))?\}|\$\((?P<make>[A-Za-z_][\w.-]*)\)|\$(?P<plain>[A-Za-z_]\w*)"
)
_SCHEME = re.compile(r"(?:https?|ftp)://")
_DATA = re.compile(
    r"\.(?:asc|sig|sha\d*|sha\d*sums?|md5|pem|key|gpg|json|ya?ml|txt|xml|html|md|repo|list|conf|sbom|minisig|xpi)(?:[?#].*)?$",
    re.IGNORECASE,
)
# QEMU's own binaries are named for the machine that they run on and emulate another one.
_QEMU = re.compile(r"qemu-[^/]*static")
_PACKAGE = re.compile(r"\.(?:deb|rpm|apk|pkg\.tar\.\w+)(?:[?#].*)?$", re.IGNORECASE)
_WHEEL = re.compile(r"\.whl(?:[?#].*)?$", re.IGNORECASE)
_HASH = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-fA-F])")
_SUMMERS = frozenset({"sha256sum", "sha512sum", "sha384sum", "sha224sum", "sha1sum", "md5sum", "shasum", "b2sum", "openssl", "gsha256sum"})
_ARCH_NAME = re.compile(
    r"(?i)(?<![a-z])(?:arch(?:itecture)?|machine|cpu(?:_?arch)?|platform|goarch|targetarch|buildarch|hosttype)(?![a-z])|arch$|_arch\b"
)
_CI_PATH = re.compile(
    r"(?:^|/)\.?(?:ci|github|circleci|gitlab|gitlab-ci|travis|buildkite|jenkins|drone|woodpecker|azure[\w-]*|azure-pipelines|prow|concourse)/"
)
# The value of a variable that only a run tells.
_OPAQUE = "$"
_BARE = re.compile(r"(?i)linux|gnu|musl|unknown|pc|alpine|amd64|x86[_-]64|x64|64-?bit|[\"'/_.-]|64")
_ASKED = re.compile(r"\$\{(?:TARGET|BUILD)ARCH\}|\$(?:TARGET|BUILD)ARCH\b|\$\((?:uname -m|arch|dpkg --print-architecture|go env GOARCH)\)")
_SUBSTITUTION = re.compile(r"\$\([^()]*(?:\([^()]*\)[^()]*)*\)|`[^`]*`")
# What reads the text that it gets: a download piped into it is data.
_READERS = frozenset(
    {"grep", "egrep", "sed", "awk", "jq", "yq", "head", "tail", "cut", "sort", "tr", "xmllint", "pup", "python", "python3", "wc"}
)
_DEEPEST = 5
_LONGEST = 3_000
# How far from a download, in lines, a literal checksum still belongs to it.
_NEAR = 8


class Text(NamedTuple):
    """A piece of source that holds a value: a word, or what a variable is set to.

    Attributes:
        raw: as written, quotes included.
        locate: the span in the file of a span in `raw`.
        word: the shell word it is.
        name: the variable it is the value of.
    """

    raw: str
    locate: Callable[[Span], Span]
    word: Word | None = None
    name: str = ""

    @property
    def template(self) -> str:
        """The text without its quotes."""
        return unquote(self.raw)[1]

    def literal_spans(self) -> Iterator[Span]:
        """The parts of `raw` outside of expansions and substitutions."""
        at, start = 0, 0
        while at < len(self.raw):
            character = self.raw[at]
            if character == "\\":
                at += 2
            elif character in "$`" and (end := expansion_end(self.raw, at)) > at + 1:
                yield Span(start, at)
                at = start = end
            else:
                at += 1
        yield Span(start, len(self.raw))

    def places(self, wanted: frozenset[str]) -> Iterator[Span]:
        """Where in `raw` one of the `wanted` names of an architecture is written out."""
        parts = list(self.literal_spans())
        for token in tokens(self.raw):
            if token.text in wanted and any(part.start <= token.start and token.end <= part.end for part in parts):
                yield Span(token.start, token.end)


class Site(NamedTuple):
    """A place where a name of amd64 is written: in which text, and where in the file."""

    text: Text
    inner: Span
    span: Span


@dataclass(frozen=True, eq=False)
class Download:
    """Something that is fetched for amd64.

    Attributes:
        url: what is fetched; variables that the file does not tell stay in it.
        sites: where its architecture is written, in order.
        match: the tool, when it is known.
        hosted: the script that fetches it.
        command: the command that does; None where only a value was seen.
        instruction: of a Dockerfile.
        stage: of a Dockerfile.
        checksum: where a literal checksum stands that belongs to it.
        host: where it runs.
    """

    url: str
    sites: tuple[Site, ...]
    match: Match | None
    hosted: HostedScript | None = None
    command: Command | None = None
    instruction: Instruction | None = None
    stage: Stage | None = None
    checksum: Span | None = None
    host: Host = Host.MACHINE

    @property
    def span(self) -> Span:
        """From the first to the last name of the architecture in the first text that has one."""
        first = self.sites[0]
        last = [site for site in self.sites if site.text is first.text][-1]
        return Span(first.span.start, max(first.span.end, last.span.end))

    @property
    def asset(self) -> str:
        """The name of the file."""
        path = re.split(r"[?#]", _SUBSTITUTION.sub("$(…)", self.url).rstrip("/"))[0]
        return path.rpartition("/")[2] or self.url

    @property
    def is_package(self) -> bool:
        """Whether it is a package of a distribution."""
        return bool(_PACKAGE.search(self.url))

    @property
    def is_data(self) -> bool:
        """Whether it is a signature, a checksum or a description, which does not run."""
        return bool(_DATA.search(self.url))

    @property
    def names(self) -> frozenset[str]:
        """The spellings of amd64 in it."""
        return frozenset(site.text.raw[site.inner.start : site.inner.end] for site in self.sites)

    @property
    def severity(self) -> Severity:
        """What it does to arm64 where it stands."""
        if self.host is Host.CI:
            on_arm = self.hosted is not None and self.hosted.architecture == "arm64"
            return Severity.WARNING if on_arm else Severity.INFO
        if self.host is not Host.IMAGE:
            return Severity.WARNING
        if self.stage is not None and (self.stage.on_build_platform or not self.stage.ships):
            return Severity.WARNING
        if self.instruction is not None and self.instruction.keyword == "ARG":
            return Severity.WARNING
        return Severity.ERROR

    @property
    def confidence(self) -> Confidence:
        """How sure it is that the file does not run on arm64."""
        return Confidence.MEDIUM if self.is_data and self.match is None else Confidence.HIGH

    @property
    def has_arm64(self) -> bool | None:
        """Whether the tool has a file for arm64 in that version."""
        return self.match.has_arm64 if self.match is not None else None


class Misnamed(NamedTuple):
    """A URL that takes the architecture from a source whose name for arm64 is not the one that the tool's files have.

    Attributes:
        span: the word, in the file.
        match: the tool.
        spelling: the source.
        expected: the names that the files for arm64 have.
        hosted: the script; None in ADD.
        stage: of a Dockerfile.
    """

    span: Span
    match: Match
    spelling: Spelling
    expected: tuple[str, ...]
    hosted: HostedScript | None
    stage: Stage | None


def misnamed(file: File) -> tuple[Misnamed, ...]:
    """The URLs of a file that name no file on arm64 although they follow the architecture."""
    finder = _finder(file)
    return tuple(each for each in finder.misnamed() if each is not None) if finder else ()


def downloads(file: File) -> tuple[Download, ...]:
    """The downloads of a file, in order, one for each place where an architecture is written.

    A file whose path names an architecture is for that one, and has none.
    """
    finder = _finder(file)
    if finder is None:
        return ()
    found: list[Download] = []
    taken: set[Span] = set()
    for download in finder.find():
        if download.sites[0].span not in taken:
            taken.update(site.span for site in download.sites)
            found.append(download)
    arm64 = finder.arm64_shapes
    kept = [each for each in found if _shape(each.url) not in arm64 and not _WHEEL.search(each.url)]
    fetched = {_shape(_DATA.sub("", each.url)) for each in kept if not each.is_data}
    kept = [each for each in kept if not each.is_data or _shape(_DATA.sub("", each.url)) not in fetched]
    return tuple(sorted(kept, key=lambda each: each.sites[0].span))


def is_ci_path(path: str) -> bool:
    """Whether a file lies in a folder of CI, so that its scripts are run by CI jobs."""
    return bool(_CI_PATH.search(path))


def _literal(url: str) -> str:
    """A URL with `$` in the place of each substitution and variable."""
    if "$" not in url and "`" not in url:
        return url
    return "$".join(url[span.start : span.end] for span in Text(url, lambda span: span).literal_spans())


def _tool(url: str) -> Match | None:
    return identify(_literal(url))


def _finder(file: File) -> _Finder | None:
    if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
        return None
    return _Dockerfile(file) if file.kind is Kind.DOCKERFILE else _Scripts(file)


def _shape(url: str) -> str:
    """A URL with its architectures taken out."""
    parts: list[str] = []
    at = 0
    for token in tokens(url):
        parts += url[at : token.start], "\0"
        at = token.end
    return "".join((*parts, url[at:])).lower()


class _Finder:
    """What Dockerfiles and scripts share: the values of variables, and the search in one script."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.arm64_shapes: set[str] = set()

    def find(self) -> Iterator[Download]:
        raise NotImplementedError

    def misnamed(self) -> Iterator[Misnamed | None]:
        for hosted in self.file.parse(scripts):
            if hosted.stage is not None and (hosted.stage.is_windows or hosted.stage.variant):
                continue
            for command in hosted.script.commands:
                if not in_arch_switch(hosted.script, command):
                    texts = [self.of_word(hosted, word) for word, _ in _fetched_words(command)]
                    yield from (self.misname(text, hosted, hosted.instruction, hosted.stage) for text in texts)

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
        return Misnamed(text.locate(Span(0, len(text.raw))), match, spelling, tuple(sorted(names)), hosted, stage)

    def lookup(self, name: str, hosted: HostedScript | None, instruction: Instruction | None) -> Text | None:
        raise NotImplementedError

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
            expanded = _REFERENCE.sub(lambda found: value(found, depth), template)
            return expanded if len(expanded) < _LONGEST else template

        return put_in(text.template, 0), used

    def judge(
        self, text: Text, hosted: HostedScript | None, instruction: Instruction | None, *, needs_scheme: bool = True
    ) -> tuple[str, tuple[Site, ...]] | None:
        """The URL and where its architecture is written; None when the text fetches nothing for amd64."""
        if "\n" in text.raw.strip() or len(text.raw) > _LONGEST:
            return None
        url, used = self.expand(text, hosted, instruction)
        visible = _literal(url)
        if re.search(r"\s", visible.strip()) or (needs_scheme and not _SCHEME.search(visible)) or _QEMU.search(visible):
            return None
        found = {token.text for token in amd64_tokens(visible)}
        if any(token.arch is Arch.ARM64 for token in tokens(visible)):
            self.arm64_shapes.add(_shape(url))
            return None
        match = _tool(url)
        hidden = () if found or match is None else _hidden(url, match)
        if not found and not hidden:
            return None
        sites = [Site(each, place, each.locate(place)) for each in used if not _is_bare(each) for place in each.places(frozenset(found))]
        sites += [Site(text, place, text.locate(place)) for name in hidden for place in _occurrences(text.raw, name)]
        return (url, tuple(sites)) if sites else None

    def in_script(self, hosted: HostedScript) -> Iterator[Download]:
        """The downloads of one script."""
        script = hosted.script
        for command in script.commands:
            if command.name in _SILENT and not any(assignment.value for assignment in command.assignments):
                continue
            texts = [(self.of_word(hosted, word), needs) for word, needs in _fetched_words(command)]
            values = [(self.of_word(hosted, each.value, each.name), True) for each in command.assignments if each.value is not None]
            for text, needs_scheme in (*texts, *values):
                judged = self.judge(text, hosted, hosted.instruction, needs_scheme=needs_scheme)
                if judged is None or in_arch_switch(script, command) or _is_read(script, command):
                    continue
                url, sites = judged
                checksum = _checksum(hosted, command, self.checksums(hosted))
                yield Download(url, sites, _tool(url), hosted, command, hosted.instruction, hosted.stage, checksum, self.host_of(hosted))

    def of_word(self, hosted: HostedScript, word: Word, name: str = "") -> Text:
        return Text(word.text, lambda span: hosted.span(span.shift(word.span.start)), word, name)

    def host_of(self, hosted: HostedScript) -> Host:
        return Host.CI if hosted.host is Host.MACHINE and is_ci_path(self.file.path) else hosted.host

    def checksums(self, hosted: HostedScript) -> Iterator[tuple[int, Span]]:
        """Literal checksums that a script verifies against: where, in the script, and in the file."""
        script = hosted.script
        if not any(command.name in _SUMMERS for command in script.commands):
            return
        for found in _HASH.finditer(script.text):
            yield found.start(), hosted.span(Span(*found.span()))
        for command in script.commands:
            for word in command.words:
                for reference in _REFERENCE.finditer(word.template):
                    source = self.lookup(reference["braced"] or reference["plain"] or "", hosted, hosted.instruction)
                    if source is not None and (literal := _HASH.search(source.raw)) is not None:
                        yield command.span.start, source.locate(Span(*literal.span()))


class _Scripts(_Finder):
    def find(self) -> Iterator[Download]:
        for hosted in self.file.parse(scripts):
            yield from self.in_script(hosted)

    @cached_property
    def _assigned(self) -> Mapping[int, Mapping[str, list[tuple[HostedScript, Assignment, Command]]]]:
        found: dict[int, dict[str, list[tuple[HostedScript, Assignment, Command]]]] = {}
        for hosted in self.file.parse(scripts):
            found[id(hosted)] = _assignments(hosted)
        return found

    @cached_property
    def _make_variables(self) -> Mapping[str, Text]:
        if self.file.kind is not Kind.MAKEFILE:
            return {}
        from armready.parsers.makefile import parse_makefile

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
            definitions = self._assigned.get(id(hosted), {}).get(name, [])
            if definitions:
                return _only_value(self, definitions)
        return self._make_variables.get(name)


class _Dockerfile(_Finder):
    def __init__(self, file: File) -> None:
        super().__init__(file)
        from armready.parsers.dockerfile import parse_dockerfile

        self.dockerfile: Dockerfile = file.parse(parse_dockerfile)
        self.hosted = {id(each.instruction): each for each in file.parse(scripts)}

    def find(self) -> Iterator[Download]:
        for outer in self.dockerfile.instructions:
            instruction = outer.trigger or outer
            stage = self.dockerfile.stage_of(outer)
            if stage is not None and (stage.is_windows or stage.variant):
                continue
            hosted = self.hosted.get(id(instruction))
            if hosted is not None:
                yield from self.in_script(hosted)
            elif instruction.keyword == "ADD":
                yield from self._in_add(instruction, stage)
        for outer in self.dockerfile.instructions:
            instruction = outer.trigger or outer
            stage = self.dockerfile.stage_of(outer)
            if instruction.keyword in ("ARG", "ENV") and not (stage is not None and (stage.is_windows or stage.variant)):
                yield from self._in_pairs(instruction, stage)

    def misnamed(self) -> Iterator[Misnamed | None]:
        yield from super().misnamed()
        for outer in self.dockerfile.instructions:
            instruction, stage = outer.trigger or outer, self.dockerfile.stage_of(outer)
            if instruction.keyword == "ADD" and not (stage is not None and (stage.is_windows or stage.variant)):
                for word in instruction.words[:-1]:
                    yield self.misname(self._text(word.text, word.span, ""), None, instruction, stage)

    def _in_add(self, instruction: Instruction, stage: Stage | None) -> Iterator[Download]:
        for word in instruction.words[:-1]:
            judged = self.judge(self._text(word.text, word.span, ""), None, instruction)
            if judged is not None:
                flag = instruction.flag("checksum")
                checksum = flag.span if flag is not None and flag.value and _HASH.search(flag.value) else None
                yield Download(judged[0], judged[1], _tool(judged[0]), None, None, instruction, stage, checksum, Host.IMAGE)

    def _in_pairs(self, instruction: Instruction, stage: Stage | None) -> Iterator[Download]:
        for pair in instruction.pairs:
            judged = self.judge(self._text(pair.value, pair.value_span, pair.name), None, instruction) if pair.value else None
            if judged is not None:
                yield Download(judged[0], judged[1], _tool(judged[0]), None, None, instruction, stage, None, Host.IMAGE)

    def _text(self, raw: str, span: Span, name: str) -> Text:
        exact = self.file.source.slice(span) == raw
        return Text(raw, (lambda inner: inner.shift(span.start)) if exact else (lambda _inner: span), None, name)

    def lookup(self, name: str, hosted: HostedScript | None, instruction: Instruction | None) -> Text | None:
        if hosted is not None:
            definitions = self._assigned(hosted).get(name, [])
            if definitions:
                return _only_value(self, definitions)
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

    def _assigned(self, hosted: HostedScript) -> Mapping[str, list[tuple[HostedScript, Assignment, Command]]]:
        return self._memo.setdefault(id(hosted), _assignments(hosted))

    @cached_property
    def _memo(self) -> dict[int, Mapping[str, list[tuple[HostedScript, Assignment, Command]]]]:
        return {}


def _assignments(hosted: HostedScript) -> dict[str, list[tuple[HostedScript, Assignment, Command]]]:
    found: dict[str, list[tuple[HostedScript, Assignment, Command]]] = {}
    for command in hosted.script.commands:
        for assignment in command.assignments:
            found.setdefault(assignment.name, []).append((hosted, assignment, command))
        for frame in command.context:
            if frame.kind in ("for", "select") and frame.label and frame.label not in found:
                found[frame.label] = [(hosted, Assignment(command.span, frame.label, None), command)]
    return found


def _only_value(finder: _Finder, definitions: list[tuple[HostedScript, Assignment, Command]]) -> Text | None:
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


def _fetched_words(command: Command) -> Iterator[tuple[Word, bool]]:
    """The words of a command that may be fetched, and whether only a scheme makes a URL of them."""
    if command.name in _SILENT or command.name in _DECLARATIONS or not command.words:
        return
    fetches = command.name in _FETCHERS
    before = ""
    for word in command.args:
        option, before = before, word.template
        if command.name == "gh" and option in ("-p", "--pattern"):
            yield word, False
        elif option in _WITH_VALUE or (option == "-O" and command.name == "wget"):
            continue
        elif not word.template.startswith("-"):
            yield word, not (fetches and "/" in word.template.lstrip("./") and "." in word.template and word.template[0] not in "/.")
        elif "=" in word.template:
            yield word, True


def in_arch_switch(script: Script, command: Command) -> bool:
    """Whether a command stands in a branch that is chosen by the architecture."""
    for frame in command.context:
        if frame.kind in ("if", "case"):
            switch = next((each for each in script.switches if each.span.start == frame.start), None)
            if switch is None:
                continue
            texts = [script.text[slice(*branch.condition)] for branch in switch.branches if branch.condition is not None]
            if switch.subject is not None:
                texts.append(switch.subject.template)
            if any(about_arch(text) for text in texts):
                return True
        elif frame.kind in ("and", "or"):
            before = script.commands_in(Span(frame.start, command.span.start))
            if any(_asks(script, each) for each in before):
                return True
    return False


def _asks(script: Script, command: Command) -> bool:
    """Whether the success of a command depends on the architecture: a test, `uname -m | grep`, Node's `process.arch`."""
    text = script.text[slice(*command.span)]
    if command.name in ("[", "[[", "test"):
        return about_arch(text)
    return command.name not in _SILENT and bool(command.words) and not _is_substituted(command) and command_probe(text) is not None


def _is_substituted(command: Command) -> bool:
    return any(frame.kind == "substitution" for frame in command.context)


def about_arch(text: str) -> bool:
    """Whether a condition asks for the architecture."""
    return probe(text) is not None or bool(tokens(text)) or bool(_ARCH_NAME.search(text))


def _is_read(script: Script, command: Command) -> bool:
    """Whether the output of a command goes to one that reads it as text."""
    frame = command.context[-1] if command.context else None
    if frame is None or frame.kind != "pipeline":
        return False
    after = (*command.context[:-1], frame._replace(branch=frame.branch + 1))
    rest = script.commands_in(Span(command.span.end, len(script.text)))
    return any(each.name in _READERS and each.context == after for each in rest)


def _is_bare(text: Text) -> bool:
    """Whether an ARG or ENV of a Dockerfile holds nothing but the name of an architecture, which a rule of its own reports."""
    return bool(text.name) and text.word is None and bool(tokens(text.raw)) and not _BARE.sub("", text.raw)


def _hidden(url: str, match: Match) -> tuple[str, ...]:
    """Names of files that are for amd64 without saying so, as the table has them: `ninja-linux`."""
    return tuple(amd64 for amd64, _ in match.tool.pairs if not tokens(amd64) and any(_occurrences(url, amd64)))


def _occurrences(text: str, name: str) -> list[Span]:
    return [Span(*found.span()) for found in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def _checksum(hosted: HostedScript, command: Command, found: Iterator[tuple[int, Span]]) -> Span | None:
    """The literal checksum that belongs to a download: any in the same instruction, the nearest within a few lines elsewhere."""
    if hosted.instruction is not None:
        return next((span for _, span in found), None)
    text = hosted.text
    near = [(abs(text.count("\n", min(at, command.span.start), max(at, command.span.start))), span) for at, span in found]
    distance, span = min(near, default=(_NEAR + 1, None), key=lambda each: each[0])
    return span if distance <= _NEAR else None

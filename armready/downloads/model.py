"""What a download is: where its architecture is written, which tool it is, and what it does to arm64."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from armready.builds.scripts import Host, HostedScript
from armready.core.finding import Confidence, Severity
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.knowledge.arch import Spelling, tokens
from armready.knowledge.tools import Match
from armready.languages.shell.script import Command, Word, expansion_end, unquote

if TYPE_CHECKING:
    from armready.languages.dockerfile.instructions import Instruction
    from armready.languages.dockerfile.stages import Stage

DATA = regex(
    r"\.(?:asc|sig|sha\d*|sha\d*sums?|md5|json|ya?ml|txt|xml|html|md|repo|list|conf|sbom|minisig|xpi)(?:[?#](?s:.*))?$",
    re.IGNORECASE,
)
_KEY = regex(r"\.(?:pub|key|gpg|pem)(?:[?#](?s:.*))?$", re.IGNORECASE)
_BEFORE_QUERY = regex(r"(?:\$\{[^{}]{0,200}\}|[^?#])*")
_PACKAGE = regex(r"\.(?:deb|rpm|apk|pkg\.tar\.\w+)(?:[?#](?s:.*))?$", re.IGNORECASE)
_SUBSTITUTION = regex(r"\$\([^()]*(?:\([^()]*\)[^()]*)*\)|`[^`]*`")


def file_names(text: str, name: str) -> list[Span]:
    """Where the last part of a path has a name of a file that says no architecture; one that ends in `-` is a beginning."""
    path = re.split(r"[?#]", text)[0]
    ending = r"(?![\w$({%<-])" if name[-1].isalnum() else ""
    found = re.compile(rf"(?<![\w-]){re.escape(name)}{ending}").finditer(path, path.rfind("/") + 1)
    return [Span(*each.span()) for each in found]


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
        found = _BEFORE_QUERY.match(_SUBSTITUTION.sub("$(…)", self.url).rstrip("/"))
        path = found[0] if found else self.url
        return path.rpartition("/")[2] or self.url

    @property
    def is_package(self) -> bool:
        """Whether it is a package of a distribution."""
        return bool(_PACKAGE.search(self.url))

    @property
    def is_data(self) -> bool:
        """Whether it is a signature, a checksum or a description, which does not run."""
        return bool(DATA.search(self.url))

    @property
    def is_key(self) -> bool:
        """Whether it is a public key, which is the same for every machine."""
        return bool(_KEY.search(self.url))

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

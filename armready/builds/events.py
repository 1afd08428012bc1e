"""The events of image builds: what is built, tagged, pushed, used and set up.

Names are compared where they stand: an event keeps the spellings that its words can have with the variables of that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from enum import StrEnum
from functools import lru_cache

from armready.builds import references
from armready.builds.grammar import Invocation
from armready.builds.model import Declared, Job, Step
from armready.builds.platforms import NOT_GIVEN, Platforms
from armready.builds.variables import Environment, expand, has_expansion, names, takes_default
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.shell.script import Command, Script, Word


class Output(StrEnum):
    """Where a build puts its result."""

    DEFAULT = "default"
    REGISTRY = "registry"
    DAEMON = "daemon"
    FILE = "file"
    CACHE = "cache"


_EXPANSIONS = regex(r"\$\{\{[^}]{0,500}\}\}|\$\{[^}]{0,500}\}|\$\([^)]{0,500}\)|\$\w+|\{\{[^}]{0,500}\}\}")


def _literal_length(text: str) -> int:
    """How much of a text is known."""
    return len(_EXPANSIONS.sub("", text))


@dataclass(frozen=True, eq=False)
class Name:
    """A reference as it is written.

    Attributes:
        text: its template.
        word: the word that holds it, None when it comes from a declarative step.
        spellings: normalised: the source text, and what the variables of the moment make of it.
        guessed: there are several, or they rest on the default of a variable that something outside may set.
    """

    text: str
    spellings: frozenset[str]
    word: Word | None = None
    guessed: bool = False

    def same(self, other: Name) -> bool:
        """Whether both may name the same image."""
        return not self.spellings.isdisjoint(other.spellings)

    def surely(self, other: Name) -> bool:
        """Whether both name the same image, whatever is set outside."""
        return self.text == other.text or (not (self.guessed or other.guessed) and self.same(other))

    @property
    def shown(self) -> str:
        """The most telling spelling: one without variables if there is one."""
        resolved = sorted(each for each in self.spellings if not has_expansion(each))
        return resolved[0] if resolved else max((self.text, *sorted(self.spellings)), key=_literal_length)


@dataclass(frozen=True, eq=False)
class Moment:
    """Where an event stands, and what the shell knows there.

    Attributes:
        job: where.
        step: the step of the job.
        script: the step's script, None for a declarative step.
        command: the command in it.
        span: where it stands in the file.
        order: its place among all events of the job.
        invocation: the command as read.
        environment: the variables at this moment.
        folder: the working folder at this moment; None when it is not known.
    """

    job: Job
    step: Step
    script: Script | None
    command: Command | None
    span: Span
    order: int
    invocation: Invocation | None = None
    environment: Environment = field(default_factory=dict)
    folder: str | None = ""


@dataclass(frozen=True, eq=False)
class Event:
    """Something that happens to images."""

    at: Moment

    @property
    def job(self) -> Job:
        """The job it happens in."""
        return self.at.job

    @property
    def step(self) -> Step:
        """The step it happens in."""
        return self.at.step

    @property
    def script(self) -> Script | None:
        """The script it stands in."""
        return self.at.script

    @property
    def command(self) -> Command | None:
        """The command that does it."""
        return self.at.command

    @property
    def span(self) -> Span:
        """Where it stands in the file."""
        return self.at.span

    @property
    def order(self) -> int:
        """Its place among all events of the job."""
        return self.at.order

    @property
    def invocation(self) -> Invocation | None:
        """The command as read."""
        return self.at.invocation

    @property
    def environment(self) -> Environment:
        """The variables at its moment."""
        return self.at.environment

    @property
    def folder(self) -> str | None:
        """The working folder at its moment."""
        return self.at.folder

    @property
    def condition(self) -> tuple[object, ...]:
        """What decides whether it happens: the step's condition and that of the command within it."""
        guards = self.command.guards if self.command is not None else ()
        return (self.step.condition, *((id(self.step), *frame) for frame in guards))


@dataclass(frozen=True, eq=False)
class Build(Event):
    """An image is built."""

    tool: str = ""
    tags: tuple[Name, ...] = ()
    platforms: Platforms = NOT_GIVEN
    output: Output = Output.DEFAULT
    pushes: bool = False
    dockerfile: str = ""
    context: str = ""
    stdin: bool = False
    target: str = ""
    arguments: tuple[str, ...] = ()
    declared: Declared | None = None
    manifest: str = ""
    by_digest: bool = False
    default_platform: bool = False
    described_in: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Tag(Event):
    """An image gets another name."""

    source: Name | None = None
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, eq=False)
class Push(Event):
    """An image is pushed. `source` is the local name where it differs from `name`."""

    name: Name | None = None
    source: Name | None = None
    every_tag: bool = False
    all_platforms: bool = False
    declared: Declared | None = None


@dataclass(frozen=True, eq=False)
class Pull(Event):
    """An image is pulled."""

    name: Name | None = None


@dataclass(frozen=True, eq=False)
class Login(Event):
    """Credentials for a registry are stored."""


@dataclass(frozen=True, eq=False)
class Use(Event):
    """A local image is used: run, saved, scanned, removed."""

    names: tuple[Name, ...] = ()
    verb: str = ""

    @property
    def removes(self) -> bool:
        """Whether it takes the image out of the daemon."""
        return self.verb in ("rmi", "image rm")


@dataclass(frozen=True, eq=False)
class Setup(Event):
    """Emulation or a builder is set up.

    Attributes:
        kind: `emulator`, `builder`, `context`, `install`, or `action` for an action of the repository, which may do any of it.
        detail: emulator: its image or platforms; builder: the driver; action: its folder.
        named: the context that a builder is created on; empty for none.
    """

    kind: str = ""
    detail: str = ""
    named: str = ""
    declared: Declared | None = None


@dataclass(frozen=True, eq=False)
class Merge(Event):
    """Images of several platforms are joined under one name."""

    names: tuple[Name, ...] = ()
    sources: tuple[Name, ...] = ()


@dataclass(frozen=True, eq=False)
class Bake(Event):
    """`docker buildx bake`, `docker compose build` or `push`: what is built stands in another file."""

    verb: str = ""
    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    pushes: bool = False
    platforms: Platforms = NOT_GIVEN
    loads: bool = False


@dataclass(frozen=True, eq=False)
class Call(Event):
    """A script or a target of a build description is run.

    Attributes:
        runner: `make`, `script`, `npm`, `just`, `task`.
        target: the target's or script's name; the path for `script`.
        path: the path of the file, relative to the root, as far as it is known.
    """

    runner: str = ""
    target: str = ""
    path: str | None = None


@dataclass(frozen=True, eq=False)
class Variable(Event):
    """A variable that changes how images are built is set."""

    name: str = ""
    value: str = ""


@dataclass(frozen=True, eq=False)
class Deploy(Event):
    """An image is given to a service that takes no index (AWS Lambda, SageMaker, Heroku), or runs it on x86-64 alone (Cloud Run)."""

    names: tuple[Name, ...] = ()
    service: str = ""
    takes_index: bool = False


@dataclass(frozen=True, eq=False)
class Compile(Event):
    """A compiler writes a binary for the job's own architecture, or for amd64; `output` is its path."""

    output: str = ""


@lru_cache(maxsize=8192)
def _normalise(text: str) -> str:
    return references.normalise(text)


def name_of(text: str, environment: Environment, word: Word | None = None) -> Name:
    """A reference with all its spellings."""
    texts = expand(text, environment)
    spellings = {_normalise(each) for each in texts if each}
    if not any(not has_expansion(each) for each in texts):
        spellings.add(_normalise(text))
    return Name(text, frozenset(spellings), word, guessed=len(texts) > 1 or takes_default(text, environment))


def spellings(names: Iterable[Name]) -> set[str]:
    """All spellings of some names."""
    return {each for name in names for each in name.spellings}


def repositories(names: Iterable[Name]) -> set[str]:
    """The repositories of all spellings of some names."""
    return {references.repository(each) for each in spellings(names)}


def distinct(names: Iterable[Name]) -> list[Name]:
    """The names without those that surely name the same image as one before."""
    found: list[Name] = []
    seen: set[str] = set()
    guessed: set[str] = set()
    for name in names:
        if name.text in guessed if name.guessed else not seen.isdisjoint(name.spellings):
            continue
        found.append(name)
        if name.guessed:
            guessed.add(name.text)
        else:
            seen |= name.spellings
    return found


def variables_in(names_: Sequence[str]) -> set[str]:
    """The variables that some texts depend on."""
    return {found for each in names_ for found in names(each)}


BUILD_VARIABLES = frozenset(
    {"DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT", "COMPOSE_DOCKER_CLI_BUILD", "BUILDX_BUILDER", "DOCKER_CONTENT_TRUST", "BUILDAH_PLATFORM"}
)

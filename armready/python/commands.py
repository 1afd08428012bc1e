"""`pip install` and its like in scripts: what they install, on which Python, for which platform, and whether a compiler is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from posixpath import basename, dirname

from armready.builds.scripts import Host, HostedScript, scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.project import join
from armready.core.source import Location, Span
from armready.core.startup import dataclass, regex
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import PlatformKind
from armready.languages.dockerfile.stages import Stage
from armready.languages.requirements import parse_requirement
from armready.languages.shell.model import Command, Word
from armready.python.dependencies import Dependency
from armready.python.images import PythonImage, base_of
from armready.python.manifest import Manifest
from armready.python.policies import of_commands

# Stands in every script that runs pip, by whichever name; `pipefail` is none.
_RUNS_PIP = regex(r"pip(?![A-Za-z_-])")
_PIP = regex(r"pip(?:\d(?:\.\d+)?)?$")
_PYTHON = regex(r"python(?:\d(?:\.\d+)?)?$|py$")
_WITH_VALUE = frozenset(
    [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--platform",
        "--python-version",
        "--prefix",
        "--root",
        "--only-binary",
        "--no-binary",
        "--implementation",
        "--abi",
        "--trusted-host",
        "--timeout",
        "--retries",
        "--cache-dir",
        "--log",
        "--src",
        "--python",
        "--proxy",
        "--cert",
        "--client-cert",
        "--progress-bar",
        "--upgrade-strategy",
        "-b",
        "--build",
        "--global-option",
        "--install-option",
        "--config-settings",
        "--report",
        "-d",
        "--dest",
        "-w",
        "--wheel-dir",
        "--python-platform",
        "--resolution",
        "--index-strategy",
        "--use-feature",
        "--index",
        "--default-index",
        "-p",
        "--group",
        "--with",
        "-C",
        "--user-agent",
    ]
)
_CONDA_WITH_VALUE = frozenset({"-c", "--channel", "-n", "--name", "-p", "--prefix", "-f", "--file"})
_PLATFORM_OPTIONS = ("--platform", "--python-platform", "--plat-name")
_X86_PLATFORM = regex(r"(?:(?:many|musl)linux\w{0,60}|linux)_x86_64$|x86_64-|linux$")
_INSTALLERS = regex(
    r"\b(?:pip\d?(?:\.\d+)?\s+install|uv\s+(?:pip\s+install|sync|pip\s+sync)|poetry\s+install|pipenv\s+(?:install|sync)"
    r"|pdm\s+(?:install|sync)|hatch\s)"
)
_COMPILER = regex(
    r"(?<![\w.-])(?:build-essential|gcc|g\+\+|build-base|clang|alpine-sdk|gcc-c\+\+|base-devel|[Dd]evelopment [Tt]ools|rustc|cargo|rustup"
    r"|gcc-\d+)(?![\w-])"
)
_ARCH_TEST = regex(r"x86_64|amd64|aarch64|arm64|uname|TARGETARCH|TARGETPLATFORM|dpkg|runner[._]arch|\bx64\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlatformOption:
    """An installer that is told to take files for x86-64: a fact.

    Attributes:
        location: the option with its value.
        text: as written.
        tool: the command.
    """

    location: Location
    text: str
    tool: str


@dataclass(frozen=True, slots=True)
class IndexOption:
    """A place other than PyPI where an installer is told to look.

    Attributes:
        location: the URL.
        url: as written.
        alone: nothing else is looked at.
    """

    location: Location
    url: str
    alone: bool


_ALONE = frozenset({"-i", "--index-url", "--default-index"})
_BESIDE = frozenset({"--extra-index-url", "--index", "-f", "--find-links"})


def command_facts(file: File) -> Iterator[Manifest | PythonImage]:
    """The collector: what the scripts of a file install, and what its stages say of Python.

    Raises:
        ParseProblem: the file is not what its kind says.
    """
    hosted = file.parse(scripts)
    dependencies = [each for script in hosted for each in _script(file, script)]
    if dependencies:
        yield Manifest(
            file.path,
            "commands",
            dependencies=tuple(dependencies),
            policy=of_commands("\n".join([*(each.text for each in hosted), _environment(file)])),
        )
    if file.kind is Kind.DOCKERFILE:
        yield from _images(file, hosted)


def installs(command: Command) -> tuple[Word, ...] | None:
    """The words after `install` of a pip or uv command; None for another command."""
    words = [word.template for word in command.words]
    if not words:
        return None
    at = 1
    if _PYTHON.match(basename(words[0])) and words[1:3][:1] == ["-m"] and len(words) > 2 and _PIP.match(words[2]):
        at = 3
    elif basename(words[0]) == "uv" and words[1:2] == ["pip"]:
        at = 2
    elif not (_PIP.match(basename(words[0])) or _PIP.match(command.name)):
        return None
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _WITH_VALUE else 1
    if at >= len(words) or words[at] not in ("install", "download", "wheel"):
        return None
    return command.words[at + 1 :]


def _script(file: File, hosted: HostedScript) -> Iterator[Dependency]:
    for command in hosted.script.settled if _RUNS_PIP.search(hosted.text) else ():
        arguments = installs(command)
        if arguments is None or _depends_on_arch(hosted, command):
            continue
        skip = False
        for word in arguments:
            text = word.template
            if skip or text.startswith("-"):
                skip = not skip and text in _WITH_VALUE
                continue
            dependency = _dependency(file, hosted, command, word)
            if dependency is not None:
                yield dependency


def _depends_on_arch(hosted: HostedScript, command: Command) -> bool:
    """Whether a test of the architecture may stand around a command."""
    for frame in command.context:
        if frame.kind in ("if", "case", "and", "or", "while", "for") and _ARCH_TEST.search(hosted.text[frame.start : command.span.start]):
            return True
    return False


def _dependency(file: File, hosted: HostedScript, command: Command, word: Word) -> Dependency | None:
    text = word.value
    if text is None:
        if hosted.stage is None or hosted.instruction is None:
            text = hosted.expand(word.template)
        else:
            text = hosted.stage.expand(word.template, hosted.instruction)
    if not text or "$" in text or (re.search(r"\s", text.strip()) is None and text.startswith((".", "/"))):
        return None
    requirement = parse_requirement(text)
    if requirement is None or not requirement.name or requirement.url:
        return None
    location = file.location(hosted.span(word.span))
    version = None
    inner = word.text.find(text)
    if word.value is not None and inner >= 0 and requirement.specifier and not command.nested and not command.broken:
        start = word.span.start + inner
        exact = hosted.script.embedded.host_span(Span(start + requirement.specifier_span.start, start + requirement.specifier_span.end))
        version = file.location(exact) if exact is not None else None
    return Dependency(requirement.name, requirement.specifier, location, requirement.marker, version=version)


def _environment(file: File) -> str:
    """The variables that a Dockerfile sets for its scripts."""
    return "\n".join(re.findall(r"(?m)^[ \t]*(?:ENV|ARG)[ \t]+.*", file.text)) if file.kind is Kind.DOCKERFILE else ""


# --- Dockerfiles --------------------------------------------------------------------------------------------------------------


def _images(file: File, hosted: tuple[HostedScript, ...]) -> Iterator[PythonImage]:
    by_stage: dict[int, list[HostedScript]] = {}
    for script in hosted:
        if script.stage is not None and script.host is Host.IMAGE:
            by_stage.setdefault(script.stage.index, []).append(script)
    for stage in file.parse(parse_dockerfile).stages:
        runs = by_stage.get(stage.index, [])
        installing = [each for each in runs if _INSTALLERS.search(each.unquoted)]
        base = base_of(list(stage.chain())[-1].image or "")
        compiler = base.compiler
        if base.python is None and not installing:
            continue
        earlier = [each for one in stage.chain() for each in by_stage.get(one.index, ())]
        if any(_COMPILER.search(each.unquoted) for each in earlier):
            compiler = True
        if stage.platform.kind is not PlatformKind.TARGET:
            compiler = None
        files = tuple(dict.fromkeys(path for each in installing for path in _requirement_files(file, stage, each)))
        yield PythonImage(
            location=file.location(stage.origin.span),
            python=base.python,
            libc=base.libc,
            compiler=compiler,
            installs=files,
            installs_something=bool(installing),
            ships=stage.ships,
            glibc=base.glibc,
        )


def _requirement_files(file: File, stage: Stage, hosted: HostedScript) -> Iterator[str]:
    """The requirement files that a RUN installs, as paths they may have in the repository."""
    folder = dirname(file.path)
    copied = [
        source for each in stage.instructions if each.keyword in ("COPY", "ADD") and not each.flag("from") for source in _words(each.words)
    ]
    for command in hosted.script.settled:
        arguments = installs(command) or ()
        for option, value in pairwise(arguments):
            if option.template not in ("-r", "--requirement"):
                continue
            named = value.template.lstrip("/")
            sources = [source for source in copied if basename(source) == basename(named)]
            for source in (*sources, named, basename(named)):
                for start in (folder, ""):
                    path = join(start, source.lstrip("/"))
                    if path is not None:
                        yield path


def _words(words: tuple[object, ...]) -> list[str]:
    return [str(getattr(word, "text", "")) for word in words[:-1]]


# --- conda --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CondaWords:
    """A `conda install` or `create` of a script.

    Attributes:
        packages: its packages with their places.
        channels: its channels with their places.
    """

    packages: tuple[tuple[str, Span], ...]
    channels: tuple[tuple[str, Span], ...]


def conda_commands(file: File) -> tuple[CondaWords, ...]:
    """Every installation by conda, mamba or micromamba that does not stand under a test of the architecture.

    Raises:
        ParseProblem: the file is not what its kind says.
    """
    found = []
    for hosted in file.parse(scripts):
        for command in hosted.script.settled if hosted.holds((b"conda", b"mamba")) else ():
            words = command.words
            if command.name not in ("conda", "mamba", "micromamba") or _depends_on_arch(hosted, command):
                continue
            if not any(word.template in ("install", "create", "update") for word in words[1:3]):
                continue
            packages, channels = [], []
            option = ""
            for word in words[1:]:
                text = word.value or ""
                place = (text, file.location(hosted.span(word.span)).span)
                if option in ("-c", "--channel"):
                    channels.append(place)
                elif not option and text and not text.startswith("-") and text not in ("install", "create", "update"):
                    packages.append(place)
                option = text if text in _CONDA_WITH_VALUE else ""
            found.append(CondaWords(tuple(packages), tuple(channels)))
    return tuple(found)


# --- platforms ----------------------------------------------------------------------------------------------------------------


def platform_options(file: File) -> tuple[PlatformOption, ...]:
    """Every installer or packager of a file that is told to take files for Linux x86-64.

    Raises:
        ParseProblem: the file is not what its kind says.
    """
    found = []
    for hosted in file.parse(scripts):
        for command in hosted.script.settled if any(option in hosted.text for option in _PLATFORM_OPTIONS) else ():
            if not re.search(r"pip|uv|pex|poetry|wheel|python", command.name) or _depends_on_arch(hosted, command):
                continue
            for position, word in enumerate(command.words):
                name, equals, value = word.template.partition("=")
                if name not in _PLATFORM_OPTIONS:
                    continue
                after = command.words[position + 1] if not equals and position + 1 < len(command.words) else None
                value = value if equals else after.template if after is not None else ""
                if not _X86_PLATFORM.search(value) or (value == "linux" and name != "--python-platform"):
                    continue
                end = after.span.end if after is not None and after.span.start > word.span.start else word.span.end
                location = file.location(hosted.span(Span(word.span.start, end)))
                found.append(PlatformOption(location, f"{name} {value}", command.name))
    return tuple(found)


def index_options(file: File) -> tuple[IndexOption, ...]:
    """The indexes that the pip and uv commands of a file name; commands under a test of the architecture are left out.

    Raises:
        ParseProblem: the file is not what its kind says.
    """
    found = []
    for hosted in file.parse(scripts):
        for command in hosted.script.settled if _RUNS_PIP.search(hosted.text) else ():
            arguments = installs(command)
            if arguments is None or _depends_on_arch(hosted, command):
                continue
            given = {word.template.partition("=")[0] for word in arguments}
            before = ""
            for word in arguments:
                name, equals, value = word.template.partition("=")
                option, url = (name, value) if equals and name.startswith("-") else (before, word.template)
                before = word.template
                if option in _ALONE | _BESIDE:
                    url = hosted.stage.resolve(url, hosted.instruction) if hosted.stage is not None else url
                    found.append(IndexOption(file.location(hosted.span(word.span)), url, option in _ALONE and not given & _BESIDE))
    return tuple(found)

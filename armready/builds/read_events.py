"""Reading events: a job's steps as they run, with its variables and working folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise, zip_longest

from armready.builds import platforms as platform_values
from armready.builds.event_words import INTERPRETERS, PACKAGE_MANAGERS, RUNNERS, SCRIPT_SUFFIXES, changes_shell, may_act
from armready.builds.events import (
    BUILD_VARIABLES,
    Bake,
    Build,
    Call,
    Compile,
    Event,
    Login,
    Merge,
    Moment,
    Output,
    Push,
    Setup,
    Use,
    Variable,
    name_of,
)
from armready.builds.grammar import Invocation, read
from armready.builds.java_publishers import java_publication
from armready.builds.model import Declared, Job, Step, Verb
from armready.builds.options import words
from armready.builds.paths import is_root, path_from
from armready.builds.platforms import NOT_GIVEN
from armready.builds.timeline import Timeline
from armready.builds.tool_events import published, tool_events
from armready.builds.variables import MAX_LENGTH, Default, expand, has_expansion, takes_default
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.compilers import own_output
from armready.knowledge.emulators import REGISTRARS, brings_emulators
from armready.languages.shell.script import Command, Script, Word, parse_shell

_SPEAKS = words(
    "echo printf print grep egrep cat which type hash apt apt-get apk yum dnf brew install usermod systemctl service man help "
    "alias log info warn warning die error fail fatal logger read test [ [[ cd export sed awk rm ls find chmod cp mv mkdir "
    "touch trap gpasswd groupadd pgrep kill pip pip3 snap npx require need check_command ensure command_exists"
)
_WRAPPED = frozenset({"docker", "podman", "buildah"})
_WRAPPED_VERBS = frozenset({"build", "push", "buildx", "image", "tag"})
# A command that is a file of the repository: `./build`, `hack/build`.
_PATH = regex(r"(?:\./)?[\w.-]+(?:/[\w.-]+)*/[\w.-]+|\./[\w.-]+")


# More than any job that people write; an image that is named anew N times by N builds still takes the square of N.
MOST_EVENTS = 3_000


def read_events(file: File, job: Job) -> Timeline:
    """All events of a job, in the order in which they happen."""
    return Timeline(islice(_Walk(file, job).events(), MOST_EVENTS))


class _Walk:
    """The state of a job's shell as its steps run."""

    def __init__(self, file: File, job: Job) -> None:
        self.file = file
        self.job = job
        self.order = 0
        self.shell: int | None = None
        self.environment: dict[str, tuple[str, ...]] = {}
        self.folder: str | None = ""
        self.subshells: list[tuple[int, str | None]] = []
        self.folder_stack: list[str | None] = []
        self.step: Step | None = None
        self.script: Script | None = None

    def events(self) -> Iterator[Event]:
        steps = self.job.steps
        for step, following in zip_longest(steps, steps[1:]):
            if step.shell != self.shell or step.environment:
                kept = self.environment if step.shell == self.shell else {}
                self.environment = {**self.job.environment, **kept, **step.environment}
            if step.shell != self.shell:
                self.folder, self.folder_stack = step.folder, []
            self.shell, self.step, self.script = step.shell, step, None
            for name, values in step.environment.items():
                if name in BUILD_VARIABLES:
                    yield Variable(self.at(None, step.span), name=name, value=values[-1] if values else "")
            for declared in step.declared:
                yield from self.declared(step, declared)
            if step.script is not None and self.matters(step, following):
                self.script = parse_shell(step.script, opaque=step.opaque)
                self.subshells = []
                restarts = sorted(step.restarts, reverse=True)
                for command in self.script.commands:
                    while restarts and command.span.start >= restarts[-1]:
                        restarts.pop()
                        self.folder, self.subshells, self.folder_stack = step.folder, [], []
                        self.environment = {**self.job.environment, **step.environment}
                    yield from self.command(command)

    def matters(self, step: Step, following: Step | None) -> bool:
        """Whether the script of a step may hold an event, or change what the next step finds in the same shell."""
        assert step.script is not None
        text = step.script.text
        shared = following is not None and following.shell == step.shell
        return (shared and (bool(step.restarts) or changes_shell(text))) or may_act(text, self.environment)

    def at(self, command: Command | None, span: Span | None = None, invocation: Invocation | None = None) -> Moment:
        """The moment of the next event."""
        self.order += 1
        assert self.step is not None
        if span is None:
            assert self.script is not None
            assert command is not None
            span = self.script.host_span(command.span)
        script = self.script if command is not None else None
        return Moment(
            job=self.job,
            step=self.step,
            script=script,
            command=command,
            span=span,
            order=self.order,
            invocation=invocation,
            environment=dict(self.environment),
            folder=self.folder,
        )

    # Scripts.

    def command(self, command: Command) -> Iterator[Event]:
        environment = self.environment
        loop_free = not any(frame.kind in ("if", "case", "for", "while", "until", "and", "or", "function") for frame in command.context)
        declares = not command.words or command.name in ("export", "local", "readonly", "declare", "typeset")
        for assignment in command.assignments:
            if assignment.value is None:
                continue
            text = assignment.value.template
            if assignment.name in BUILD_VARIABLES and (declares or command.words):
                yield Variable(self.at(command), name=assignment.name, value=text)
            if declares:
                values = _bounded(expand(text, environment))
                if takes_default(text, environment):
                    values = tuple(map(Default, values))
                if not loop_free:
                    values = _bounded((*environment.get(assignment.name, ()), *values))
                if assignment.append:
                    values = _bounded(tuple(before + each for before in environment.get(assignment.name, ("",)) for each in values))
                self.keep(assignment.name, values)
        self.leave_subshells(command)
        if command.words:
            if command.name == "pushd":
                self.folder_stack.append(self.folder)
            if command.name in ("cd", "pushd"):
                self.change_folder(command)
            elif command.name == "popd":
                self.folder = self.folder_stack.pop() if self.folder_stack else None
            else:
                yield from self.run(command)

    def keep(self, name: str, values: tuple[str, ...]) -> None:
        """Remember what a variable holds; a text that has grown too long is no longer known."""
        if any(len(each) > MAX_LENGTH for each in values):
            self.environment.pop(name, None)
        else:
            self.environment[name] = values

    def leave_subshells(self, command: Command) -> None:
        """Go back to where a subshell began once it is left."""
        open_now = {frame.start for frame in command.context if frame.kind == "subshell"}
        while self.subshells and self.subshells[-1][0] not in open_now:
            self.folder = self.subshells.pop()[1]
        for start in sorted(open_now - {each for each, _ in self.subshells}):
            self.subshells.append((start, self.folder))

    def change_folder(self, command: Command) -> None:
        target = command.args[0].template if command.args else ""
        texts = expand(target, self.environment)
        if len(texts) != 1 or has_expansion(texts[0]) or self.folder is None or target.startswith(("/", "~", "-")) or not target:
            self.folder = None if not is_root(target) else ""
        else:
            moved = posixpath.normpath(posixpath.join(self.folder, texts[0]))
            self.folder = None if moved.startswith("..") else "" if moved == "." else moved

    def run(self, command: Command) -> Iterator[Event]:
        words: Sequence[Word] = command.words
        invocation = read(command, self.environment)
        if invocation is None and command.name not in _SPEAKS:
            wrapped = self.wrapped(words)
            if wrapped is not None:
                invocation = read(command, self.environment, wrapped)
        if invocation is None:
            yield from self.other(command)
            return
        yield from tool_events(invocation, self.at(command, None, invocation))

    def wrapped(self, words: Sequence[Word]) -> Sequence[Word] | None:
        """The words behind a wrapper of the repository's own: `ci/retry docker push X`."""
        for index in range(1, min(len(words) - 1, 8)):
            if words[index].template in _WRAPPED and words[index + 1].template in _WRAPPED_VERBS:
                return words[index:]
        return None

    def asks_another(self, command: Command) -> bool:
        """Whether variables of a compiler name another architecture than amd64, or one that is not known."""
        given = (each.value.template if each.value else "" for each in command.assignments if each.name in ("GOARCH", "CARGO_BUILD_TARGET"))
        return any(not _AMD64_TARGET.match(text) for each in given for text in expand(each, self.environment))

    def other(self, command: Command) -> Iterator[Event]:
        """Commands that are no container tools: package installs of an emulator, and calls of other files."""
        name, arguments = command.name, [word.template for word in command.args]
        java = java_publication(command.words[0].template, arguments)
        if java is not None:
            tool, found = java
            if tool == "jib":
                yield Call(self.at(command), runner="jib", target="jib", path=self.file_here(found.described_in))
            yield published(tool, found, self.at(command))
            return
        output = _compiled(name, arguments)
        if output and not self.asks_another(command):
            yield Compile(self.at(command), output=output)
            return
        if (
            name in ("apt-get", "apt", "apk", "dnf", "yum", "microdnf", "tdnf") and any(map(brings_emulators, arguments))
        ) or name in REGISTRARS:
            yield Setup(self.at(command), kind="emulator", detail="package")
        elif name in RUNNERS:
            yield from self.make(command, RUNNERS[name])
        elif name in PACKAGE_MANAGERS and arguments:
            target = arguments[1] if arguments[0] in ("run", "run-script") and len(arguments) > 1 else arguments[0]
            yield Call(self.at(command), runner="npm", target=target, path=self.file_here("package.json"))
        elif name in INTERPRETERS or name.endswith(SCRIPT_SUFFIXES) or _PATH.fullmatch(command.words[0].template):
            yield from self.script_call(command)

    def make(self, command: Command, runner: str) -> Iterator[Event]:
        folder, path, targets, index = "", "", [], 0
        arguments = [word.template for word in command.args]
        while index < len(arguments):
            text = arguments[index]
            if text in ("-C", "--directory", "-d", "--dir") and index + 1 < len(arguments):
                folder, index = arguments[index + 1], index + 1
            elif text in ("-f", "--file", "--makefile", "--justfile", "-t", "--taskfile") and index + 1 < len(arguments):
                path, index = arguments[index + 1], index + 1
            elif text.startswith("-C") and len(text) > 2:
                folder = text[2:]
            elif text.startswith("-") or "=" in text:
                pass
            else:
                targets.append(text)
            index += 1
        default = {"make": "Makefile", "just": "justfile", "task": "Taskfile.yml"}[runner]
        where = self.file_here(posixpath.join(folder, path or default))
        for target in targets or [""]:
            yield Call(self.at(command), runner=runner, target=target, path=where)

    def script_call(self, command: Command) -> Iterator[Event]:
        interpreter = command.name in INTERPRETERS
        words = [word for word in command.args if not word.template.startswith("-")] if interpreter else list(command.words)
        if interpreter and any(re.fullmatch(r"-[a-z]*c", word.template) for word in command.args):
            return
        if words:
            yield Call(self.at(command), runner="script", target=words[0].template, path=self.file_here(words[0].template))

    def file_here(self, path: str) -> str | None:
        """A path as seen from the working folder, relative to the root."""
        return path_from(self.folder, path, self.environment)

    # Declarative steps.

    def declared(self, step: Step, declared: Declared) -> Iterator[Event]:
        at = self.at(None, declared.span)
        every = tuple(name_of(each, self.environment) for each in declared.tags if each.strip())
        if declared.verb is Verb.BUILD:
            given = declared.platforms
            named = NOT_GIVEN if given is None else platform_values.parse(given, self.environment)
            default = self.environment.get("DOCKER_DEFAULT_PLATFORM", ())
            inherited = not named.given and bool(default)
            if inherited:
                named = platform_values.parse(default, self.environment)
            output = (
                Output.REGISTRY if declared.pushes else Output.DAEMON if declared.loads else Output.FILE if declared.keeps else Output.CACHE
            )
            yield Build(
                replace(at, folder=declared.folder),
                tool=declared.tool,
                tags=every,
                platforms=named,
                output=output,
                pushes=declared.pushes,
                dockerfile=declared.dockerfile,
                context=declared.context,
                target=declared.target,
                arguments=declared.arguments,
                declared=declared,
                by_digest=declared.by_digest,
                default_platform=inherited,
            )
        elif declared.verb is Verb.BAKE:
            sets = platform_values.parse(declared.platforms or (), self.environment)
            what = {"files": declared.files, "targets": declared.targets}
            at = replace(at, folder=declared.folder) if declared.folder else at
            yield Bake(at, verb="bake", pushes=declared.pushes, platforms=sets, loads=declared.loads, **what)
        elif declared.verb is Verb.PUSH:
            for name in every:
                yield Push(at, name=name, declared=declared)
        elif declared.verb is Verb.CALL:
            for path in declared.files:
                yield Call(at, runner=declared.tool, path=posixpath.normpath(posixpath.join(declared.folder or "", path)))
        elif declared.verb is Verb.USE:
            yield Use(at, names=every, verb="run")
        elif declared.verb is Verb.LOGIN:
            yield Login(at)
        elif declared.verb is Verb.MERGE:
            yield Merge(at, names=every)
        elif declared.verb is Verb.EMULATOR:
            yield Setup(at, kind="emulator", detail=declared.detail, declared=declared)
        elif declared.verb is Verb.BUILDER:
            yield Setup(at, kind="builder", detail=declared.detail or "docker-container", declared=declared)
        elif declared.verb is Verb.ACTION:
            yield Setup(at, kind="action", detail=declared.files[0])


_AMD64_TARGET = regex(r"amd64$|x86_64-")


def _compiled(name: str, arguments: Sequence[str]) -> str:
    """The path that a compiler writes to; empty for other commands and for output of any architecture."""
    verb = next((each for each in arguments if not each.startswith("-")), "")
    if own_output().get(name) not in ("", verb):
        return ""
    if name == "cargo":
        return "target"
    if name != "dotnet":
        for option, value in pairwise(arguments):
            if option == "-o":
                return value
        joined = next((each[2:].lstrip("=") for each in arguments if re.match(r"-o[^-]", each)), "")
        source = arguments[-1] if name == "go" and arguments[-1].endswith(".go") else ""
        return joined or posixpath.basename(source).removesuffix(".go")
    if any(each in arguments for each in ("-r", "--runtime")):
        return next((value for option, value in pairwise(arguments) if option in ("-o", "--output")), "")
    return ""


def _bounded(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))[:16]

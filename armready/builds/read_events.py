"""Reading events: a job's steps as they run, with its variables and working folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise, zip_longest

from armready.builds import commands
from armready.builds import platforms as platform_values
from armready.builds.event_words import INTERPRETERS, PACKAGE_MANAGERS, RUNNERS, SCRIPT_SUFFIXES, changes_shell, may_act
from armready.builds.events import (
    BUILD_VARIABLES,
    Bake,
    Build,
    Call,
    Compile,
    Deploy,
    Event,
    Login,
    Merge,
    Moment,
    Name,
    Output,
    Pull,
    Push,
    Setup,
    Tag,
    Use,
    Variable,
    name_of,
)
from armready.builds.grammar import Invocation, read
from armready.builds.java_publishers import java_publication
from armready.builds.model import Declared, Job, Step, Verb
from armready.builds.options import words
from armready.builds.paths import ROOTS, is_root
from armready.builds.platforms import NOT_GIVEN
from armready.builds.publishers import Publication, described_in, goreleaser_files, publication
from armready.builds.timeline import Timeline
from armready.builds.variables import MAX_LENGTH, Default, expand, has_expansion, takes_default
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.compilers import own_output
from armready.knowledge.emulators import REGISTRARS, brings_emulators, registers_emulators
from armready.languages.shell.script import Command, Script, Word, parse_shell

_SPEAKS = words(
    "echo printf print grep egrep cat which type hash apt apt-get apk yum dnf brew install usermod systemctl service man help "
    "alias log info warn warning die error fail fatal logger read test [ [[ cd export sed awk rm ls find chmod cp mv mkdir "
    "touch trap gpasswd groupadd pgrep kill pip pip3 snap npx require need check_command ensure command_exists"
)
_WRAPPED = frozenset({"docker", "podman", "buildah"})
_WRAPPED_VERBS = frozenset({"build", "push", "buildx", "image", "tag"})
_USES = words("run create cp inspect save export history rmi scan scout commit images diff load mount unshare") | {
    "image inspect",
    "image save",
    "image rm",
    "image history",
    "image ls",
    "container run",
    "container create",
    "image load",
}
_USING_TOOLS = words("trivy grype syft dive container-structure-test kind minikube k3d microk8s dgoss cosign")
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
        yield from self.tool(command, invocation)

    def wrapped(self, words: Sequence[Word]) -> Sequence[Word] | None:
        """The words behind a wrapper of the repository's own: `ci/retry docker push X`."""
        for index in range(1, min(len(words) - 1, 8)):
            if words[index].template in _WRAPPED and words[index + 1].template in _WRAPPED_VERBS:
                return words[index:]
        return None

    def names(self, words: Sequence[Word]) -> tuple[Name, ...]:
        return tuple(name_of(word.template, self.environment, word) for word in words)

    def tool(self, command: Command, call: Invocation) -> Iterator[Event]:
        at = self.at(command, None, call)
        verb = call.verb
        if call.tool == "gcloud" and verb == "docker":
            inner = [word for word in call.words[2:] if word.template != "--"]
            if inner and inner[0].template in ("push", "pull"):
                yield Push(at, name=self.names(inner[1:2])[0]) if inner[0].template == "push" and len(inner) > 1 else Login(at)
            return
        published = publication(call, self.environment)
        if call.tool == "goreleaser":
            for path in goreleaser_files(call):
                yield Call(at, runner="goreleaser", path=self.file_here(path))
        elif published is not None:
            yield self.published(call.tool, at, published)
        elif call.is_build:
            yield commands.build(call, at)
        elif call.tool == "kaniko":
            yield commands.kaniko(call, at)
        elif call.tool == "buildctl" and verb == "build":
            yield commands.buildctl(call, at)
        elif verb.startswith("compose ") or verb == "buildx bake" or verb == "bake":
            yield from self.bake(call, at)
        elif verb in ("tag", "image tag") and len(call.arguments) >= 2:
            every = self.names(call.arguments)
            yield Tag(at, source=every[0], names=every[1:])
        elif verb in ("push", "image push") and call.arguments:
            yield self.push(call, at)
        elif verb in ("pull", "image pull") and call.arguments:
            yield Pull(at, name=self.names(call.arguments[:1])[0])
        elif verb == "login":
            yield Login(at)
        elif (
            "manifest" in verb
            or verb.startswith(("buildx imagetools create", "index append", "index create"))
            or call.tool == "manifest-tool"
        ):
            yield from self.manifest(call, at)
        elif verb.startswith("buildx "):
            yield from self.buildx(call, at)
        elif verb in ("context create", "context use"):
            yield Setup(at, kind="context", named=call.arguments[0].template if call.arguments else "")
        elif call.tool == "skopeo" and verb == "copy" and len(call.arguments) >= 2:
            yield from self.skopeo(call, at)
        elif call.tool == "crane" and verb == "push" and len(call.arguments) >= 2:
            yield Push(at, name=self.names(call.arguments[1:2])[0])
        elif call.tool == "aws" and verb in ("lambda", "sagemaker"):
            yield from self.deploy(call, at)
        elif call.tool in ("gcloud", "az", "aws"):
            yield from self.run_on_x86(call, at)
        elif call.tool in _USING_TOOLS:
            yield Use(at, names=self.names(call.arguments), verb=call.tool)
        elif verb in _USES:
            yield from self.use(call, at)

    def published(self, tool: str, at: Moment, found: Publication) -> Build:
        """A build by a command that pushes by itself."""
        return Build(
            at,
            tool=tool,
            tags=tuple(name_of(each, self.environment) for each in found.names),
            platforms=platform_values.parse(found.platforms, self.environment),
            output=Output.REGISTRY,
            pushes=True,
            stdin=True,
            described_in=described_in(self.folder, found.described_in),
        )

    def push(self, call: Invocation, at: Moment) -> Push:
        every = self.names(call.arguments)
        many = call.flag("all") or call.flag("all-platforms")
        if call.tool in ("podman", "buildah") and len(every) > 1:
            return Push(at, name=every[1], source=every[0], all_platforms=many)
        # `docker push $ARGUMENTS NAME`: a push takes one name, so what stands before it are options.
        return Push(at, name=every[-1], every_tag=call.flag("all-tags") or call.flag("a"), all_platforms=many)

    def deploy(self, call: Invocation, at: Moment) -> Iterator[Deploy]:
        """`aws lambda update-function-code --image-uri X` and its like."""
        texts = [word.template for word in call.words]
        images = [value for option, value in pairwise(texts) if option == "--image-uri"]
        images += [found[1] for text in texts for found in re.finditer(r"(?:ImageUri|--image-uri|Image)=([^,\s]+)", text)]
        if images:
            service = "AWS Lambda" if call.verb == "lambda" else "SageMaker"
            yield Deploy(at, names=tuple(name_of(each, self.environment) for each in images), service=service)

    def run_on_x86(self, call: Invocation, at: Moment) -> Iterator[Deploy]:
        """`gcloud run deploy --image X` and its like: services that have no arm64 machines."""
        texts = [word.template for word in call.words]
        service = next((name for words, name in _X86_SERVICES if words in " ".join(texts[1:6])), "")
        images = [value for option, value in pairwise(texts) if option in _RUN_IMAGE]
        images += [value for option, _, value in (text.partition("=") for text in texts) if option in _RUN_IMAGE and value]
        if service and images:
            yield Deploy(at, names=tuple(name_of(each, self.environment) for each in images), service=service, takes_index=True)

    def skopeo(self, call: Invocation, at: Moment) -> Iterator[Event]:
        source, target = (word.template for word in call.arguments[:2])
        wide = call.flag("all") or call.last("multi-arch") == "all"
        if not target.startswith("docker://"):
            return
        name = name_of(target, self.environment, call.arguments[1])
        local = re.match(r"(?:docker-daemon|containers-storage):(.+)$", source)
        if local:
            yield Push(at, name=name, source=name_of(local[1], self.environment), all_platforms=wide)

    def manifest(self, call: Invocation, at: Moment) -> Iterator[Event]:
        verb = call.verb
        if verb.endswith(("inspect", "rm", "exists", "annotate")):
            return
        if verb.endswith("push") and "imagetools" not in verb and call.arguments:
            every = self.names(call.arguments)
            yield Merge(at, names=every[:1])
            return
        tags = tuple(name_of(value, self.environment) for value in call.all("tag"))
        yield Merge(at, names=tags or self.names(call.arguments[:1]), sources=self.names(call.arguments))

    def buildx(self, call: Invocation, at: Moment) -> Iterator[Event]:
        if call.verb == "buildx create":
            driver = call.last("driver") or "docker-container"
            yield Setup(at, kind="builder", detail=driver, named=call.arguments[0].template if call.arguments else "")
        elif call.verb in ("buildx use", "buildx inspect"):
            yield Setup(at, kind="use-builder", named=call.arguments[0].template if call.arguments else "")
        elif call.verb == "buildx install":
            yield Setup(at, kind="install")

    def bake(self, call: Invocation, at: Moment) -> Iterator[Event]:
        what = call.verb.rpartition(" ")[2]
        if call.verb.startswith("compose ") and what in (
            "run",
            "up",
            "exec",
            "pull",
            "down",
            "logs",
            "ps",
            "config",
            "start",
            "stop",
            "rm",
        ):
            if what in ("run", "up"):
                yield Use(at, verb=call.verb)
            return
        if what not in ("build", "push", "bake"):
            return
        files = tuple(call.all("file"))
        pushes = what == "push" or call.flag("push") or any("type=registry" in each or "push=true" in each for each in call.all("set"))
        given = [each.split("=", 1)[1] for each in call.all("set") if re.match(r"[^=]*\.platform=", each)]
        yield Bake(
            at,
            verb=what if what == "bake" else f"compose {what}",
            files=files,
            targets=tuple(word.template for word in call.arguments),
            pushes=pushes,
            platforms=platform_values.parse(given, self.environment),
            loads=call.flag("load"),
        )

    def asks_another(self, command: Command) -> bool:
        """Whether variables of a compiler name another architecture than amd64, or one that is not known."""
        given = (each.value.template if each.value else "" for each in command.assignments if each.name in ("GOARCH", "CARGO_BUILD_TARGET"))
        return any(not _AMD64_TARGET.match(text) for each in given for text in expand(each, self.environment))

    def use(self, call: Invocation, at: Moment) -> Iterator[Event]:
        texts = [expand(word.template, self.environment)[-1] for word in call.words]
        if call.verb in ("run", "container run") and any(map(registers_emulators, texts)):
            image = next(filter(registers_emulators, texts))
            yield Setup(at, kind="emulator", detail=" ".join([image, *texts[texts.index(image) + 1 :]]))
            return
        yield Use(at, names=self.names(call.arguments), verb=call.verb)

    def other(self, command: Command) -> Iterator[Event]:
        """Commands that are no container tools: package installs of an emulator, and calls of other files."""
        name, arguments = command.name, [word.template for word in command.args]
        java = java_publication(command.words[0].template, arguments)
        if java is not None:
            tool, found = java
            if tool == "jib":
                yield Call(self.at(command), runner="jib", target="jib", path=self.file_here(found.described_in))
            yield self.published(tool, self.at(command), found)
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
        texts = expand(path, self.environment)
        text = texts[0] if len(texts) == 1 else path
        for root in ROOTS:
            if text.startswith(root):
                text = text[len(root) :].lstrip("/")
                return posixpath.normpath(text) if not has_expansion(text) else None
        if self.folder is None or has_expansion(text) or text.startswith(("/", "~")):
            return None
        found = posixpath.normpath(posixpath.join(self.folder, text))
        return None if found.startswith("..") else found

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


# Services whose machines are x86-64 alone, by the words of the command that gives them an image.
_X86_SERVICES = (
    ("run deploy", "Cloud Run"),
    ("run jobs", "Cloud Run"),
    ("run services", "Cloud Run"),
    ("containerapp ", "Azure Container Apps"),
    ("container create", "Azure Container Instances"),
    ("webapp ", "Azure App Service"),
)
_RUN_IMAGE = frozenset({"--image", "-i", "--docker-custom-image-name", "--container-image-name", "--deployment-container-image-name"})
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

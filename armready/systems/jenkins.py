"""Jenkinsfiles, declarative and scripted: `sh` steps and the docker object, with the machines, folders and conditions around them."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from armready.builds.architectures import siblings
from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.config import Settings
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.knowledge.runners import Buildx, architecture_of_label
from armready.languages.groovy import Token, TokenKind, parse_groovy
from armready.systems.jenkins_docker import DockerCalls
from armready.systems.jenkins_edit import GUARDS, Statement

GLOBS = {
    "jenkins": (
        "jenkinsfile",
        "jenkinsfile.*",
        "jenkinsfile-*",
        "*.jenkinsfile",
        "*-jenkinsfile",
        "jenkins.groovy",
        "*jenkins/**.groovy",
        "*/vars/*.groovy",
        "vars/*.groovy",
    ),
}
IS_CI = True

_DOUBT = "the agents are kept between builds and are not known"
_MOST_ARGUMENTS = 60


def read(file: File) -> Pipeline:
    """The machines of a Jenkinsfile, a job for each agent."""
    reader = _Reader(file)
    reader.run()
    library = file.path.lower().startswith("vars/") or "/vars/" in file.path.lower()
    return Pipeline("jenkins", tuple(reader.jobs(library)), shares_images=True)


@dataclass
class _Block:
    """A closure: what it belongs to, and what it sets for what stands in it.

    Attributes:
        name: the word before it (`stage`, `node`, `when`, `dir`).
        label: its first argument.
        machine: the number of the agent inside.
        folder: the working folder inside.
        condition: what decides whether it runs.
        registry: the address that `withRegistry` gives.
    """

    name: str
    label: str
    machine: int
    folder: str | None
    condition: tuple[str, ...]
    registry: Token | None = None


@dataclass
class _Machine:
    """An agent with its labels, and the steps that run on it."""

    name: str
    span: Span
    labels: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    is_pod: bool = False
    is_windows: bool = False


class _Reader:
    def __init__(self, file: File) -> None:
        self.file = file
        self.groovy = file.parse(parse_groovy)
        self.tokens = self.groovy.tokens
        self.machines = [_Machine("pipeline", Span(0, min(1, len(file.text))))]
        self.blocks = [_Block(name="", label="", machine=0, folder="", condition=())]
        self.environment: dict[str, tuple[str, ...]] = {}
        self.docker = file.parse(DockerCalls)
        self.shell = 0

    def jobs(self, library: bool) -> Iterator[Job]:
        """The jobs that were found."""
        spelled = siblings(machine.name for machine in self.machines)
        for machine in self.machines:
            if not machine.steps:
                continue
            steps = tuple(
                replace(step, detect_only="a shared library runs in many pipelines") if library else step for step in machine.steps
            )
            stem = spelled.get(machine.name, "")
            yield Job(
                machine.name,
                machine.span,
                _host(machine, self.file.settings),
                steps,
                environment=self.environment,
                local_setup=True,
                one_of_several=f"there is a stage for each architecture ({stem})" if stem else "",
            )

    def run(self) -> None:
        """Go through the tokens once."""
        index = 0
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.kind is TokenKind.MARK and token.text == "{":
                self._open(index)
            elif token.kind is TokenKind.MARK and token.text == "}" and len(self.blocks) > 1:
                self.blocks.pop()
            elif token.kind is TokenKind.WORD:
                index = self._word(index)
            index += 1

    # Blocks.

    def _open(self, index: int) -> None:
        name, label, arguments = self._before(index)
        outer = self.blocks[-1]
        block = _Block(
            name=name, label=label, machine=outer.machine, folder=outer.folder, condition=outer.condition, registry=outer.registry
        )
        if name == "node" or (name == "agent" and outer.name in ("stage", "pipeline")):
            self._agent(name, label, arguments, index, outer, block)
        elif name == "dir":
            block.folder = _below(outer.folder, label)
        elif name == "stage":
            block.condition = (*outer.condition, *self._when(index))
        elif name in GUARDS:
            block.condition = (*outer.condition, f"{name} at {index}")
        elif name.startswith("with"):
            block.registry = arguments[0] if arguments and name in ("withRegistry", "withDockerRegistry") else outer.registry
            self._credentials(index, name)
            for each in arguments if name == "withEnv" else ():
                self._set(*each.text.partition("=")[::2])
        self.blocks.append(block)

    def _credentials(self, index: int, name: str) -> None:
        """A closure that lends credentials counts as a login: what needs them must stay in it."""
        self.shell += 1
        span = self.tokens[self.groovy.call_of(index) or index].span
        self._add(Step(span, declared=(Declared(Verb.LOGIN, span, name),), name=name, shell=self.shell))

    def _before(self, index: int) -> tuple[str, str, list[Token]]:
        """The call that a closure belongs to: its name, its first string, and its string arguments."""
        call = self.groovy.call_of(index)
        if call is not None:
            arguments = [token for token in self.tokens[call + 1 : min(index, call + _MOST_ARGUMENTS)] if token.kind is TokenKind.STRING]
            return self.tokens[call].text, arguments[0].text if arguments else "", arguments
        if index >= 2 and self.tokens[index - 1].text == ":":
            return "stage", self.tokens[index - 2].text, [self.tokens[index - 2]]
        return "", "", []

    def _agent(self, name: str, label: str, arguments: list[Token], index: int, outer: _Block, block: _Block) -> None:
        """A machine of its own for a stage or a `node`; the agent of the pipeline is the first one."""
        labels = [each.text for each in arguments]
        if name == "agent":
            labels.extend(self._labels_in(index))
        machine = _Machine(outer.label or label or "node", self.tokens[index].span, labels)
        if name == "agent" and outer.name == "pipeline" and not self.machines[0].steps:
            self.machines[0].labels = labels
            self.machines[0].is_pod = self._is_pod(index)
            return
        machine.is_pod = name == "agent" and self._is_pod(index)
        self.machines.append(machine)
        (outer if name == "agent" else block).machine = len(self.machines) - 1

    def _labels_in(self, index: int) -> list[str]:
        found, tokens = [], self.groovy.inside(index)
        for word, value in itertools.pairwise(tokens):
            if word.kind is TokenKind.WORD and word.text in ("label", "dockerfile") and value.kind is TokenKind.STRING:
                found.append(value.text)
        return found

    def _is_pod(self, index: int) -> bool:
        return any(token.kind is TokenKind.WORD and token.text == "kubernetes" for token in self.groovy.inside(index))

    def _when(self, index: int) -> tuple[str, ...]:
        """The source of a stage's own `when`."""
        inside = self.groovy.inside(index)
        for position, (word, opening) in enumerate(itertools.pairwise(inside), index + 1):
            if word.text == "when" and opening.text == "{" and self.groovy.block[position] == index:
                inner = [each.text for each in self.groovy.inside(position + 1) if each.kind is not TokenKind.NEWLINE]
                return (" ".join(inner),)
        return ()

    # Words.

    def _word(self, index: int) -> int:
        """What begins with a word; the index of its last token."""
        token = self.tokens[index]
        before = self._previous(index)
        if token.text == "sh" and before != ".":
            return self._sh(index)
        following = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        called = before != "." and following is not None and (following.kind is TokenKind.STRING or following.text == "(")
        if called and token.text in ("bat", "powershell"):
            self._machine().is_windows = True
        elif (called or (following is not None and following.text == "message")) and token.text == "input":
            self.shell += 1
            self._add(Step(token.span, name="input", shell=self.shell))
        if following is not None and following.text == "=" and following.kind is TokenKind.MARK:
            self._assign(index)
        block = self.blocks[-1]
        for end, step in self.docker.at(index, before, block.registry):
            self.shell += 1
            self._add(replace(step, shell=self.shell, folder=block.folder, condition=" / ".join(block.condition)))
            return end
        return index

    def _previous(self, index: int) -> str:
        return self.tokens[index - 1].text if index > 0 else ""

    def _assign(self, index: int) -> None:
        """`name = 'text'`: the value of a variable, one of several when it is set more than once."""
        if index + 2 < len(self.tokens) and self.tokens[index + 2].kind is TokenKind.STRING and not self._goes_on(index + 2):
            self._set(self.tokens[index].text, self.tokens[index + 2].text)

    def _set(self, name: str, text: str) -> None:
        for each in (name, f"env.{name}"):
            self.environment[each] = tuple(dict.fromkeys((*self.environment.get(each, ()), text)))

    def _goes_on(self, index: int) -> bool:
        """Whether a string is a part of a longer expression."""
        following = self.tokens[index + 1].text if index + 1 < len(self.tokens) else ""
        return following in ("+", ".", "?")

    def _sh(self, index: int) -> int:
        """`sh 'x'`, `sh(script: 'x')`, `sh label: 'y', script: 'x'`."""
        end, string = self._script_of(index)
        if string is None:
            return index
        token = self.tokens[string]
        assert token.string is not None
        parts = self._goes_on(string) or self.tokens[string - 1].text == "+"
        method = self.tokens[string + 1].text == "." if string + 1 < len(self.tokens) else False
        last = (
            string + 1
            if self.tokens[index + 1].text == "(" and string + 1 < len(self.tokens) and self.tokens[string + 1].text == ")"
            else string
        )
        block = self.blocks[-1]
        self.shell += 1
        self._add(
            Step(
                token.span,
                token.string.embedded,
                opaque=token.string.interpolations,
                name=block.label or "sh",
                shell=self.shell,
                folder=block.folder,
                condition=" / ".join(block.condition),
                place=(index, last),
                detect_only="the script is put together from parts" if parts and not method else "",
            )
        )
        return end

    def _script_of(self, index: int) -> tuple[int, int | None]:
        """The index of the last token of an `sh` step's first line, and that of its script."""
        position = index + 1
        in_parentheses = position < len(self.tokens) and self.tokens[position].text == "("
        position += in_parentheses
        named = None
        depth = 0
        for at in range(position, min(position + 40, len(self.tokens))):
            token = self.tokens[at]
            if token.kind is TokenKind.MARK:
                depth += (token.text in "([{") - (token.text in ")]}")
                if depth < 0:
                    break
            if token.kind is TokenKind.NEWLINE and not in_parentheses and self.tokens[at - 1].text not in (",", ":"):
                break
            if token.kind is TokenKind.STRING:
                key = self.tokens[at - 2].text if at >= 2 and self.tokens[at - 1].text == ":" else ""
                if key == "script" or (not key and at == position):
                    return at, at
                named = named or at
            elif token.kind is TokenKind.WORD and at == position and self.tokens[min(at + 1, len(self.tokens) - 1)].text not in (":", "+"):
                break
        return index, None

    def _add(self, step: Step) -> None:
        self._machine().steps.append(step)

    def _machine(self) -> _Machine:
        """The machine of the innermost block that has one of its own."""
        return self.machines[next((block.machine for block in reversed(self.blocks) if block.machine), 0)]


def _below(folder: str | None, path: str) -> str | None:
    if folder is None or not path or "$" in path or path.startswith(("/", "~")):
        return None
    found = posixpath.normpath(posixpath.join(folder, path))
    return None if found.startswith("..") else "" if found == "." else found


def _host(machine: _Machine, settings: Settings) -> Host:
    words = [word for label in machine.labels for word in re.split(r"\s*(?:&&|\|\|)\s*|\s+", label)]
    shells = any(step.script is not None for step in machine.steps)
    if any("windows" in word.lower() for word in words) or (machine.is_windows and not shells):
        return Host(HostKind.WINDOWS, "amd64")
    if any(re.match(r"(?i)mac(?:os)?\b", word) for word in words):
        return Host(HostKind.MACOS)
    told = next((settings.runners[word] for word in words if word in settings.runners), None)
    architecture = told.arch if told else next((found for word in words if (found := architecture_of_label(word))), "")
    if told is not None and told.privileged and told.ephemeral:
        return Host(HostKind.UNKNOWN, architecture, buildx=Buildx.UNKNOWN, trusted=True, doubt="")
    if machine.is_pod:
        return Host(HostKind.UNKNOWN, architecture, buildx=Buildx.UNKNOWN, doubt="the node that runs the pod of the agent is not known")
    where = f" (label {machine.labels[0]}; `runners` in the configuration can say what it is)" if machine.labels else ""
    return Host(HostKind.PERSISTENT, architecture, buildx=Buildx.UNKNOWN, doubt=f"{_DOUBT}{where}")


class JenkinsEditor(Editor):
    """Edit the statements of a Jenkinsfile."""

    def _statement(self, step: Step) -> Statement | None:
        return Statement(self.file, self.file.parse(parse_groovy), *step.place) if step.place is not None else None

    def insert_scripts(self, step: Step, lines: tuple[str, ...]) -> list[Edit] | None:
        """Put `sh` steps above the statement."""
        statement = self._statement(step)
        return None if statement is None else statement.insert_scripts(lines)

    def remove_step(self, step: Step) -> list[Edit] | None:
        """Take out the statement, and the blocks around it that hold nothing else."""
        statement = self._statement(step)
        return None if statement is None else statement.remove()

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Put one `docker buildx build` in the place of `docker.build` and its pushes."""
        return self.file.parse(DockerCalls).rewritten(build.span.start, platforms)


EDITOR = JenkinsEditor

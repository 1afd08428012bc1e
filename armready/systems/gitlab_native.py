"""Native mode for GitLab: the job runs once on a runner of each architecture, and a job of its own joins the images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.builds import references
from armready.builds.events import Event, Name
from armready.builds.grammar import Option
from armready.builds.history import Chain
from armready.builds.model import Step
from armready.builds.readers import editor_of
from armready.builds.statements import is_editable, removals
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.knowledge.runners import GITLAB_AMD64, GITLAB_ARM, Buildx
from armready.languages.shell.script import Command, Script
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    SequenceNode,
    get,
    in_flow_style,
    key_of,
    merged_pairs,
    pairs,
    span,
    strings,
    text_of,
)

_REFUSED_KEYS = {
    "parallel": "the job runs in parallel already",
    "tags": "the job names its runners, which are not known",
    "resource_group": "the job has a resource group, so its two runs would wait for each other",
    "environment": "the job has an environment, which would be deployed to more than once",
    "extends": "the job takes its text from another one",
    "trigger": "the job starts another pipeline",
}
_COPIED = ("stage", "image", "services", "variables", "before_script", "rules", "only", "except", "id_tokens", "secrets", "when")


class _Refused(Exception):
    """Why native mode does not fit."""


def native(file: File, root: Node | None, name: str, job: MappingNode, chain: Chain, builds: int) -> list[Edit] | str:
    """The edits that split a job into one build for each architecture and a merge, or the reason why it is not done."""
    try:
        return list(_Split(file, root, name, job, chain, builds).edits())
    except _Refused as refused:
        return str(refused)


class _Split:
    def __init__(self, file: File, root: Node | None, name: str, job: MappingNode, chain: Chain, builds: int) -> None:
        self.file, self.root, self.name, self.job, self.chain = file, root, name, job, chain
        self.merge = f"merge-{name}"
        self._check(builds)
        self.base = self._base()

    def _check(self, builds: int) -> None:
        for key, why in _REFUSED_KEYS.items():
            if get(self.job, key) is not None:
                raise _Refused(why)
        build = self.chain.build
        call = build.invocation
        if in_flow_style(self.job) or any(key_of(key) == "<<" for key, _ in pairs(self.job)):
            raise _Refused("the job takes its text from an anchor, or is written in flow style")
        if builds != 1 or call is None or call.tool != "docker" or call.verb == "buildx build" or build.platforms.given:
            raise _Refused("native mode is made for one plain docker build in a job")
        if build.job.host.buildx not in (Buildx.CURRENT, Buildx.OLD):
            raise _Refused("which buildx the job's image has is not known")
        if get(self.root, self.merge) is not None:
            raise _Refused(f"there is a job {self.merge} already")
        if self.chain.handed_over or self.chain.loose or self.chain.uses or not self.chain.pushes:
            raise _Refused("the image is used, or pushed in a way that cannot be followed")
        events = (build, *self.chain.tags, *self.chain.pushes)
        if any(event.command is None or event.script is None or not is_editable(event.command) for event in events):
            raise _Refused("the commands stand in constructs that cannot be changed")
        if any(event.condition != build.condition for event in events):
            raise _Refused("the names are pushed under conditions of their own")
        if self._assigned():
            raise _Refused("the names depend on variables that the script sets")

    def _assigned(self) -> bool:
        own = {assignment.name for script in self._scripts() for command in script.commands for assignment in command.assignments}
        texts = " ".join(name.text for name in self.chain.pushed_names)
        return any(f"${{{each}}}" in texts for each in own)

    def _scripts(self) -> list[Script]:
        events: Sequence[Event] = (self.chain.build, *self.chain.tags, *self.chain.pushes)
        return list({id(event.script): event.script for event in events if event.script is not None}.values())

    def _base(self) -> str:
        """The name that each architecture's image gets with `-$ARCH`, as a word."""
        for name in self.chain.pushed_names:
            if name.word is not None and (references.tag(name.text) or "$" in name.text.rpartition("/")[2]) and "'" not in name.word.text:
                return name.word.text
        raise _Refused("no pushed name has a tag that an architecture could be added to")

    def _suffixed(self, suffix: str) -> str:
        return f'{self.base[:-1]}{suffix}"' if self.base.endswith('"') else f"{self.base}{suffix}"

    def edits(self) -> Iterator[Edit]:
        build = self.chain.build
        assert build.script is not None
        assert build.invocation is not None
        script_key = next(key for key, _ in pairs(self.job) if key_of(key) == "script")
        yield self._must(yaml_edit.insert_lines(self.file, self.job, self._matrix(), before=script_key))
        options = [option for option in build.invocation.options if option.name == "tag"]
        if not options:
            raise _Refused("the build gives its image no name")
        yield self._change(build.script, options[0].value_span, self._suffixed("-$ARCH"))
        for option in options[1:]:
            yield self._change(build.script, self._option_span(build.script, option), "")
        if build.job.host.buildx is Buildx.CURRENT and "provenance" not in {option.name for option in build.invocation.options}:
            end = build.invocation.verb_words[-1].span.end
            yield self._change(build.script, Span(end, end), " --provenance=false")
        first, *others = self.chain.pushes
        assert first.script is not None
        if first.name is None or first.name.word is None:
            raise _Refused("the push names nothing")
        yield self._change(first.script, first.name.word.span, self._suffixed("-$ARCH"))
        yield from self._removed([*self.chain.tags, *others])
        yield from self._needs()
        yield self._merge_job()

    def _must(self, edit: Edit | None) -> Edit:
        if edit is None:
            raise _Refused("the job is written in a way that cannot be edited exactly")
        return edit

    def _change(self, script: Script, at: Span, text: str) -> Edit:
        return self._must(script.edit(self.file, at, text))

    def _option_span(self, script: Script, option: Option) -> Span:
        start = option.span.start
        while start > 0 and script.text[start - 1] in " \t":
            start -= 1
        return Span(start, option.span.end)

    def _matrix(self) -> list[str]:
        return [
            "parallel:",
            "  matrix:",
            "    - ARCH: amd64",
            f"      RUNNER: {GITLAB_AMD64}",
            "    - ARCH: arm64",
            f"      RUNNER: {GITLAB_ARM}",
            "tags:",
            "  - $RUNNER",
        ]

    def _removed(self, events: Sequence[Event]) -> Iterator[Edit]:
        groups: dict[int, tuple[Script, Step, list[Command]]] = {}
        for event in events:
            if event.script is not None and event.command is not None:
                groups.setdefault(id(event.script), (event.script, event.step, []))[2].append(event.command)
        for script, step, commands in groups.values():
            rest = [command for command in script.commands if command.words and not any(command is each for each in commands)]
            if not rest and step.place is not None:
                edits = self.file.parse(editor_of).remove_step(step)
                if edits is None:
                    raise _Refused("a command cannot be taken out")
                yield from edits
                continue
            changes = removals(script, commands)
            if changes is None:
                raise _Refused("a command cannot be taken out")
            for at, text in changes:
                yield self._change(script, at, text)

    def _needs(self) -> Iterator[Edit]:
        """Jobs that waited for the build wait for the merge."""
        for key, other in merged_pairs(self.root):
            if key_of(key) == self.name or not isinstance(other, MappingNode):
                continue
            for keyword in ("needs", "dependencies"):
                needs = get(other, keyword)
                for node in needs.value if isinstance(needs, SequenceNode) else ():
                    named = node if text_of(node) is not None else get(node, "job")
                    if named is not None and text_of(named) == self.name:
                        yield self._must(yaml_edit.set_scalar(self.file, named, self.merge))

    def _merge_job(self) -> Edit:
        key = next(key for key, value in pairs(self.root) if value is self.job)
        newline, lines = self.file.source.newline, ["", f"{self.merge}:"]
        for copied in _COPIED:
            lines += [f"  {line}" if line.strip() else line for line in self._copied(copied)]
        if not any(name == "before_script" for name in map(key_of, (each for each, _ in pairs(self.job)))) and self._logs_in():
            raise _Refused("the job logs in within its script")
        lines.append(f"  needs: [{yaml_edit.scalar(self.name)}]")
        tags = " ".join(f"-t {_word(name)}" for name in self.chain.pushed_names)
        sources = f"{self._suffixed('-amd64')} {self._suffixed('-arm64')}"
        lines += ["  script:", f"    - docker buildx imagetools create {tags} {sources}"]
        end = self.file.source.line_span(self.file.source.line_index(max(span(self.job).end - 1, key.start_mark.index))).end
        return self.file.insert(end, "".join(f"{newline}{line}" for line in lines))

    def _logs_in(self) -> bool:
        return any("login" in text for text in strings(get(self.job, "script")))

    def _copied(self, name: str) -> list[str]:
        """A pair of the job as it is written, without its indentation."""
        for key, value in pairs(self.job):
            if key_of(key) != name:
                continue
            text = self.file.text[key.start_mark.index : max(span(value).end, key.end_mark.index)]
            first, *rest = text.splitlines()
            column = key.start_mark.column
            return [first, *(line[column:] if not line[:column].strip() else line for line in rest)]
        return []


def _word(name: Name) -> str:
    if name.word is None:
        raise _Refused("a pushed name is no word of its own")
    return name.word.text

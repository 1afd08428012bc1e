"""For which processor Go compiles in a Dockerfile, by itself or by targets of a Makefile: facts of DF130."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

from armready.builds.scripts import HostedScript, scripts
from armready.core.facts import BlockingFact, GoArchFact
from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.fix import Fix
from armready.core.source import Location, Span
from armready.core.startup import dataclass, regex
from armready.dockerfiles.edit import declared_above
from armready.dockerfiles.go import unless_cgo
from armready.dockerfiles.stages import once, path_arch, stage_text
from armready.dockerfiles.words import hits
from armready.languages.dockerfile.expansion import unquote
from armready.languages.dockerfile.instructions import Instruction, Pair
from armready.languages.dockerfile.parser import Dockerfile, parse_dockerfile
from armready.languages.dockerfile.platforms import ARM64
from armready.languages.dockerfile.stages import Stage
from armready.languages.make import Makefile, Rule, parse_makefile

_WORD = regex(r"GOARCH=(?:\"(?=amd64\"))?(amd64|'amd64')\"?")
_DEFAULTED = regex(r"(?:GOARCH=)?[\"']?\$\{(\w+):?-amd64\}[\"']?")
_TARGET = "$TARGETARCH"
_MAKE_TARGET = regex(r"(?<![^\s])(?!-|[A-Za-z_]+=)[\w./-]{0,200}(?<![a-zA-Z0-9])(?:amd64|x86_64)(?![a-zA-Z0-9])")
_MAKES = frozenset({"make", "gmake", "mage", "task", "just", "bazel"})
_OTHER_SYSTEM_NAME = regex(r"(?i)darwin|macos|windows|freebsd")
_OTHER_SYSTEM = regex(r"(?<!\w)GOOS[= ][\"']?(?!linux\b)[a-z]")
_ARM64 = regex(r"(?<![\w$])GOARCH[= ][\"']?arm64|\bin\s[^;\n]{0,500}\b(?:arm64|aarch64)\b")
_BRANCHES = frozenset({"if", "case", "or"})
_WITH_VALUE = frozenset({"-C", "-f", "-j", "-l", "-o", "-W", "-I", "--directory", "--file", "--makefile"})
_WHOLE_CONTEXT = regex(r"(?:\./?)?|/|\./?\*|\*")


@dataclass(frozen=True, slots=True)
class MakeCallFact:
    """`make` in a RUN of a Dockerfile that copies its Makefile from the context.

    Attributes:
        location: the command.
        folder: of the Makefile, as `-C` names it.
        targets: as written; empty for the default.
        variables: set on the command line or in the environment.
    """

    location: Location
    folder: str
    targets: tuple[str, ...]
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class MakeRuleFact:
    """A rule of a Makefile.

    Attributes:
        targets: as written, variables replaced.
        prerequisites: likewise.
        pinned: its `GOARCH=amd64`, where every run of its recipe has it.
        variables: that `pinned` is made of.
    """

    targets: tuple[str, ...]
    prerequisites: tuple[str, ...]
    pinned: Location | None
    variables: frozenset[str]


def go_arch_facts(file: File) -> Iterator[GoArchFact | BlockingFact]:
    """The places of a Dockerfile where Go is told to compile for amd64; none in a file for one architecture."""
    if path_arch(file.path):
        return
    for fact in _go_arch_facts(file):
        yield fact
        if not fact.argument:
            yield BlockingFact("DF130", fact.location, "It makes a program for amd64 whatever the image is built for.")


def _go_arch_facts(file: File) -> Iterator[GoArchFact]:
    dockerfile = file.parse(parse_dockerfile)
    for instruction in dockerfile.instructions:
        for pair in instruction.pairs if instruction.keyword in ("ARG", "ENV") else ():
            if pair.name == "GOARCH" and _counts(dockerfile, instruction):
                yield from _of_pair(file, dockerfile, instruction, pair)
    for hit in hits(file, _MAKE_TARGET, variables=False):
        if hit.command is not None and hit.command.name in _MAKES and not _OTHER_SYSTEM_NAME.search(hit.match.string):
            confidence = Confidence.MEDIUM.at_most(dockerfile.confidence)
            yield GoArchFact(location=file.location(hit.span), made=hit.match.string, argument="", confidence=confidence, fix=None)
    for hosted in file.parse(scripts):
        outer = hosted.instruction
        if outer is not None and outer.keyword == "RUN" and "GOARCH" in hosted.text and _counts(dockerfile, outer):
            yield from _of_script(file, dockerfile, hosted, outer)


def _of_pair(file: File, dockerfile: Dockerfile, instruction: Instruction, pair: Pair) -> Iterator[GoArchFact]:
    value, stage = pair.value or "", dockerfile.stage_of(instruction)
    if unquote(value) == "amd64":
        fix = _fix(file, stage, instruction, (pair.value_span, f'"{_TARGET}"' if value.startswith('"') else _TARGET))
        argument = "GOARCH" if instruction.keyword == "ARG" else ""
        yield GoArchFact(location=file.location(pair.span), made="", argument=argument, confidence=dockerfile.confidence, fix=fix)
        return
    default = _DEFAULTED.fullmatch(value)
    if default is not None and stage is not None and stage.resolve(unquote(value), instruction, ARM64) == "amd64":
        argument = default[1] if stage.declares(default[1], instruction) or instruction.keyword == "ARG" else ""
        yield GoArchFact(location=file.location(pair.span), made="", argument=argument, confidence=dockerfile.confidence, fix=None)


def _of_script(file: File, dockerfile: Dockerfile, hosted: HostedScript, outer: Instruction) -> Iterator[GoArchFact]:
    script, stage = hosted.script, dockerfile.stage_of(outer)
    assigned = {each.name for command in script.commands for each in command.assignments if command.name in ("", "export")}
    for command in script.commands:
        if any(frame.kind in _BRANCHES for frame in command.guards):
            continue
        for span in dict.fromkeys([*(each.span for each in command.assignments), *(word.span for word in command.words)]):
            text = script.text[span.start : span.end]
            match, default = _WORD.fullmatch(text), _DEFAULTED.fullmatch(text) if text.startswith("GOARCH") else None
            if match is not None:
                value = Span(span.start + match.start(1), span.start + match.end(1))
                edit = None if command.broken or command.nested else script.embedded.edit(value, _TARGET)
                fix = None if edit is None else _fix(file, stage, outer, edit)
                yield GoArchFact(location=file.location(hosted.span(span)), made="", argument="", confidence=dockerfile.confidence, fix=fix)
                continue
            if default is None or stage is None or default[1] in assigned:
                continue
            if stage.resolve(text.partition("=")[2], outer, ARM64).strip("\"'") == "amd64":
                argument = default[1] if stage.declares(default[1], outer) else ""
                yield GoArchFact(
                    location=file.location(hosted.span(span)), made="", argument=argument, confidence=dockerfile.confidence, fix=None
                )


def _counts(dockerfile: Dockerfile, instruction: Instruction) -> bool:
    """Whether a GOARCH of this instruction decides what arm64 gets."""
    stage = dockerfile.stage_of(instruction)
    if instruction.keyword == "RUN" or stage is None:
        other_system = _OTHER_SYSTEM.search(instruction.text) is not None
    else:
        other_system = _for_other_system(stage)
    if other_system or (_for_arm64(stage) if stage is not None else _ARM64.search(instruction.text)):
        return False
    return stage is None or not (stage.variant or stage.is_windows)


@once
def _for_other_system(stage: Stage) -> bool:
    return _OTHER_SYSTEM.search(stage_text(stage)) is not None


@once
def _for_arm64(stage: Stage) -> bool:
    return _ARM64.search(stage_text(stage)) is not None


def _fix(file: File, stage: Stage | None, instruction: Instruction, written: tuple[Span, str]) -> Fix:
    edits = [file.replace(*written)]
    if stage is not None and not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    fix = Fix("Compile for the target", tuple(edits))
    return unless_cgo(stage, fix) if stage is None or stage.on_build_platform else fix


def make_calls(file: File) -> Iterator[MakeCallFact]:
    """The calls of make in a Dockerfile that run on every architecture and ship what they make."""
    if path_arch(file.path):
        return
    dockerfile = file.parse(parse_dockerfile)
    for hosted in file.parse(scripts):
        outer, stage = hosted.instruction, hosted.stage
        if outer is None or stage is None or outer.keyword != "RUN" or not stage.ships or not _counts(dockerfile, outer):
            continue
        if "make" not in hosted.text or not any("akefile" in path or _WHOLE_CONTEXT.fullmatch(path) for path in _copied(stage)):
            continue
        declared = {pair.name for each in stage.instructions if each.keyword in ("ARG", "ENV") for pair in each.pairs}
        for command in hosted.script.commands:
            if command.name not in ("make", "gmake") or any(frame.kind in _BRANCHES for frame in command.guards):
                continue
            words = [word.template for word in command.args]
            folder = next((value for option, value in pairwise(words) if option in ("-C", "--directory")), "")
            own = [word for before, word in pairwise(["", *words]) if before not in _WITH_VALUE and not word.startswith("-")]
            if any("$" in word for word in (folder, *own)) or any(word in ("-f", "--file", "--makefile") for word in words):
                continue
            set_here = {word.partition("=")[0] for word in own if "=" in word} | {each.name for each in command.assignments}
            targets = tuple(word for word in own if "=" not in word)
            yield MakeCallFact(file.location(hosted.span(command.span)), folder, targets, frozenset(declared | set_here))


def _copied(stage: Stage) -> Iterator[str]:
    for each in (each for one in stage.chain() for each in one.instructions):
        if each.keyword in ("COPY", "ADD") and each.flag("from") is None:
            yield from (word.text for word in each.words[:-1])


def make_rules(file: File) -> Iterator[MakeRuleFact]:
    """The rules of a Makefile in order, with what each pins Go to."""
    makefile = file.parse(parse_makefile)
    exported = next((each for each in makefile.variables if each.name == "GOARCH" and each.exported and not each.target), None)
    steady = exported is not None and not exported.conditional and exported.operator != "?=" and exported.value == "amd64"
    for rule in makefile.rules:
        if rule.is_define or rule.conditional:
            continue
        pinned, names = _pinned(file, makefile, rule)
        if pinned is None and steady and exported is not None and rule.recipe is not None and re.search(r"\bgo build\b", rule.recipe.text):
            pinned = file.location(exported.span)
        yield MakeRuleFact(_words(makefile, rule.targets), _words(makefile, rule.prerequisites), pinned, names)


def _words(makefile: Makefile, words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for each in words for word in makefile.expand(each).split())


def _pinned(file: File, makefile: Makefile, rule: Rule) -> tuple[Location | None, frozenset[str]]:
    """Where a recipe compiles with `GOARCH=amd64` and never with another, and the variables that this is made of."""
    if rule.recipe is None or rule.branched or "GOARCH" not in rule.recipe.text:
        return None, frozenset()
    found = list(re.finditer(r"(?<![\w$])GOARCH=[\"']?(\$[({]\w+[)}]|\w+)", rule.recipe.text))
    values = {makefile.expand(match[1]) for match in found}
    if values != {"amd64"} or _OTHER_SYSTEM.search(makefile.expand(rule.recipe.text)) or _ARM64.search(rule.recipe.text):
        return None, frozenset()
    names = frozenset(match[1].strip("$(){}") for match in found if match[1].startswith("$"))
    conditional = {each.name for each in makefile.variables if each.conditional}
    if names & conditional:
        return None, frozenset()
    return file.location(rule.recipe.nearest_host_span(Span(*found[0].span()))), names


def reached(rules: list[MakeRuleFact], targets: tuple[str, ...]) -> Iterator[MakeRuleFact]:
    """The rules that make runs for some targets: for their prerequisites too; without targets, for the first of the file."""
    plain = (target for rule in rules for target in rule.targets if not target.startswith(".") and "%" not in target)
    wanted = list(targets) or [target for target in (next(plain, None),) if target is not None]
    seen: set[str] = set()
    while wanted:
        target = wanted.pop(0)
        if target in seen:
            continue
        seen.add(target)
        exact = [rule for rule in rules if target in rule.targets]
        for rule in exact or [rule for rule in rules if any("%" in each and _matches(each, target) for each in rule.targets)][:1]:
            yield rule
            wanted += [each for each in rule.prerequisites if "$" not in each]


def _matches(pattern: str, target: str) -> bool:
    before, _, after = pattern.partition("%")
    return len(target) > len(before) + len(after) and target.startswith(before) and target.endswith(after)


def makefile_paths(dockerfile: str, folder: str) -> Iterator[str]:
    """Where the Makefile of a call may lie: in the Dockerfile's folder as the context, then in the root."""
    for context in dict.fromkeys((posixpath.dirname(dockerfile), "")):
        for name in ("GNUmakefile", "makefile", "Makefile"):
            path = posixpath.normpath(posixpath.join(context, folder.lstrip("/"), name))
            if not path.startswith(".."):
                yield path

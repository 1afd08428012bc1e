"""Makefiles: every rule with a recipe is a job; the variables of the file are those of all."""

from __future__ import annotations

import posixpath
import re

from armready.builds.editor import Editor
from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.builds.platforms import names_architecture
from armready.builds.variables import Default
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.runners import Buildx
from armready.languages.make import Makefile, Rule, parse_makefile

GLOBS = {
    "makefile": ("makefile", "gnumakefile", "makefile.*", "*.mk", "*.mak", "*.makefile", "makefile-*"),
}

HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="make runs on whatever machine calls it")


def read(file: File) -> Pipeline:
    """The rules of a Makefile."""
    makefile = file.parse(parse_makefile)
    environment = variables(makefile)
    folder = posixpath.dirname(file.path)
    one_shell = any(".ONESHELL" in rule.targets for rule in makefile.rules)
    jobs = []
    for index, rule in enumerate(makefile.rules):
        name, needs = " ".join(rule.targets), tuple(rule.prerequisites)
        if rule.is_define:
            continue
        if rule.recipe is None:
            jobs.append(Job(name, rule.span, HOST, (), needs=needs))
            continue
        step = Step(
            rule.span,
            rule.recipe,
            opaque=rule.opaque,
            shell=index,
            folder=folder,
            place=(index, 0),
            restarts=() if one_shell else tuple(line.start for line in rule.lines),
            detect_only="make chooses by a condition which lines of the recipe it runs" if rule.branched else "",
        )
        takes_targets = bool(rule.targets) and not rule.conditional
        own = environment | _own_variables(makefile, rule)
        jobs.append(
            Job(
                name,
                rule.span,
                HOST,
                (step,),
                environment=own,
                needs=needs,
                recipe=True,
                takes_targets=takes_targets,
                one_of_several=_several(makefile, rule),
            )
        )
    return Pipeline("make", tuple(jobs), shares_images=True)


class MakeEditor(Editor):
    """Edit the recipes of a Makefile. A rule is never taken out: others may depend on it."""

    def _rule(self, place: Span) -> Rule | None:
        return self.file.parse(_rules_by_place).get(place)

    def insert_scripts(self, step: Step, lines: tuple[str, ...]) -> list[Edit] | None:
        """Put lines above the first one of the recipe."""
        rule = self._rule(step.span)
        if rule is None or rule.recipe is None or not rule.recipe.segments:
            return None
        first = rule.recipe.segments[0].host
        if not self.file.source.indent_at(first).startswith("\t"):
            return None
        return [self.file.insert_line_above(first, f"\t@{line.replace('$', '$$')}") for line in reversed(lines)]

    def add_target(self, job: Job, name: str, command: str) -> list[Edit] | None:
        """Put a target behind a rule; None when there is one of that name."""
        rule = self._rule(job.span)
        return None if rule is None else _add_target(self.file, self.file.parse(parse_makefile), rule, name, command)


EDITOR = MakeEditor


def _rules_by_place(file: File) -> dict[Span, Rule]:
    return {rule.span: rule for rule in file.parse(parse_makefile).rules}


def _add_target(file: File, makefile: Makefile, rule: Rule, name: str, command: str) -> list[Edit] | None:
    """Edits that put a target behind a rule; None when there is one of that name."""
    if (
        any(name in each.targets for each in makefile.rules)
        or re.search(r"[%$]", name)
        or "$(@" in command
        or re.search(r"\$[@<^*]", command)
        or _evaluated(rule) & set(_REFERENCED.findall(command))
    ):
        return None
    written = _written(file, command)
    if written is None:
        return None
    newline = file.source.newline
    end = file.source.line_span(file.source.line_index(max(rule.span.end - 1, rule.span.start))).end
    head = " ".join([f"{name}:", *rule.prerequisites])
    lines = ["", f".PHONY: {name}", f"{head} ## Build and push the image for all platforms.", f"\t{written}"]
    return [file.insert(end, "".join(f"{newline}{line}" for line in lines))]


_EVAL = regex(r"\$\(eval\s+([\w.-]+)")
_REFERENCED = regex(r"\$[({]([\w.-]+)[)}]")


def _evaluated(rule: Rule) -> set[str]:
    """The variables that a recipe itself sets."""
    return set(_EVAL.findall(rule.recipe.text)) if rule.recipe is not None else set()


# `$@`, `$(<)`, `$(@D)` and the like stand for something else in another rule.
_AUTOMATIC = regex(r"\$[({]?[@<^*?+%|]")
_REFERENCE = regex(r"\$(?:\((?P<round>[\w.-]+)\)|\{(?P<curly>[\w.-]+)\})|\$")


def _written(file: File, command: str) -> str | None:
    """A command from recipes as a recipe has it; None when a name is a variable of Make in one place and of the shell in another."""
    parts, at = [], 0
    for match in _REFERENCE.finditer(command):
        name = match["round"] or match["curly"]
        text = match[0]
        if name is None:
            text = "$$"
        else:
            by_shell = re.search(rf"\$\$[({{]{re.escape(name)}[)}}]", file.text)
            by_make = re.search(rf"(?<!\$)\$[({{]{re.escape(name)}[)}}]", file.text)
            if by_shell and by_make:
                return None
            text = f"${text}" if by_shell else text
        parts += [command[at : match.start()], text]
        at = match.end()
    return "".join([*parts, command[at:]])


def _own_variables(makefile: Makefile, rule: Rule) -> dict[str, tuple[str, ...]]:
    """What a file sets for the targets of a rule alone (`build-%: BASE = $(*)`)."""
    specific = (each for each in makefile.variables if each.target and each.operator not in ("+=", "!="))
    return {each.name: (each.value,) for each in specific if _is_for(each.target.split(), rule)}


def _several(makefile: Makefile, rule: Rule) -> str:
    """Why a static pattern rule is for each of several architectures: the targets that it is for name them. Empty for other rules."""
    explicit = [each for each in rule.targets if "%" not in each] if any("%" in each for each in rule.targets) else []
    texts = [text for each in explicit for text in (each, makefile.expand(each))]
    return "its targets are for one architecture each" if any(map(names_architecture, texts)) else ""


def _is_for(names: list[str], rule: Rule) -> bool:
    return any(name == target or ("%" in name and _stem(name, target)) for name in names for target in rule.targets)


def _stem(pattern: str, target: str) -> bool:
    """Whether a target matches a pattern of Make."""
    before, _, after = pattern.partition("%")
    return len(target) > len(before) + len(after) and target.startswith(before) and target.endswith(after)


def variables(makefile: Makefile) -> dict[str, tuple[str, ...]]:
    """Every value that the file gives a variable; those that a condition chooses are alternatives, and `+=` adds to what was there."""
    found: dict[str, tuple[str, ...]] = {}
    for variable in makefile.variables:
        if variable.target:
            continue
        if variable.operator == "+=":
            found[variable.name] = tuple(f"{before} {variable.value}".strip() for before in found.get(variable.name, ("",)))
        elif variable.operator != "!=":
            before = found.get(variable.name, ()) if variable.conditional or variable.operator == "?=" else ()
            value = Default(variable.value) if variable.operator == "?=" else variable.value
            found[variable.name] = tuple(dict.fromkeys((*before, value)))
    return found

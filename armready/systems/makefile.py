"""Makefiles: every rule with a recipe is a job; the variables of the file are those of all."""

from __future__ import annotations

import posixpath
import re
from functools import partial

from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import dataclass, regex
from armready.knowledge.runners import Buildx
from armready.languages.make import Makefile, Rule, parse_makefile

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
        place = RecipePlace(file, rule)
        step = Step(
            rule.span,
            rule.recipe,
            opaque=rule.opaque,
            shell=index,
            folder=folder,
            place=place,
            restarts=() if one_shell else tuple(line.start for line in rule.lines),
            detect_only="make chooses by a condition which lines of the recipe it runs" if rule.branched else "",
        )
        add = None if rule.conditional or not rule.targets else partial(_add_target, file, makefile, rule)
        jobs.append(Job(name, rule.span, HOST, (step,), environment=environment, needs=needs, recipe=True, add_target=add))
    return Pipeline("make", tuple(jobs), shares_images=True)


@dataclass(frozen=True, eq=False)
class RecipePlace:
    """The lines of a recipe."""

    file: File
    rule: Rule

    def insert_scripts(self, lines: tuple[str, ...]) -> list[Edit] | None:
        """Edits that put lines above the recipe's first one."""
        if self.rule.recipe is None or not self.rule.recipe.segments:
            return None
        first = self.rule.recipe.segments[0].host
        if not self.file.source.indent_at(first).startswith("\t"):
            return None
        return [self.file.insert_line_above(first, f"\t@{line.replace('$', '$$')}") for line in reversed(lines)]

    def remove(self) -> list[Edit] | None:
        """A rule is never taken out: others may depend on it."""
        return None


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
            found[variable.name] = tuple(dict.fromkeys((*before, variable.value)))
    return found

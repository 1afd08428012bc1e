"""The base classes of all rules.

A rule is one module: a docstring with fixed headings, which is its documentation page; named tables; one subclass of `FileRule` or
`ProjectRule` with literal metadata and examples; `check()` with early returns; a private `_fix()`. A malformed rule fails when
its class is created, in its author's editor.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar

from armready.core.classify import is_notebook, is_test_data
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.source import Location
from armready.core.startup import dataclass, regex

if TYPE_CHECKING:
    from armready.core.classify import Kind
    from armready.core.file import File
    from armready.core.project import Project
    from armready.core.suppressions import Use

HEADINGS = ("What it finds", "Why it stops arm64", "What to do")
FIX_HEADING = "Fix safety"

_CODE = regex(r"[A-Z]{1,5}[0-9]{3}")
_NAME = regex(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class RuleDefinitionError(TypeError):
    """A rule whose definition breaks the contract; raised when its class is created."""


@dataclass(frozen=True, slots=True)
class Example:
    """A small file that a rule must find fault with, or must leave alone. It is a unit test and stands in the docs.

    Attributes:
        name: unique within the rule.
        bad: text with each place that must be found between `«` and `»`.
        good: text that the rule must be silent about (instead of `bad`).
        fixed: the text after the rule's fix; `fixes()` is derived from it.
        applicability: what the fix must declare.
        path: the name of the file.
        files: other files of the example's repository, by path.
        fixed_files: those of them that the fix changes, as they are afterwards.
        settings: configuration keys and values.
        severity: the level that the findings must have; None leaves it open.
        breaks: of a good example, what makes it good and what takes its place, such that the rule must find fault with it: a text that
            stands once in its files, a path, or a key of `settings` with nothing in its place.
    """

    name: str
    bad: str = ""
    good: str = ""
    fixed: str = ""
    applicability: Applicability = Applicability.SAFE
    path: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    fixed_files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    severity: Severity | None = None
    breaks: tuple[str, str] = ("", "")


def example_text(text: str) -> str:
    """The text of an example as a file: a leading line break and common indentation are for the reader of the rule."""
    return textwrap.dedent(text[1:]) if text.startswith("\n") else text


class Rule:
    """What file rules and project rules share.

    Attributes:
        code: `DF101`; never reused once retired.
        name: the flaw in kebab case, equal to the module's file name.
        summary: one sentence, without a final period.
        severity: the usual level; a finding may have another.
        kinds: the kinds of files it looks at (a project rule: whose facts it reads).
        examples: see `Example`.
        off_by_default: shown only when it is selected by its code or name, or with `--pedantic`.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    severity: ClassVar[Severity]
    kinds: ClassVar[frozenset[Kind]]
    examples: ClassVar[tuple[Example, ...]]
    off_by_default: ClassVar[bool] = False

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        """One line that stands for all infos of this rule in text and markdown; empty for a rule that has none."""
        del findings
        return ""

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        if not abstract:
            _validate(cls)

    @classmethod
    def documentation(cls) -> str:
        """The module's docstring: the rule's page, in Markdown."""
        return textwrap.dedent(sys.modules[cls.__module__].__doc__ or "").strip()

    @classmethod
    def fixable(cls) -> bool:
        """Whether an example shows a fix."""
        return any(example.fixed or example.fixed_files for example in cls.examples)

    def finding(
        self,
        location: Location,
        message: str,
        *,
        severity: Severity | None = None,
        confidence: Confidence = Confidence.HIGH,
        supported: bool = False,
        fix: Fix | None = None,
        related: Iterable[Related] = (),
        cause: str = "",
    ) -> Finding:
        """A finding of this rule. Confidence caps severity: medium at most warning unless a second fact supports it, low at most info;
        what a notebook holds is a warning at most and has no fix.

        Args:
            location: where to point.
            message: one sentence: what, and why it stops arm64.
            severity: when it is not the rule's usual one.
            confidence: how it is known.
            supported: a second, independent fact supports a finding of medium confidence.
            fix: how to mend it.
            related: other places that belong to it.
            cause: see `Finding`.
        """
        level = severity or self.severity
        if confidence is Confidence.LOW:
            level = level.at_most(Severity.INFO)
        elif confidence is Confidence.MEDIUM and not supported:
            level = level.at_most(Severity.WARNING)
        if is_notebook(location.path):
            level, fix = level.at_most(Severity.WARNING), None
        if fix is not None and is_test_data(location.path):
            fix = fix.demoted(Applicability.DISPLAY, "A test compares this file with what it expects.")
        return Finding(
            code=self.code,
            name=self.name,
            severity=level,
            confidence=confidence,
            message=message,
            location=location,
            related=tuple(related),
            fix=fix,
            cause=cause,
        )


class FileRule(Rule, abstract=True):
    """A rule that needs one file: a pure function of its bytes, its path, the settings and the embedded facts.

    Attributes:
        needles: lower-case byte strings, one of which must occur in the lower-cased file for the rule to be able to fire; they
            let the engine skip parsing. `core/needles.py` says how one asks for a word, or for two at once. Empty means: always parse.
    """

    needles: ClassVar[tuple[bytes, ...]] = ()

    def check(self, file: File) -> Iterable[Finding]:
        """The findings of one file.

        Raises:
            ParseProblem: the file cannot be read as what it is; it becomes a note, once per file.
        """
        raise NotImplementedError


class ProjectRule(Rule, abstract=True):
    """A rule that needs the facts of more than one file. It parses nothing.

    Attributes:
        reads: the types of facts from which its findings start; they let the engine leave out a rule whose facts no file of the run
            has. Empty means: always ask.
    """

    reads: ClassVar[tuple[type, ...]] = ()

    def check(self, project: Project) -> Iterable[Finding]:
        """The findings of the whole project."""
        raise NotImplementedError


class SuppressionRule(Rule, abstract=True):
    """A rule about ignore comments. It is asked last, when it is known what each of them silenced."""

    def check(self, uses: Iterable[Use]) -> Iterable[Finding]:
        """The findings about the ignore comments of a run."""
        raise NotImplementedError


def sections(documentation: str) -> dict[str, str]:
    """The headings of a rule's docstring with their texts; the text before the first one stands under ""."""
    parts = re.split(r"(?m)^## (.+)$", documentation)
    return {"": parts[0].strip()} | {title.strip(): text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def _validate(cls: type[Rule]) -> None:
    def require(condition: object, problem: str) -> None:
        if not condition:
            raise RuleDefinitionError(f"{cls.__module__}.{cls.__name__}: {problem}")

    for attribute in ("code", "name", "summary", "severity", "kinds", "examples"):
        require(hasattr(cls, attribute), f"has no {attribute}")
    require(_CODE.fullmatch(cls.code), f"code {cls.code!r} is not like DF101")
    require(_NAME.fullmatch(cls.name), f"name {cls.name!r} is not in kebab case")
    module = cls.__module__.rpartition(".")[2]
    require(module.replace("_", "-") == cls.name, f"name {cls.name!r} differs from its module {module!r}")
    require(cls.summary and not cls.summary.endswith("."), "summary must be a sentence without a final period")
    require(cls.kinds, "kinds is empty")
    headings = sections(cls.documentation())
    require(headings[""], "the module's docstring has no introduction")
    for heading in HEADINGS:
        require(headings.get(heading), f"the module's docstring has no section '## {heading}'")
    require(bool(headings.get(FIX_HEADING)) == cls.fixable(), f"'## {FIX_HEADING}' must stand there if and only if an example shows a fix")
    names = [example.name for example in cls.examples]
    require(len(set(names)) == len(names), "two examples have the same name")
    require(any(example.bad for example in cls.examples), "no example is bad")
    require(any(example.good for example in cls.examples), "no example is good")
    for example in cls.examples:
        require(bool(example.bad) != bool(example.good), f"example {example.name!r} must be either bad or good")
        require(example.path, f"example {example.name!r} has no path")
        require(example.good or not any(example.breaks), f"example {example.name!r} is bad, and nothing breaks it")
        require(
            example.good or "«" in example.bad or any("«" in text for text in example.files.values()),
            f"example {example.name!r} marks no place with «»",
        )
    needles = getattr(cls, "needles", ())
    require(all(needle == needle.lower() for needle in needles), "needles must be lower case")

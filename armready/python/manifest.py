"""What a file declares, whatever its format."""

from __future__ import annotations

from dataclasses import replace

from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.requirements import Requirement
from armready.python.dependencies import Dependency, Form, Scope

_TEST_NAME = regex(
    r"(?:^|[-_./])(?:dev|develop|development|tests?|testing|docs?|documentation|lint|linting|style|mypy|typing|ci|benchmarks?|examples?|qa)(?:[-_./]|$)"
)


@dataclass(frozen=True, slots=True)
class Include:
    """A reference from one requirements file to another.

    Attributes:
        target: the path as written, relative to the including file.
        constraint: it only bounds versions.
    """

    target: str
    constraint: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """What the installer was told about builds: names, or `:all:`."""

    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()

    def joined(self, *others: Policy) -> Policy:
        """What it says together with others."""
        every = (self, *others)
        return Policy(frozenset().union(*(each.only_binary for each in every)), frozenset().union(*(each.no_binary for each in every)))

    def may_build(self, name: str) -> bool:
        """Whether a source distribution of this package may be built."""
        return not self.only_binary & {name, ":all:"}

    def may_use_wheel(self, name: str) -> bool:
        """Whether a wheel of this package may be used."""
        return not self.no_binary & {name, ":all:"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The dependencies that one file declares: a fact.

    Attributes:
        path: the file.
        kind: its kind.
        name: the project that it describes, normalised; empty when it describes none.
        requires_python: PEP 440 specifiers; empty when it says nothing.
        dependencies: in order.
        includes: other requirements files that it names.
        policy: whether builds are allowed.
        header: the comment lines at the top of a requirements file.
        lowest: the resolver is told to take the lowest versions.
    """

    path: str
    kind: str
    name: str = ""
    requires_python: str = ""
    dependencies: tuple[Dependency, ...] = ()
    includes: tuple[Include, ...] = ()
    policy: Policy = Policy()
    header: str = ""
    lowest: bool = False


def from_requirement(file: File, requirement: Requirement, **more: object) -> Dependency:
    """The record of a PEP 508 requirement whose spans are offsets into the file."""
    end = requirement.span.end
    record = Dependency(
        name=requirement.name,
        specifier=requirement.specifier,
        location=file.location(requirement.span),
        marker=requirement.marker,
        url=requirement.url,
        version=file.location(requirement.specifier_span),
        marker_location=file.location(requirement.marker_span) if requirement.marker_span else None,
        append=file.location(Span(end, end)),
        form=Form.REQUIREMENT,
        newline=file.source.newline,
    )
    return replace(record, **more)  # type: ignore[arg-type]


def group_scope(group: str, otherwise: Scope) -> Scope:
    """The scope that the name of a group or file tells."""
    return Scope.TEST if _TEST_NAME.search(group.lower()) else otherwise

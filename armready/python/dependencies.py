"""One declared dependency, whatever the file it stands in, and the edits that can be made to it without reading that file again."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from armready.core.fix import Edit
from armready.core.source import Location
from armready.core.startup import dataclass

if TYPE_CHECKING:
    from packaging.version import Version

# True on every machine but a 64-bit ARM one; `== "x86_64"` would also drop Windows, where the value is `AMD64`.
NOT_ARM = 'platform_machine != "aarch64" and platform_machine != "arm64"'
# For packages with files for macOS arm64: true there too.
NOT_LINUX_ARM = 'sys_platform != "linux" or platform_machine != "aarch64"'
ON_ARM = 'platform_machine == "aarch64" or platform_machine == "arm64"'


class Scope(StrEnum):
    """When a dependency is installed."""

    RUNTIME = "runtime"
    EXTRA = "extra"
    GROUP = "group"
    TEST = "test"
    BUILD = "build"

    @property
    def weakens(self) -> bool:
        """Whether a failure there does not stop the program itself."""
        return self in (Scope.EXTRA, Scope.GROUP, Scope.TEST)


class Form(StrEnum):
    """How a declaration is written, which decides how a marker is added."""

    REQUIREMENT = "requirement"
    STRING = "string"
    POETRY_STRING = "poetry-string"
    TABLE = "table"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A dependency as a file declares it.

    Attributes:
        name: normalised; empty when a URL or path does not tell it.
        specifier: version specifiers as PEP 440 has them; empty for any version.
        marker: PEP 508 marker; empty for always.
        url: of a direct reference.
        scope: when it is installed.
        group: the extra, group or tool environment; declarations of one file and group are installed together.
        location: the declaration.
        version: where the specifiers stand, exactly, or None.
        marker_location: where the marker stands, exactly, or None.
        append: the empty span where a marker can be added, or None.
        form: how it is written.
        quote: the quote around it that its text may not hold.
        hashed: it carries hashes, so its version cannot be changed alone.
        hashes: how many `--hash` options stand behind it.
        constraint: it bounds a version and asks for nothing.
        frozen: it is one line of the output of a tool.
        newline: how lines end in the file.
    """

    name: str
    specifier: str
    location: Location
    marker: str = ""
    url: str = ""
    scope: Scope = Scope.RUNTIME
    group: str = ""
    version: Location | None = None
    marker_location: Location | None = None
    append: Location | None = None
    form: Form = Form.FIXED
    quote: str = ""
    hashed: bool = False
    hashes: int = 0
    constraint: bool = False
    frozen: bool = False
    newline: str = "\n"

    @property
    def pin(self) -> str:
        """The exact version it asks for, or an empty string."""
        match = re.fullmatch(r"={2,3}([^*,]+)", self.specifier)
        return match[1] if match else ""

    @property
    def path(self) -> str:
        """The file it stands in."""
        return self.location.path

    def add_marker(self, condition: str) -> Edit | None:
        """The edit that restricts it further, or None when it cannot be written there."""
        text = condition.replace('"', "'") if self.quote == '"' else condition
        if self.quote and self.quote in text:
            return None
        if self.marker_location is not None:
            if self.quote and self.quote in self.marker:
                return None
            return Edit(self.marker_location, f"{_grouped(self.marker)} and {_grouped(text)}")
        if self.append is None:
            return None
        if self.form is Form.REQUIREMENT:
            return Edit(self.append, f" ; {text}")
        if self.form is Form.STRING:
            return Edit(self.append, f"; {text}")
        if self.form is Form.TABLE:
            return Edit(self.append, f', markers = "{condition.replace(chr(34), chr(39))}"')
        return None


def _grouped(marker: str) -> str:
    return f"({marker})" if re.search(r"\bor\b", marker) else marker


def from_poetry(constraint: str) -> str:
    """A Poetry constraint as PEP 440 specifiers; an alternative (`||`) gives no bound at all."""
    parts = [part.strip() for part in constraint.split(",") if part.strip()]
    if "||" in constraint or "|" in constraint or not parts:
        return ""
    return ",".join(filter(None, map(_poetry_part, parts)))


def _poetry_part(part: str) -> str:
    part = re.sub(r"\s+", "", part)
    if part in ("*", "latest"):
        return ""
    match = re.fullmatch(r"(\^|~)([0-9][^,]*)", part)
    if match is None:
        return part if part[0] in "<>=!~" else f"=={part}"
    from armready.knowledge.packages import version

    base = version(match[2])
    if base is None:
        return ""
    release = list(base.release)
    if match[1] == "~":
        upper = release[:2] if len(release) > 1 else release[:1]
    else:
        significant = next((index for index, number in enumerate(release) if number), len(release) - 1)
        upper = release[: significant + 1]
    upper[-1] += 1
    return f">={match[2]},<{'.'.join(map(str, upper))}"


def upper_bound(specifier: str) -> tuple[Version, bool] | None:
    """The highest version that specifiers allow and whether it is itself allowed; None when there is no bound."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version

    from armready.knowledge.packages import version

    try:
        parts = SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    bounds: list[tuple[Version, bool]] = []
    for part in parts:
        found = version(part.version.removesuffix(".*"))
        if found is None:
            continue
        if part.operator in ("==", "===") and not part.version.endswith(".*"):
            bounds.append((found, True))
        elif part.operator in ("<", "<="):
            bounds.append((found, part.operator == "<="))
        elif part.operator == "~=" or part.version.endswith(".*"):
            if part.operator == "!=":
                continue
            release = list(found.release)
            if part.operator == "~=":
                release = release[:-1]
            if release:
                bounds.append((Version(".".join(map(str, [*release[:-1], release[-1] + 1]))), False))
    return min(bounds) if bounds else None


def lower_bound(specifier: str) -> str:
    """The lowest version that `>=` or `~=` specifiers allow, as it is written; empty when there is no such bound."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    from armready.knowledge.packages import version

    try:
        bounds = [part.version for part in SpecifierSet(specifier) if part.operator in (">=", "~=")]
    except InvalidSpecifier:
        return ""
    known = [(found, bound) for bound in bounds if (found := version(bound)) is not None]
    return max(known)[1] if known else ""


def allows(specifier: str, release: str) -> bool:
    """Whether specifiers accept a release; what cannot be read accepts nothing."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifier).contains(release, prereleases=True)
    except InvalidSpecifier:
        return False

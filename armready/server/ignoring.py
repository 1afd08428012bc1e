"""The ignore comment for a finding, on a line of its own above it, where a comment can stand."""

from __future__ import annotations

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.finding import Finding
from armready.core.fix import Fix
from armready.core.source import Source
from armready.fixing.proof import units
from armready.server.documents import Document

# What begins and ends a comment; `#` in all other kinds.
_SLASHES = ("// ", "")
_MARKS = {Kind.JENKINS: _SLASHES, Kind.GRADLE: _SLASHES, Kind.POM: ("<!-- ", " -->")}
# Kinds, and ends of names, of files that have no comments or are written by a program.
_NONE = frozenset({Kind.NOTEBOOK, Kind.PACKAGE_JSON, Kind.PIPFILE_LOCK, Kind.BAKE_JSON})
_NO_COMMENTS = (".json", ".ipynb", ".lock")

REASON = "TODO: say why"


def ignore_fix(finding: Finding, document: Document, kind: Kind | None, settings: Settings) -> Fix | None:
    """The fix that puts an ignore comment above a finding; None where a comment would be a part of something else."""
    if kind is None or kind in _NONE or finding.path.endswith(_NO_COMMENTS):
        return None
    source = Source.decode(finding.path, document.data)
    file = File(source, kind, settings)
    line = source.line_index(finding.location.span.start)
    while line > 0 and source.slice(source.line_span(line - 1)).rstrip().endswith("\\"):
        line -= 1
    start = source.line_starts[line]
    if not _is_free(file, start):
        return None
    before, after = _MARKS.get(kind, ("# ", ""))
    comment = f"{source.indent_at(start)}{before}armready: ignore[{finding.code}] {REASON}{after}"
    return Fix(f"Ignore {finding.code} here", (file.insert_line_above(start, comment),))


def _is_free(file: File, offset: int) -> bool:
    """Whether nothing of the file goes on over this offset, but a script in a literal block of YAML, between two of its commands."""
    try:
        over = [unit for unit in units(file) if unit.span.start < offset < unit.span.end]
    except ParseProblem:
        return False
    return all(unit.key[0] == "yaml" and file.text[unit.span.start] == "|" for unit in over)

"""What every reporter gets, and what they share: context, paths, excerpts, escaping, the summary line."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from armready.core.errors import ParseProblem
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Edit
from armready.core.source import Source
from armready.core.startup import dataclass, regex
from armready.reporters.credentials import hide

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.results import Report
    from armready.core.rule import Rule
    from armready.core.tree import Tree
    from armready.fixing.fixer import FixOutcome
    from armready.run.passes import Analysis
from armready.core.wording import plural

HOMEPAGE = "https://github.com/armready/armready"
DOCUMENTATION = "https://armready.github.io/armready"

# Control, zero-width, direction-changing and surrogate characters, and tags; and the beginning of what a CI system takes for a
# command when it reads it in a log: Azure and TeamCity anywhere, GitHub at the beginning of a line and, in its old form, anywhere.
_CONTROL = regex(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
    r"|#(?=#(?:\[|vso\[|teamcity\[))|:(?=:(?i:add-mask|add-matcher|remove-matcher|add-path|debug|echo|error|warning|notice|group|endgroup"
    r"|save-state|set-env|set-output|stop-commands|internal-set-repo-path)[ :])"
)
_LOG_COMMAND = regex(r"##(?=\[|vso\[|teamcity\[)")


@dataclass(frozen=True)
class Context:
    """All that a reporter may know besides the report.

    Attributes:
        root: the root of the repository; paths of findings are relative to it.
        tree: where excerpts are read from.
        settings: the effective ones.
        rules: the enabled rules, sorted by code.
        version: the version of armready.
        color: whether escape sequences for colour and links may be written.
        width: columns of the terminal.
        full: print every excerpt, however many findings there are.
        online: registries and indexes were asked.
        fixed: what `fix` did; None for a scan.
        cwd: the folder the command ran in; people see paths relative to it. Default: the root.
        analysis: all that both passes found, for the readiness of families and images.
        statistics: add the number of findings per rule.
    """

    root: Path
    tree: Tree
    settings: Settings
    rules: tuple[type[Rule], ...]
    version: str
    color: bool = False
    width: int = 80
    full: bool = False
    online: bool = False
    fixed: FixOutcome | None = None
    cwd: Path | None = None
    analysis: Analysis | None = None
    statistics: bool = False
    _sources: dict[str, Source | None] = field(default_factory=dict, repr=False, compare=False)
    _shown: dict[str, Source | None] = field(default_factory=dict, repr=False, compare=False)

    def shown_path(self, path: str) -> str:
        """A path of the repository as seen from the folder the command ran in, with forward slashes."""
        if not path or self.cwd is None or self.cwd == self.root:
            return path
        try:
            return os.path.relpath(self.root / path, self.cwd).replace(os.sep, "/")
        except ValueError:
            return path

    def shown_source(self, path: str) -> Source | None:
        """As `source`, without credentials; every place is the same."""
        if path not in self._shown:
            source = self.source(path)
            self._shown[path] = None if source is None else replace(source, text=hide(source.text))
        return self._shown[path]

    def source(self, path: str) -> Source | None:
        """The text of a file, for excerpts; None when it cannot be read any more."""
        if path not in self._sources:
            try:
                self._sources[path] = Source.decode(path, self.tree.read(path))
            except ParseProblem:
                self._sources[path] = None
        return self._sources[path]

    def rule(self, code: str) -> type[Rule] | None:
        """The enabled rule of that code."""
        return next((rule for rule in self.rules if rule.code == code), None)


RenderFunction = Callable[["Report", Context], str]


class FixCounts(NamedTuple):
    """How many findings have a fix that a plain `fix` applies, and how many need `--unsafe-fixes`."""

    safe: int
    unsafe: int


def count_fixes(findings: Iterable[Finding]) -> FixCounts:
    """The fixes that could be applied to these findings."""
    counts: Counter[Applicability] = Counter()
    for finding in findings:
        if finding.fix is not None:
            counts[finding.fix.applicability] += finding.places
    return FixCounts(counts[Applicability.SAFE], counts[Applicability.UNSAFE])


def count_severities(report: Report) -> dict[Severity, int]:
    """Findings by level; those under `--min-severity` are counted although they are not listed."""
    counts = Counter(finding.severity for finding in report.findings)
    return {level: counts[level] + report.below.get(level.value, 0) for level in Severity}


def summary_line(report: Report, fixes: FixCounts | None = None) -> str:
    """The last line of every run: what was found, what can be fixed, and what is not shown.

    Args:
        report: the filtered report.
        fixes: what could be applied; counted from the report by default.
    """
    safe, unsafe = count_fixes(report.findings) if fixes is None else fixes
    levels = count_severities(report)
    total = sum(levels.values())
    by_level = ", ".join(plural(number, level.value) for level, number in levels.items() if number)
    files = plural(report.files, "file")
    where = f"{len({finding.path for finding in report.findings}):,} of {files}" if total else files
    parts = [f"{plural(total, 'finding')}{f' ({by_level})' if by_level else ''} in {where}"]
    if safe or unsafe:
        fixable = [f"{safe:,} fixable"] if safe else []
        fixable += [f"{unsafe:,} {'more' if safe else 'fixable'} with --unsafe-fixes"] if unsafe else []
        parts.append(", ".join(fixable))
    below = sum(report.below.values())
    left_out = [f"{below:,} under --min-severity not shown"] if below else []
    left_out += [f"{report.hidden:,} low confidence hidden"] if report.hidden else []
    left_out += [f"{report.ignored:,} ignored"] if report.ignored else []
    left_out += [f"{report.baselined:,} in the baseline"] if report.baselined else []
    left_out += [f"{len(report.tolerated):,} newer than the baseline fail nothing"] if report.tolerated else []
    unread = {each.path for each in report.unparsed if each.path}
    left_out += [f"{plural(len(unread), 'file')} not parsed"] if unread else []
    failed = sum(not each.path for each in report.unparsed)
    left_out += [f"{plural(failed, 'problem')} of the whole run"] if failed else []
    if left_out:
        parts.append(", ".join(left_out))
    if report.failures:
        parts.append(f"{plural(len(report.failures), 'internal error')}: this result is not complete")
    return "; ".join(parts)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape(text: str) -> str:
    """Untrusted text on one line: control, invisible and direction-changing characters and commands to a CI system become visible
    escapes, credentials asterisks.
    """
    return _CONTROL.sub(_escaped, hide(text).replace("\t", " "))


def escape_lines(text: str) -> str:
    """As `escape`, but line feeds and tabs stay."""
    pieces = re.split(r"([\n\t])", hide(text).replace("\r\n", "\n"))
    return "".join(each if each in ("\n", "\t") else _CONTROL.sub(_escaped, each) for each in pieces)


def dump_json(value: Any, indent: int | None = 2) -> str:
    """JSON in plain ASCII: no byte of a scanned file reaches the terminal unescaped, no log takes one for a command, and every string
    but credentials can be read back exactly.
    """
    text = json.dumps(_hidden(value), ensure_ascii=True, indent=indent).replace("\x7f", "\\u007f")
    return _LOG_COMMAND.sub(r"#\\u0023", text)


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: _hidden(each) for key, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list | tuple) else value


def showable(edits: Iterable[Edit]) -> bool:
    """Whether edits can stand in a report as they are: none brings credentials."""
    return all(hide(edit.text) == edit.text for edit in edits)


def rule_url(name: str) -> str:
    """The documentation page of a rule."""
    return f"{DOCUMENTATION}/rules/{name}/"

"""What every reporter gets, and what they share: context, paths, excerpts, escaping, the summary line."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from armready.core.errors import ParseProblem
from armready.core.finding import Severity
from armready.core.fix import Applicability, Edit
from armready.core.source import Source
from armready.core.startup import dataclass, regex
from armready.reporters.credentials import hide

if TYPE_CHECKING:
    from datetime import date

    from armready.core.config import Settings
    from armready.core.results import Report
    from armready.core.rule import Rule
    from armready.core.tree import Tree
    from armready.fixing.fixer import FixOutcome
    from armready.fixing.outlook import Forecast
    from armready.run.forge import Forge
    from armready.run.readiness import Readiness
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
        forge: where the files can be read on the web.
        cwd: the folder the command ran in; people see paths relative to it. Default: the root.
        readiness: how far the repository is; None where it is not judged.
        forecast: what `fix` would do now; None where nobody worked it out.
        complete: the whole repository was read, with all rules.
        command: the arguments with which `fix` does to the same files what the forecast says.
        statistics: add the number of findings per rule.
        today: the day of the run; None where nothing may depend on it.
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
    forge: Forge | None = None
    cwd: Path | None = None
    readiness: Readiness | None = None
    forecast: Forecast | None = None
    complete: bool = True
    command: str = "armready fix"
    statistics: bool = False
    today: date | None = None
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


def count_fixes(report: Report, context: Context) -> FixCounts:
    """What `fix` mends by itself and what it mends besides with `--unsafe-fixes`: as worked out, or else by the fixes at hand."""
    if context.forecast is not None:
        safe = context.forecast.safe.findings
        return FixCounts(safe, max(context.forecast.unsafe.findings - safe, 0))
    counts: Counter[Applicability] = Counter()
    for finding in report.findings:
        if finding.fix is not None:
            counts[finding.fix.applicability] += finding.places
    return FixCounts(counts[Applicability.SAFE], counts[Applicability.UNSAFE])


def count_severities(report: Report) -> dict[Severity, int]:
    """Findings by level; those under `--min-severity` are counted although they are not listed."""
    counts = Counter(finding.severity for finding in report.findings)
    return {level: counts[level] + report.below.get(level.value, 0) for level in Severity}


def summary_line(report: Report) -> str:
    """What was found, and what is not shown of it."""
    levels = count_severities(report)
    listed = [plural(levels[level], level.value) for level in Severity if levels[level] and level.value not in report.below]
    unlisted = [plural(number, level) for level, number in report.below.items() if number]
    line = ", ".join(listed) or "Nothing found that stops arm64"
    if unlisted:
        line += f" ({', '.join(unlisted)}: --min-severity info)"
    return "; ".join((line, *left_out(report)))


def left_out(report: Report) -> Iterator[str]:
    """What the numbers of a run do not hold."""
    if report.hidden:
        yield f"{report.hidden:,} of low confidence: --pedantic"
    if report.ignored:
        yield f"{report.ignored:,} ignored"
    if report.baselined:
        yield f"{report.baselined:,} in the baseline"
    if report.tolerated:
        yield f"{len(report.tolerated):,} newer than the baseline fail nothing"
    unread = {each.path for each in report.unparsed if each.path}
    if unread:
        yield f"{plural(len(unread), 'file')} not parsed: -v names {'it' if len(unread) == 1 else 'them'}"
    failed = sum(not each.path for each in report.unparsed)
    if failed:
        yield f"{plural(failed, 'problem')} of the whole run"
    if report.failures:
        yield f"{plural(len(report.failures), 'internal error')}: this result is not complete"


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

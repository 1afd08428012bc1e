"""The report of builds, or of a log, for people and for machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape as xml_text
from xml.sax.saxutils import quoteattr

from armready.core.finding import Finding
from armready.core.fix import Applicability
from armready.core.wording import plural
from armready.reporters.base import dump_json, escape
from armready.verify.contents import Foreign
from armready.verify.model import Explanation
from armready.verify.run import Tried

_HINTS = {Applicability.SAFE: "armready fix", Applicability.UNSAFE: "armready fix --unsafe-fixes", Applicability.DISPLAY: "by hand"}
_NOTHING = "Nothing in the log speaks of the architecture."
_UNEXPLAINED = "nothing in the log speaks of the architecture"


def text(tried: Sequence[Tried]) -> str:
    """Builds, for a terminal."""
    lines: list[str] = []
    for each in tried:
        lines.append(f"{escape(each.image.title)} for {each.platform}: {_result(each)}")
        lines += [f"    {line}" for line in _details(each)]
    good = sum(each.good for each in tried)
    return "\n".join([*lines, "", f"{good} of {plural(len(tried), 'build')} good."]) + "\n"


def explained_text(explanations: Sequence[Explanation]) -> str:
    """A log, for a terminal."""
    if not explanations:
        return _NOTHING + "\n"
    return "\n\n".join("\n".join(_explanation(each)) for each in explanations) + "\n"


def markdown(tried: Sequence[Tried]) -> str:
    """Builds, for a job summary."""
    rows = [f"| {_cell(each.image.title)} | {each.platform} | {_cell(_result(each))} |" for each in tried]
    parts = ["| image | platform | result |\n| --- | --- | --- |\n" + "\n".join(rows)]
    for each in tried:
        details = _details(each)
        if details:
            parts.append(f"**{_cell(each.image.title)}** for {each.platform}\n\n{_fenced(details)}")
    return "\n\n".join(parts) + "\n"


def explained_markdown(explanations: Sequence[Explanation]) -> str:
    """A log, for a job summary."""
    if not explanations:
        return _NOTHING + "\n"
    return "\n\n".join(_fenced(_explanation(each)) for each in explanations) + "\n"


def as_json(tried: Sequence[Tried]) -> str:
    """Builds, for programs."""
    return dump_json({"version": 1, "builds": [_build_json(each) for each in tried]}) + "\n"


def explained_json(explanations: Sequence[Explanation]) -> str:
    """A log, for programs."""
    return dump_json({"version": 1, "explanations": [explanation_json(each) for each in explanations]}) + "\n"


def junit(tried: Sequence[Tried]) -> str:
    """Builds as tests: one for each image and platform."""
    cases = "".join(_case(f"{each.image.title} for {each.platform}", each.seconds, [] if each.good else _lines_of(each)) for each in tried)
    return _suites(cases, len(tried), sum(not each.good for each in tried))


def explained_junit(explanations: Sequence[Explanation]) -> str:
    """A log as tests: one that fails for each explanation."""
    cases = "".join(_case(f"{each.cause} in line {each.log_line} of the log", 0, _explanation(each)) for each in explanations)
    return _suites(cases or _case("the log", 0, []), max(len(explanations), 1), len(explanations))


BUILDS: dict[str, Callable[[Sequence[Tried]], str]] = {"text": text, "json": as_json, "markdown": markdown, "junit": junit}
LOGS: dict[str, Callable[[Sequence[Explanation]], str]] = {
    "text": explained_text,
    "json": explained_json,
    "markdown": explained_markdown,
    "junit": explained_junit,
}


def _result(each: Tried) -> str:
    if each.problem:
        return escape(each.problem)
    if each.timed_out:
        return f"not built within {each.seconds:.0f} s"
    if not each.built:
        return "the build fails"
    contents = each.contents
    if contents is None:
        return "built"
    if contents.base:
        return f"built on a base image for {contents.base}"
    count = len(contents.foreign) + contents.more
    if count:
        return f"built, with {plural(count, 'program')} for another processor"
    ran = "" if each.ran is None else "; the command succeeds" if each.ran.good else f"; the command fails with {each.ran.code}"
    programs = f"all of its {plural(contents.programs, 'program')} fit" if contents.programs else "no programs in it"
    return f"built in {each.seconds:.0f} s, {programs}{ran}"


def _lines_of(each: Tried) -> list[str]:
    return [_result(each), *_details(each)]


def _details(each: Tried) -> list[str]:
    lines = [line for why in each.explanations for line in _explanation(why)]
    contents = each.contents
    if contents is not None:
        lines += [_foreign(program) for program in contents.foreign]
        if contents.more:
            lines.append(f"and {contents.more:,} more")
    failed = bool(each.tail)
    if failed and not each.explanations:
        lines += [f"{_UNEXPLAINED}; it ends with", *(f"  | {escape(line)}" for line in each.tail[-8:])]
    return lines


def _foreign(program: Foreign) -> str:
    origin = program.origin
    place = f"{origin.path}:{origin.line}" if origin.line else "a layer"
    return f"/{escape(program.path)} is for {program.architecture}, brought by {escape(place)}: {escape(origin.text[:160])}"


def _explanation(each: Explanation) -> list[str]:
    place = f"{each.path}:{each.line}: " if each.line else ""
    lines = [f"{escape(place)}{escape(each.why)} [{each.cause}]"]
    if each.step:
        lines.append(f"  step: {escape(each.step)}")
    lines.append(f"  log, line {each.log_line}: {escape(each.quote)}")
    lines.append(f"  do: {escape(each.advice)}")
    lines += [f"  {_finding(finding)}" for finding in each.findings]
    if not each.findings and each.rules:
        lines.append(f"  rules: {', '.join(each.rules)} (armready rule {each.rules[0]})")
    return lines


def _finding(finding: Finding) -> str:
    place = f"{finding.code} at {escape(finding.path)}:{finding.location.region.line}"
    if finding.fix is None:
        return f"{place}: {escape(finding.message)}"
    return f"{place}: {escape(finding.fix.title)} ({_HINTS[finding.fix.applicability]})"


def _build_json(each: Tried) -> dict[str, Any]:
    contents = each.contents
    return {
        "dockerfile": each.image.dockerfile,
        "context": each.image.context,
        "target": each.image.target,
        "arguments": list(each.image.arguments),
        "source": each.image.source or None,
        "platform": each.platform,
        "good": each.good,
        "built": each.built,
        "timed_out": each.timed_out,
        "seconds": round(each.seconds, 1),
        "problem": each.problem or None,
        "programs": contents.programs if contents else None,
        "base_for": contents.base or None if contents else None,
        "foreign": [_foreign_json(program) for program in contents.foreign] if contents else [],
        "more_foreign": contents.more if contents else 0,
        "command": None if each.ran is None else {"code": each.ran.code, "timed_out": each.ran.timed_out},
        "explanations": [explanation_json(why) for why in each.explanations],
        "log_tail": list(each.tail),
    }


def _foreign_json(program: Foreign) -> dict[str, Any]:
    origin = program.origin
    return {
        "path": program.path,
        "architecture": program.architecture,
        "dockerfile": origin.path or None,
        "line": origin.line or None,
        "instruction": origin.text,
    }


def explanation_json(each: Explanation) -> dict[str, Any]:
    """One explanation, for programs."""
    return {
        "cause": each.cause,
        "why": each.why,
        "advice": each.advice,
        "confidence": each.confidence.value,
        "rules": list(each.rules),
        "subject": each.subject or None,
        "platform": each.platform or None,
        "step": each.step or None,
        "path": each.path or None,
        "line": each.line or None,
        "log_line": each.log_line,
        "quote": each.quote,
        "findings": [_finding_json(finding) for finding in each.findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    fix = None if finding.fix is None else {"title": finding.fix.title, "applicability": finding.fix.applicability.value}
    return {"code": finding.code, "path": finding.path, "line": finding.location.region.line, "message": finding.message, "fix": fix}


def _cell(value: str) -> str:
    return escape(value).replace("|", "\\|").replace("<", "&lt;")


def _fenced(lines: Sequence[str]) -> str:
    longest = max((len(run) for line in lines for run in line.split("`") if not run), default=0)
    fence = "`" * max(4, longest + 1)
    return "\n".join([f"{fence}text", *(line.replace("`" * 4, "''''") for line in lines), fence])


def _case(name: str, seconds: float, failure: Sequence[str]) -> str:
    head = f'    <testcase classname="armready.verify" name={quoteattr(escape(name))} time="{seconds:.1f}"'
    if not failure:
        return f"{head}/>\n"
    body = xml_text("\n".join(failure))
    return f'{head}>\n      <failure type="verify" message={quoteattr(failure[0])}>{body}</failure>\n    </testcase>\n'


def _suites(cases: str, tests: int, failures: int) -> str:
    counts = f'tests="{tests}" failures="{failures}" errors="0" skipped="0"'
    suite = f'  <testsuite name="armready verify" {counts}>\n{cases}  </testsuite>\n'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="armready" {counts}>\n{suite}</testsuites>\n'

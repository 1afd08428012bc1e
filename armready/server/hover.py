"""What a finding means, for the reader who points at it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from armready.core.finding import Finding
from armready.core.rule import HEADINGS, sections
from armready.core.source import Span
from armready.reporters.base import rule_url
from armready.reporters.markdown import markdown
from armready.run.registry import Registry
from armready.server.positions import Lines

_WHY = HEADINGS[1]


def hover(findings: Iterable[Finding], at: int, lines: Lines, registry: Registry) -> types.Hover | None:
    """What the findings at an offset say: the sentence with the fact and its date, what the rule is about, and the fix."""
    here = [finding for finding in findings if finding.location.span.start <= at <= finding.location.span.end]
    if not here:
        return None
    text = "\n\n---\n\n".join("\n\n".join(_paragraphs(finding, registry)) for finding in here)
    spans = [finding.location.span for finding in here]
    whole = Span(min(span.start for span in spans), max(span.end for span in spans))
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), lines.range(whole))


def _paragraphs(finding: Finding, registry: Registry) -> Iterator[str]:
    rule = registry.rule(finding.code).load()
    yield f"**{finding.code}** [{finding.name}]({rule_url(finding.name)}) ({finding.severity}, {finding.confidence} confidence)"
    yield markdown(finding.message)
    yield f"{rule.summary}. {sections(rule.documentation())[_WHY]}"
    if finding.fix:
        yield f"Fix ({finding.fix.applicability}): {markdown(finding.fix.title)}"
        for note in finding.fix.notes:
            yield f"- {markdown(note)}"

"""What `fix` will do about a finding, in words: the same in every format."""

from __future__ import annotations

from armready.core.finding import Finding
from armready.core.fix import Applicability
from armready.fixing.outlook import Outlook
from armready.reporters.base import Context

_HINTS = {
    Applicability.SAFE: "armready fix",
    Applicability.UNSAFE: "armready fix --unsafe-fixes, after a look at it",
    Applicability.DISPLAY: "to be made by hand",
}
_MARKS = {Applicability.SAFE: "fix", Applicability.UNSAFE: "unsafe fix"}


def will_be(finding: Finding, context: Context) -> Applicability | None:
    """How a finding can be mended: as worked out, or else as its own fix says; None: nobody wrote a fix."""
    outlook = _outlook(finding, context)
    return outlook.applicability if outlook else None


def mark(finding: Finding, context: Context) -> str:
    """`(fix)`, `(unsafe fix)`, `(fix after DF110)`, or nothing."""
    outlook = _outlook(finding, context)
    if outlook is None or outlook.applicability not in _MARKS:
        return ""
    return f"({_MARKS[outlook.applicability]}{_after(outlook)})"


def hint(finding: Finding, context: Context) -> str:
    """`safe, after DF110: armready fix`; or why the fix is not made."""
    outlook = _outlook(finding, context)
    if outlook is None:
        return ""
    if outlook.applicability is Applicability.DISPLAY:
        return f"not applied: {outlook.reason}" if outlook.reason else _HINTS[outlook.applicability]
    after = _after(outlook)
    return f"{outlook.applicability.value}{f',{after}' if after else ''}: {_HINTS[outlook.applicability]}"


def _after(outlook: Outlook) -> str:
    return f" {'with' if outlook.gone else 'after'} {', '.join(outlook.after)}" if outlook.after else ""


def _outlook(finding: Finding, context: Context) -> Outlook | None:
    if context.forecast is not None:
        return context.forecast.of(finding)
    return Outlook(finding.fix.applicability) if finding.fix else None

"""`armready plan`: what to do in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armready.core.errors import IncompleteRun, UsageError
from armready.core.wording import first_of
from armready.plan import html, json, markdown, mermaid, text
from armready.plan.planner import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from armready.plan.model import Plan
    from armready.run.session import Session

FORMATS = ("text", "markdown", "json", "html", "mermaid")


def planned(session: Session, output_format: str) -> str:
    """The plan for a repository in a format.

    Raises:
        IncompleteRun: a rule or a reader failed: what is not known would be missing from the plan.
        UsageError: there is no such format.
    """
    if output_format not in FORMATS:
        raise UsageError(f"unknown format {output_format!r}; there are {', '.join(FORMATS)}")
    analysis = session.analyse()
    if analysis.all_failures:
        raise IncompleteRun(f"{first_of(analysis.all_failures)}; no plan is made")
    made = plan(session, analysis)
    if output_format == "html":
        return html.render(made, session.root.name or "repository")
    writers: dict[str, Callable[[Plan], str]] = {
        "text": text.render,
        "markdown": markdown.render,
        "json": json.render,
        "mermaid": mermaid.render,
    }
    return writers[output_format](made)

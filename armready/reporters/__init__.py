"""One module per output format; all get the same report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armready.core.results import Report
    from armready.reporters.base import Context, RenderFunction

FORMATS = {
    name: f"armready.reporters.{name}"
    for name in ("text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html")
}


def renderer(name: str) -> RenderFunction:
    """The `render` function of a format, imported when it is first asked for.

    Raises:
        KeyError: there is no such format.
    """
    return import_module(FORMATS[name]).render  # type: ignore[no-any-return]


def render(name: str, report: Report, context: Context) -> str:
    """The report in the format of that name."""
    return renderer(name)(report, context)

"""The records of the JSON report, one a line, for streams."""

from __future__ import annotations

from armready.reporters.base import Context, dump_json
from armready.reporters.json import records
from armready.results import Report


def render(report: Report, context: Context) -> str:
    """One JSON object per finding and line."""
    return "".join(dump_json(record, indent=None) + "\n" for record in records(report, context))

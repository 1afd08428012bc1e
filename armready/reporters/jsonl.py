"""The records of the JSON report, one a line, for streams."""

from __future__ import annotations

from armready.core.results import Report
from armready.reporters.base import Context, dump_json
from armready.reporters.json import failures, records


def render(report: Report, context: Context) -> str:
    """One JSON object per finding and line; failures of armready itself follow, as objects with the one key `internal_error`."""
    lines = [*records(report, context), *({"internal_error": each} for each in failures(report, context))]
    return "".join(dump_json(line, indent=None) + "\n" for line in lines)

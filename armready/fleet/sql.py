"""Questions in SQL, answered read-only: the database cannot be changed, and nothing beyond it can be read or written."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from armready.core.errors import UsageError
from armready.fleet.store import Store, duckdb_module
from armready.reporters.base import dump_json, escape

FORMATS = ("table", "csv", "json")


def answer(path: Path, query: str, form: str) -> str:
    """What a query gives, as an aligned table, CSV or JSON.

    Raises:
        UsageError: the query fails, wants more than to read, or there is no such format.
    """
    if form not in FORMATS:
        raise UsageError(f"unknown format {form!r}; there are {', '.join(FORMATS)}")
    store = Store(path)
    try:
        for setting in ("enable_external_access = false", "autoinstall_known_extensions = false", "lock_configuration = true"):
            store.database.execute(f"SET {setting}")
        result = store.database.execute(query)
        head = [str(each[0]) for each in result.description or ()]
        rows = result.fetchall()
    except duckdb_module().Error as error:
        raise UsageError(str(error).splitlines()[0]) from error
    finally:
        store.close()
    if form == "json":
        return dump_json([dict(zip(head, map(_plain, row), strict=True)) for row in rows]) + "\n"
    cells = [head, *([escape("" if cell is None else str(cell)) for cell in row] for row in rows)]
    return _csv(cells) if form == "csv" else _aligned(cells)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _csv(cells: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(cells)
    return out.getvalue()


def _aligned(cells: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells)

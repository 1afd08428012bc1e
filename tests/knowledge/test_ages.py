"""How old the embedded facts are, and who is told."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from armready.commands.cli import app
from armready.knowledge.tables import _DATA, dates, days_between, newest, table
from armready.reporters.verdict import old_facts


def test_every_table_is_dated() -> None:
    found = dates()
    assert set(found) == {path.stem for path in Path(_DATA).glob("*.tsv")}
    assert {name: table(name).as_of for name in found} == found
    assert newest() == max(found.values())


@pytest.mark.parametrize(("as_of", "days"), [("2026-11-01", 23), ("2026-11", 23), ("2025", 692)])
def test_days(as_of: str, days: int) -> None:
    assert days_between(as_of, date(2026, 11, 24)) == days


def test_facts_check_lists_every_table_the_oldest_first() -> None:
    result = CliRunner().invoke(app, ["facts", "--check"])
    rows = re.findall(r"^(\S+) +(\d+) days  (\w+)$", result.output, re.MULTILINE)
    assert result.exit_code == 0
    assert {name: as_of for as_of, _, name in rows} == dates()
    assert [as_of for as_of, _, _ in rows] == sorted(dates().values())


def test_a_run_says_once_when_the_facts_are_old() -> None:
    year = int(newest()[:4])

    def said(today: date | None, *, online: bool = False) -> list[str]:
        return old_facts(SimpleNamespace(today=today, online=online))  # type: ignore[arg-type]

    assert said(date(year, 12, 31)) == []
    assert len(said(date(year + 2, 12, 31))) == 1
    assert newest() in said(date(year + 2, 12, 31))[0]
    assert said(date(year + 2, 12, 31), online=True) == []
    assert said(None) == []

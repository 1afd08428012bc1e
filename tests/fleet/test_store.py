"""The database: nothing twice, nothing half, older versions brought up, newer ones refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from armready.core.errors import UsageError
from armready.fleet.sources import Source
from armready.fleet.store import TABLES, VERSION, Judges, Store

JUDGES = Judges("1", "2026-01-01", "s")
SOURCES = [Source("url", "https://example.com/o/a", "o/a"), Source("url", "https://example.com/o/b", "o/b")]


def row(location: str, key: str = "k", **more) -> dict:
    finding = {"path": "D", "line": 1, "col": 1, "code": "DF101", "name": "n", "severity": "error", "confidence": "high", "message": "it's \"x\"",
               "fix": "safe", "fingerprint": "f", "owners": ["@a", "@b"]}  # fmt: skip
    return {"location": location, "key": key, "commit": key, "status": "ok", "seconds": 1.5, "findings": [finding], **more}


@pytest.fixture
def store(tmp_path: Path):
    return Store(tmp_path / "f.duckdb", writing=True)


def test_rows_are_written_as_they_are(store) -> None:
    run = store.begin_run(JUDGES, SOURCES, "m")
    store.add(run, JUDGES, [row(SOURCES[0].location)])
    assert store.rows("SELECT message, owners, col FROM findings") == [('it\'s "x"', ["@a", "@b"], 1)]


def test_a_repository_is_in_a_run_once_and_a_state_is_written_once(store) -> None:
    run = store.begin_run(JUDGES, SOURCES, "m")
    one, other = (source.location for source in SOURCES)
    store.add(run, JUDGES, [row(one), row(one), row(other)])
    store.add(run, JUDGES, [row(one, "later")])
    store.end_run(run)
    second = store.begin_run(JUDGES, SOURCES, "m")
    store.add(second, JUDGES, [{"location": one, "status": "same", "key": "k", "seconds": 0.0}, row(other, "new")])
    assert store.rows("SELECT run, location, scan, reused FROM run_scans ORDER BY 1, 2") == [
        (run, one, 1, False),
        (run, other, 2, False),
        (second, one, 1, True),
        (second, other, 3, False),
    ]


def test_a_run_that_was_cut_off_goes_on_and_one_of_others_does_not(store) -> None:
    first = store.begin_run(JUDGES, SOURCES, "m")
    assert store.begin_run(JUDGES, SOURCES, "m") == first
    assert store.begin_run(JUDGES, SOURCES, "other") == first + 1
    assert store.begin_run(JUDGES._replace(settings="t"), SOURCES, "m") == first + 2


def test_only_a_scan_by_the_same_judges_that_ended_well_is_known(store) -> None:
    run = store.begin_run(JUDGES, SOURCES, "m")
    store.add(run, JUDGES, [row(SOURCES[0].location), row(SOURCES[1].location, status="failed")])
    assert store.known(JUDGES) == {SOURCES[0].location: "k"}
    assert store.known(JUDGES._replace(armready="2")) == {}


def test_a_group_of_rows_is_written_as_a_whole_or_not_at_all(store) -> None:
    run = store.begin_run(JUDGES, SOURCES, "m")
    with pytest.raises(duckdb.Error):
        store.add(run, JUDGES, [row(SOURCES[0].location), row(SOURCES[1].location, seconds="nonsense")])
    store.database.rollback()
    assert store.done(run) == set()


def test_a_newer_database_is_refused_and_an_unfinished_one_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "f.duckdb"
    duckdb.connect(str(path)).close()
    Store(path, writing=True).close()
    with duckdb.connect(str(path)) as database:
        assert database.execute("SELECT version FROM meta").fetchall() == [(VERSION,)]
        database.execute("UPDATE meta SET version = 99")
    with pytest.raises(UsageError, match="version 99"):
        Store(path)


def test_what_is_no_database_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "f.duckdb").write_bytes(b"nonsense" * 1000)
    for path in (tmp_path / "f.duckdb", tmp_path / "gone.duckdb"):
        with pytest.raises(UsageError):
            Store(path)


def test_every_table_is_exported(store, tmp_path: Path) -> None:
    store.add(store.begin_run(JUDGES, SOURCES, "m"), JUDGES, [row(SOURCES[0].location)])
    store.export(tmp_path / "out's")
    assert {path.stem for path in (tmp_path / "out's").iterdir()} == set(TABLES)
    place = str(tmp_path / "out's" / "findings.parquet").replace("'", "''")
    assert duckdb.sql(f"SELECT code FROM '{place}'").fetchall() == [("DF101",)]

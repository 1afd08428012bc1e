"""The database of a fleet: DuckDB, with a schema of its own version.

| table | holds |
| --- | --- |
| `runs` | one row a run: when, by which armready, facts and settings |
| `repositories` | one row a repository, whatever the run |
| `scans` | one row a state of a repository that was scanned: commit or digest, versions, how it ended |
| `run_scans` | which scan stands for a repository in a run |
| `files`, `findings` | of a scan |
| `nodes`, `edges` | of its graph |
| `facts` | the images that it builds and pushes |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from armready.core.errors import UsageError

if TYPE_CHECKING:
    from armready.fleet.sources import Source

VERSION = 1

# Step by step from an empty database; a database of an older version gets the steps that it lacks.
MIGRATIONS = (
    """
    CREATE TABLE runs (run INTEGER PRIMARY KEY, started TIMESTAMP, ended TIMESTAMP, armready VARCHAR, facts VARCHAR, settings VARCHAR,
        sources VARCHAR, repositories INTEGER);
    CREATE TABLE repositories (location VARCHAR PRIMARY KEY, name VARCHAR, kind VARCHAR, namespace VARCHAR);
    CREATE TABLE scans (scan INTEGER PRIMARY KEY, location VARCHAR, key VARCHAR, commit VARCHAR, armready VARCHAR, facts VARCHAR,
        settings VARCHAR, status VARCHAR, reason VARCHAR, seconds DOUBLE, team VARCHAR, files INTEGER, recognised INTEGER, shared INTEGER);
    CREATE TABLE run_scans (run INTEGER, location VARCHAR, scan INTEGER, reused BOOLEAN, PRIMARY KEY (run, location));
    CREATE TABLE files (scan INTEGER, path VARCHAR, kind VARCHAR, digest VARCHAR);
    CREATE TABLE findings (scan INTEGER, path VARCHAR, line INTEGER, col INTEGER, code VARCHAR, name VARCHAR, severity VARCHAR,
        confidence VARCHAR, message VARCHAR, fix VARCHAR, fingerprint VARCHAR, owners VARCHAR[]);
    CREATE TABLE nodes (scan INTEGER, key VARCHAR, sort VARCHAR, title VARCHAR, path VARCHAR, line INTEGER, own VARCHAR, reason VARCHAR,
        any_of BOOLEAN, how VARCHAR, codes VARCHAR[]);
    CREATE TABLE edges (scan INTEGER, source VARCHAR, target VARCHAR);
    CREATE TABLE facts (scan INTEGER, image VARCHAR, platforms VARCHAR[], path VARCHAR);
    """,
)
TABLES = ("runs", "repositories", "scans", "run_scans", "files", "findings", "nodes", "edges", "facts")

# The tables that a scan fills, with the columns of each row after `scan`.
_FILLED: dict[str, dict[str, Any]] = {
    "files": {"path": "VARCHAR", "kind": "VARCHAR", "digest": "VARCHAR"},
    "findings": {
        **dict.fromkeys(("path",), "VARCHAR"),
        **dict.fromkeys(("line", "col"), "INTEGER"),
        **dict.fromkeys(("code", "name", "severity", "confidence", "message", "fix", "fingerprint"), "VARCHAR"),
        "owners": ["VARCHAR"],
    },
    "nodes": {
        **dict.fromkeys(("key", "sort", "title", "path"), "VARCHAR"),
        "line": "INTEGER",
        **dict.fromkeys(("own", "reason"), "VARCHAR"),
        "any_of": "BOOLEAN",
        "how": "VARCHAR",
        "codes": ["VARCHAR"],
    },
    "edges": {"source": "VARCHAR", "target": "VARCHAR"},
    "facts": {"image": "VARCHAR", "platforms": ["VARCHAR"], "path": "VARCHAR"},
}
# How a scan ends that need not be done again while nothing changes.
LASTING = ("ok", "empty")


class Judges(NamedTuple):
    """What decides whether a scan still holds: the versions of armready and its facts, and the settings of the run."""

    armready: str
    facts: str
    settings: str


class Store:
    """A database, open for writing by this process alone, or for reading."""

    def __init__(self, path: Path, *, writing: bool = False) -> None:
        """Open a database; one that is written to is made, and brought to this version.

        Raises:
            UsageError: it cannot be opened, or is of a version that this armready does not know.
        """
        duckdb = duckdb_module()
        if not writing and not path.is_file():
            raise UsageError(f"{path}: no such database; armready fleet scan makes one")
        try:
            self.database: Any = duckdb.connect(str(path), read_only=not writing)
        except duckdb.Error as error:
            raise UsageError(f"{path}: {str(error).splitlines()[0]}") from error
        self._migrate(path, writing=writing)

    def _migrate(self, path: Path, *, writing: bool) -> None:
        try:
            found = self.rows("SELECT version FROM meta")
            version = int(found[0][0])
        except duckdb_module().Error:
            version = 0
        if version > VERSION or (version < VERSION and not writing):
            raise UsageError(f"{path}: version {version} of the database; this armready knows version {VERSION}")
        for number in range(version, VERSION):
            self.database.begin()
            self.database.execute("CREATE TABLE IF NOT EXISTS meta (version INTEGER)")
            self.database.execute(MIGRATIONS[number])
            self.database.execute("DELETE FROM meta")
            self.database.execute("INSERT INTO meta VALUES (?)", [number + 1])
            self.database.commit()

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        found: list[tuple[Any, ...]] = self.database.execute(query, list(parameters)).fetchall()
        return found

    def begin_run(self, judges: Judges, sources: Sequence[Source], mark: str) -> int:
        """The number of the run over these repositories: that of one that was cut off, or a new one."""
        left = self.rows(
            """SELECT run FROM runs WHERE ended IS NULL AND armready = ? AND facts = ? AND settings = ? AND sources = ?
            ORDER BY run DESC LIMIT 1""",
            [*judges, mark],
        )
        self.database.begin()
        self.database.execute(
            "INSERT OR REPLACE INTO repositories SELECT r.location, r.name, r.kind, r.namespace FROM (SELECT unnest(from_json(?, ?)) AS r)",
            [
                json.dumps([_repository(each) for each in sources]),
                _structure(dict.fromkeys(("location", "name", "kind", "namespace"), "VARCHAR")),
            ],
        )
        if left:
            run = int(left[0][0])
        else:
            run = int(self.rows("SELECT coalesce(max(run), 0) + 1 FROM runs")[0][0])
            self.database.execute("INSERT INTO runs VALUES (?, now()::TIMESTAMP, NULL, ?, ?, ?, ?, ?)", [run, *judges, mark, len(sources)])
        self.database.commit()
        return run

    def done(self, run: int) -> set[str]:
        """The repositories that this run has a row for."""
        return {str(each[0]) for each in self.rows("SELECT location FROM run_scans WHERE run = ?", [run])}

    def known(self, judges: Judges) -> dict[str, str]:
        """The state in which each repository was scanned last by the same judges."""
        query = """SELECT location, arg_max(key, scan) FROM scans WHERE armready = ? AND facts = ? AND settings = ?
            AND status IN ('ok', 'empty') GROUP BY location"""
        return {str(location): str(key) for location, key in self.rows(query, judges)}

    def add(self, run: int, judges: Judges, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the rows of scans, all or none; a state that is known is not written twice, and neither is a repository in a run."""
        self.database.begin()
        done = self.done(run)
        number = int(self.rows("SELECT coalesce(max(scan), 0) FROM scans")[0][0])
        for row in rows:
            location = row["location"]
            if location in done:
                continue
            done.add(location)
            known = self._same(judges, location, row.get("key", "")) if row["status"] in (*LASTING, "same") else None
            if known is None:
                number += 1
                self._write(number, judges, row)
            self.database.execute("INSERT INTO run_scans VALUES (?, ?, ?, ?)", [run, location, known or number, known is not None])
        self.database.commit()

    def _same(self, judges: Judges, location: str, key: str) -> int | None:
        query = """SELECT max(scan) FROM scans WHERE location = ? AND key = ? AND armready = ? AND facts = ? AND settings = ?
            AND status IN ('ok', 'empty')"""
        return self.rows(query, [location, key, *judges])[0][0]  # type: ignore[no-any-return]

    def _write(self, scan: int, judges: Judges, row: Mapping[str, Any]) -> None:
        values = [row.get(key, "") for key in ("status", "reason", "seconds", "team")]
        numbers = [row.get(key, 0) for key in ("files", "recognised", "shared")]
        self.database.execute(
            "INSERT INTO scans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [scan, row["location"], row.get("key", ""), row.get("commit", ""), *judges, *values, *numbers],
        )
        written = {"files": row.get("paths", []), **{table: row.get(table, []) for table in _FILLED if table != "files"}}
        for table, columns in _FILLED.items():
            if written[table]:
                names = ", ".join(f"r.{name}" for name in columns)
                self.database.execute(
                    f"INSERT INTO {table} SELECT {scan}, {names} FROM (SELECT unnest(from_json(?, ?)) AS r)",
                    [json.dumps(written[table], ensure_ascii=True), _structure(columns)],
                )

    def end_run(self, run: int) -> None:
        """Write down that a run is complete."""
        self.database.execute("UPDATE runs SET ended = now()::TIMESTAMP WHERE run = ?", [run])

    def run(self, wanted: int | None = None) -> int:
        """The number of a run: the one that is named, else the last one that is complete, else the last.

        Raises:
            UsageError: there is none.
        """
        found = self.rows("SELECT run FROM runs ORDER BY ended IS NULL, run DESC")
        numbers = [int(each[0]) for each in found]
        if wanted is None and numbers:
            return numbers[0]
        if wanted not in numbers:
            raise UsageError(f"no run {wanted}; there are {', '.join(map(str, sorted(numbers))) or 'none'}")
        return int(wanted or 0)

    def export(self, folder: Path) -> None:
        """Write every table as a Parquet file.

        Raises:
            UsageError: the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for table in TABLES:
                target = str(folder / f"{table}.parquet").replace("'", "''")
                self.database.execute(f"COPY {table} TO '{target}' (FORMAT parquet)")
        except (OSError, duckdb_module().Error) as error:
            raise UsageError(f"{folder}: {error}") from error

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def _repository(source: Source) -> dict[str, str]:
    return {"location": source.shown, "name": source.name, "kind": source.kind, "namespace": source.name.rpartition("/")[0]}


def _structure(columns: Mapping[str, Any]) -> str:
    return json.dumps([dict(columns)])


def duckdb_module() -> Any:
    """DuckDB.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        return import_module("duckdb")
    except ImportError as error:
        raise UsageError("armready fleet needs its extra: pip install 'armready[fleet]'") from error

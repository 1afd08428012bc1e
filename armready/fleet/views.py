"""What a run says of its repositories: numbers, blockers, readiness by team, the trend, and the difference of two runs."""

from __future__ import annotations

from typing import NamedTuple

from armready.fleet.store import Store

# The scans that stand for the repositories of a run.
_OF_RUN = (
    "SELECT s.*, r.name AS repository FROM run_scans JOIN scans s USING (scan) JOIN repositories r ON r.location = s.location WHERE run = ?"
)


class Repository(NamedTuple):
    """A row of the report.

    Attributes:
        name: of the repository.
        team: who owns it, by CODEOWNERS; else its namespace.
        status: how its scan ended.
        reason: why it did not end well.
        errors: how many findings; `warnings` and `infos` likewise.
        fixable: how many a plain fix mends.
        workloads: how many there are.
        ready: how many of them nothing stands against by themselves.
    """

    name: str
    team: str
    status: str
    reason: str
    errors: int
    warnings: int
    infos: int
    fixable: int
    workloads: int
    ready: int


class Blocker(NamedTuple):
    """A rule, with what it finds.

    Attributes:
        code: of the rule.
        name: of the rule.
        findings: how many.
        repositories: in how many.
        severity: the highest.
    """

    code: str
    name: str
    findings: int
    repositories: int
    severity: str


class Team(NamedTuple):
    """The repositories of a team."""

    name: str
    repositories: int
    clean: int
    errors: int
    fixable: int


class Trend(NamedTuple):
    """A run in a row of runs."""

    run: int
    day: str
    repositories: int
    clean: int
    errors: int
    warnings: int
    failed: int


class Place(NamedTuple):
    """A finding with its place."""

    repository: str
    path: str
    line: int
    code: str
    severity: str
    message: str
    fix: str


def repositories(store: Store, run: int) -> list[Repository]:
    """The repositories of a run, the worst first."""
    query = f"""
        WITH s AS ({_OF_RUN}),
        f AS (SELECT scan, count(*) FILTER (severity = 'error') AS errors, count(*) FILTER (severity = 'warning') AS warnings,
            count(*) FILTER (severity = 'info') AS infos, count(*) FILTER (fix = 'safe') AS fixable FROM findings GROUP BY scan),
        w AS (SELECT scan, count(*) AS workloads, count(*) FILTER (own IN ('ready', 'stays')) AS ready
            FROM nodes WHERE sort = 'workload' GROUP BY scan)
        SELECT repository, coalesce(nullif(team, ''), n.namespace, ''), status, reason, coalesce(errors, 0), coalesce(warnings, 0),
            coalesce(infos, 0), coalesce(fixable, 0), coalesce(workloads, 0), coalesce(ready, 0)
        FROM s LEFT JOIN f USING (scan) LEFT JOIN w USING (scan) JOIN repositories n ON n.location = s.location
        ORDER BY status IN ('ok', 'empty'), coalesce(errors, 0) DESC, coalesce(warnings, 0) DESC, repository"""
    return [Repository(*row) for row in store.rows(query, [run])]


def blockers(store: Store, run: int, limit: int = 30) -> list[Blocker]:
    """The rules that find most, by repositories."""
    query = f"""
        WITH s AS ({_OF_RUN})
        SELECT code, any_value(name), count(*), count(DISTINCT scan),
            min_by(severity, CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END)
        FROM findings WHERE scan IN (SELECT scan FROM s) AND severity <> 'info' GROUP BY code
        ORDER BY count(DISTINCT scan) DESC, count(*) DESC, code LIMIT {limit}"""
    return [Blocker(*row) for row in store.rows(query, [run])]


def teams(found: list[Repository]) -> list[Team]:
    """The repositories by team, the one with most errors first."""
    groups: dict[str, list[Repository]] = {}
    for each in found:
        groups.setdefault(each.team, []).append(each)
    rows = [
        Team(
            name=name,
            repositories=len(group),
            clean=sum(each.status == "ok" and not each.errors for each in group),
            errors=sum(each.errors for each in group),
            fixable=sum(each.fixable for each in group),
        )
        for name, group in groups.items()
    ]
    return sorted(rows, key=lambda each: (-each.errors, each.name))


def trend(store: Store) -> list[Trend]:
    """The runs that are complete, in order."""
    query = """
        WITH f AS (SELECT scan, count(*) FILTER (severity = 'error') AS errors,
            count(*) FILTER (severity = 'warning') AS warnings FROM findings GROUP BY scan)
        SELECT run, strftime(any_value(started), '%Y-%m-%d'), count(*), count(*) FILTER (status = 'ok' AND coalesce(errors, 0) = 0),
            coalesce(sum(errors), 0)::BIGINT, coalesce(sum(warnings), 0)::BIGINT, count(*) FILTER (status NOT IN ('ok', 'empty'))
        FROM runs JOIN run_scans USING (run) JOIN scans USING (scan) LEFT JOIN f USING (scan)
        WHERE ended IS NOT NULL GROUP BY run ORDER BY run"""
    return [Trend(*row) for row in store.rows(query)]


def places(store: Store, run: int, limit: int) -> list[Place]:
    """The findings of a run, errors first."""
    query = f"""
        WITH s AS ({_OF_RUN})
        SELECT repository, path, line, code, severity, message, fix FROM findings JOIN s USING (scan)
        WHERE severity <> 'info' ORDER BY severity, repository, path, line LIMIT {limit}"""
    return [Place(*row) for row in store.rows(query, [run])]


class Change(NamedTuple):
    """A finding that one of two runs has alone, or a repository whose scan ends otherwise."""

    what: str
    repository: str
    place: str
    code: str
    message: str


def difference(store: Store, before: int, after: int) -> list[Change]:
    """What is new and what is gone from one run to another: findings of repositories that both have, and repositories."""
    found: list[Change] = []
    for what, one, other in (("new", after, before), ("gone", before, after)):
        both = f"SELECT location FROM ({_OF_RUN}) INTERSECT SELECT location FROM ({_OF_RUN})"
        query = f"""
            WITH a AS ({_OF_RUN}), b AS ({_OF_RUN})
            SELECT a.repository, f.path || ':' || f.line, f.code, f.message FROM findings f JOIN a USING (scan)
            WHERE f.severity <> 'info' AND a.location IN ({both}) AND NOT EXISTS (
                SELECT 1 FROM findings g JOIN b USING (scan) WHERE b.location = a.location AND g.fingerprint = f.fingerprint)
            ORDER BY ALL"""
        found += [Change(what, *row) for row in store.rows(query, [one, other, one, other])]
        alone = f"SELECT repository FROM ({_OF_RUN}) WHERE location NOT IN (SELECT location FROM ({_OF_RUN})) ORDER BY 1"
        found += [
            Change(what=what, repository=row[0], place="", code="", message="the repository") for row in store.rows(alone, [one, other])
        ]
    return found

"""What is told of a fleet: the report, the plan across repositories, questions in SQL, the difference of runs, facts, patches."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from armready.core.errors import UsageError
from armready.fleet.export import facts_of
from armready.fleet.graph import canonical, fleet_of, ordered
from armready.fleet.order import render as render_plan
from armready.fleet.patches import patches
from armready.fleet.report import render
from armready.fleet.sources import Source
from armready.fleet.sql import answer
from armready.fleet.store import Judges, Store
from armready.fleet.task import Memory, scan
from armready.fleet.views import difference, repositories, trend
from tests.fleet.conftest import PINNED, git
from tests.fleet.test_task import task

JUDGES = Judges("1", "2026-01-01", "s")
CI = "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n    - docker build -t {0} .\n    - docker push {0}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {0}}}\nspec:\n  containers:\n    - name: x\n      image: {1}\n"
KEPT = POD.replace("spec:", "spec:\n  nodeSelector: {{kubernetes.io/arch: amd64}}")
FLEET = {
    "base": {"Dockerfile": PINNED, ".gitlab-ci.yml": CI.format("registry.example.com/base:1")},
    "app": {"Dockerfile": "FROM registry.example.com/base:2\n", ".gitlab-ci.yml": CI.format("registry.example.com/app:1")},
    "run": {"pod.yaml": POD.format("app", "registry.example.com/app:7"), "db.yaml": KEPT.format("db", "mysql:5.7")},
    "other": {"db.yaml": KEPT.format("db", "mysql:5.7"), "evil.yaml": POD.format("'=1+1<script>'", "nginx:1.27")},
}


def filled(store: Store, repos: dict[str, Path], mark: str = "m") -> int:
    found = [Source("folder", str(path), f"team/{name}") for name, path in repos.items()]
    run = store.begin_run(JUDGES, found, mark)
    rows = [scan(task("folder", path, name=f"team/{name}", overrides={"min-severity": "info"}), Memory()) for name, path in repos.items()]
    store.add(run, JUDGES, rows)
    store.end_run(run)
    return run


@pytest.fixture
def repos(tmp_path: Path) -> dict[str, Path]:
    for name, files in FLEET.items():
        for path, content in files.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / path).write_text(content)
        (tmp_path / name / ".git").mkdir()
    return {name: tmp_path / name for name in FLEET}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "f.duckdb", writing=True)


def test_the_plan_joins_what_one_builds_and_another_builds_on_or_runs(store, repos) -> None:
    plan = ordered(*fleet_of(store, filled(store, repos), ()))
    assert plan.joined == 2
    assert [(each.repository, each.title) for each in plan.critical] == [
        ("team/base", "Dockerfile"),
        ("team/base", ".gitlab-ci.yml"),
        ("team/app", ".gitlab-ci.yml"),
    ]
    first = plan.first[0]
    assert (first.repository, first.title, first.repositories) == ("team/base", "Dockerfile", 2)
    assert [{each.repository for each in wave} for wave in plan.waves][1:] == [{"team/base"}, {"team/app"}]


def test_an_image_of_others_is_decided_once_for_all(store, repos) -> None:
    plan = ordered(*fleet_of(store, filled(store, repos), ()))
    (decision,) = [each for wave in plan.waves for each in wave if each.how == "decide"]
    assert (decision.repository, decision.title, decision.unblocks, decision.repositories) == ("images of others", "mysql:5.7", 2, 2)


def test_repositories_that_wait_for_each_other_are_a_cycle_and_tags_of_one_image_are_none(store, tmp_path: Path) -> None:
    names = {"one": "two", "two": "one", "self": "self"}
    for name, base in names.items():
        (tmp_path / name / ".git").mkdir(parents=True)
        (tmp_path / name / "Dockerfile").write_text(f"FROM --platform=linux/amd64 r.example.com/{base}:base\n")
        (tmp_path / name / ".gitlab-ci.yml").write_text(CI.format(f"r.example.com/{name}:1"))
    plan = ordered(*fleet_of(store, filled(store, {name: tmp_path / name for name in names}), ()))
    assert len(plan.cycles) == 1
    assert {each.partition(":")[0] for each in plan.cycles[0]} == {"team/one", "team/two"}


def test_names_are_matched_as_registries_do() -> None:
    mirrors = ("mirror.example.com/hub",)
    assert canonical("nginx:1", mirrors) == canonical("docker.io/library/nginx@sha256:" + "0" * 64, mirrors)
    assert canonical("mirror.example.com/hub/team/app:1", mirrors) == canonical("team/app", mirrors)
    assert canonical("$REGISTRY/app", mirrors) == ""


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_the_plan_in_every_format(form: str, store, repos) -> None:
    text = render_plan(ordered(*fleet_of(store, filled(store, repos), ())), form)
    assert "team/base" in text.replace("\\", "")
    if form == "json":
        assert json.loads(text)["critical"][0]["title"] == "Dockerfile"


def test_the_report_counts_and_escapes(store, repos) -> None:
    run = filled(store, repos)
    page = render(store, run, "html")
    assert "<script>'" not in page
    assert 'class="sortable"' in page
    assert "Dockerfile:1" in page
    rows = list(csv.reader(render(store, run, "csv").splitlines()))
    assert [row[0] for row in rows[1:3]] == ["team/base", "team/app"]
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "@")]
    assert "| DF101 |" in render(store, run, "markdown")
    with pytest.raises(UsageError):
        render(store, run, "pdf")


def test_a_failed_scan_is_a_row_of_the_report(store) -> None:
    source = Source("url", "https://example.com/o/a", "o/a")
    run = store.begin_run(JUDGES, [source], "m")
    store.add(run, JUDGES, [{"location": source.location, "status": "timeout", "reason": "slow", "seconds": 1.0}])
    store.end_run(run)
    (row,) = repositories(store, run)
    assert (row.name, row.team, row.status, row.reason) == ("o/a", "o", "timeout", "slow")
    assert (trend(store)[0].failed, trend(store)[0].clean) == (1, 0)


def test_the_difference_of_two_runs(store, repos, tmp_path: Path) -> None:
    first = filled(store, repos)
    (repos["base"] / "Dockerfile").write_text("FROM debian:12\n")
    (repos["run"] / "new.yaml").write_text(POD.format("new", "amd64/nginx:1.27"))
    second = filled(store, {name: path for name, path in repos.items() if name != "other"}, "n")
    changes = {(each.what, each.repository, each.code) for each in difference(store, first, second)}
    assert ("gone", "team/base", "DF101") in changes
    assert ("new", "team/run", "KUB111") in changes
    assert ("gone", "team/other", "") in changes
    assert difference(store, first, first) == []


def test_sql_reads_and_nothing_else(store, repos, tmp_path: Path) -> None:
    filled(store, repos)
    store.close()
    path = tmp_path / "f.duckdb"
    assert answer(path, "SELECT count(*) AS n FROM scans", "table") == "n\n4\n"
    assert json.loads(answer(path, "SELECT DISTINCT codes FROM nodes WHERE how = 'decide'", "json")) == [{"codes": []}]
    (tmp_path / "secret.csv").write_text("a\nb\n")
    place = tmp_path / "out"
    for query in (
        "DELETE FROM scans",
        "CREATE TABLE x (a INTEGER)",
        f"SELECT * FROM read_csv('{tmp_path}/secret.csv')",
        f"COPY scans TO '{place}'",
        f"ATTACH '{place}' AS x",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        f"EXPORT DATABASE '{place}'",
        "nonsense",
    ):
        with pytest.raises(UsageError):
            answer(path, query, "table")
    assert not place.exists()
    assert answer(path, "SELECT count(*) FROM scans", "csv").endswith("\n4\n")


def test_the_facts_of_a_fleet_are_read_by_its_repositories(store, repos, tmp_path: Path) -> None:
    (repos["base"] / "Dockerfile").write_text("FROM debian:12\n")
    (repos["base"] / ".gitlab-ci.yml").write_text(
        "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n"
        "    - docker buildx build --platform linux/amd64,linux/arm64 --push -t registry.example.com/base:1 .\n"
    )
    text = facts_of(store, filled(store, repos))
    built = {each["name"]: each["platforms"] for each in json.loads(text)["built"]}
    assert built["registry.example.com/base"] == ["linux/amd64", "linux/arm64"]
    (tmp_path / "facts.json").write_text(text)
    (tmp_path / "user.toml").write_text(f'facts = ["{tmp_path}/facts.json"]\n')
    row = scan(task("folder", repos["app"], config=str(tmp_path / "user.toml")), Memory())
    assert {node["title"]: node["own"] for node in row["nodes"]}["registry.example.com/base:2"] == "ready"


def test_patches_are_applied_by_git_and_touch_no_repository(bare, tmp_path: Path) -> None:
    place = bare("a", {"svc/Dockerfile": PINNED})
    clean = bare("clean", {"Dockerfile": "FROM debian:12\n"})
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    named = [
        Source("bare", str(place), "o/a"),
        Source("bare", str(clean), "o/clean"),
        Source("folder", str(tmp_path / "gone"), "../../gone"),
    ]
    told = list(patches(named, tmp_path / "out", {}, None, unsafe=False))
    assert [(each.files, each.problem) for each in told] == [(1, ""), (0, ""), (0, "no such folder")]
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["o-a.md", "o-a.patch"]
    work = tmp_path / "work"
    git("clone", "-q", str(place), str(work), cwd=tmp_path)
    git("am", "-q", str(tmp_path / "out" / "o-a.patch"), cwd=work)
    assert (work / "svc" / "Dockerfile").read_text() == "FROM debian:12\n"
    assert "DF101" in (tmp_path / "out" / "o-a.md").read_text()


def test_the_commands_go_together(run, repos, tmp_path: Path) -> None:
    store = Store(tmp_path / "armready-fleet.duckdb", writing=True)
    filled(store, repos)
    store.close()
    code, out, _ = run("fleet", "report", cwd=tmp_path)
    assert (code, "4 repositories" in out) == (0, True)
    code, out, _ = run("fleet", "plan", "--format", "text", cwd=tmp_path)
    assert (code, "The ten changes that unblock most" in out) == (0, True)
    code, out, _ = run("fleet", "diff", "1", "1", cwd=tmp_path)
    assert (code, out) == (0, "nothing changed\n")
    code, _, error = run("fleet", "diff", "1", "9", cwd=tmp_path)
    assert (code, error) == (2, "armready: no run 9; there are 1\n")
    code, _, error = run("fleet", "report", "--db", "gone.duckdb", cwd=tmp_path)
    assert (code, "no such database" in error) == (2, True)


def test_a_help_lists_the_command_and_its_own(run, tmp_path: Path) -> None:
    code, out, _ = run("--help", cwd=tmp_path)
    assert (code, bool(re.search(r"(?m)^\W*fleet\b", out))) == (0, True)
    code, out, _ = run("fleet", "--help", cwd=tmp_path)
    assert code == 0
    assert re.findall(r"(?m)^\W* (scan|report|plan|sql|diff|export-facts|fix)\b", out) == [
        "scan",
        "report",
        "plan",
        "sql",
        "diff",
        "export-facts",
        "fix",
    ]


def test_nothing_is_left_in_the_folder_for_temporary_files(bare, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    scan(task("bare", bare("a", {"Dockerfile": PINNED})), Memory())
    assert list((tmp_path / "t").iterdir()) == []

"""Baseline and changed lines as a user meets them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

BAD = "FROM amd64/debian:12\n"


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "Dockerfile").write_text(BAD)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "x")
    return tmp_path


def test_the_life_of_a_baseline(run, repository):
    assert run("baseline", cwd=repository)[0] == 0
    code, out, err = run("scan", cwd=repository)
    assert (code, out) == (0, "")
    assert "1 in the baseline" in err

    (repository / "new.Dockerfile").write_text(BAD)
    code, out, _ = run("scan", cwd=repository)
    assert code == 1
    assert out.startswith("new.Dockerfile:1:6: error: ")

    code, _, err = run("baseline", cwd=repository)
    assert code == 1
    assert "1 finding, such as new.Dockerfile:1: DF110" in err
    assert run("baseline", "--grow", cwd=repository)[0] == 0
    assert run("scan", cwd=repository)[0] == 0

    (repository / "new.Dockerfile").unlink()
    assert run("baseline", "--prune", cwd=repository)[0] == 0
    assert [each["path"] for each in json.loads((repository / ".armready-baseline.json").read_text())["findings"]] == ["Dockerfile"]

    (repository / "Dockerfile").rename(repository / "moved.Dockerfile")
    assert run("scan", cwd=repository)[0] == 0
    assert run("scan", "--no-baseline", cwd=repository)[0] == 1


def test_a_partial_run_keeps_the_rest_of_the_baseline(run, repository):
    (repository / "svc").mkdir()
    (repository / "svc" / "Dockerfile").write_text(BAD)
    run("baseline", cwd=repository)
    (repository / "svc" / "Dockerfile").write_text("FROM debian:12\n")
    run("baseline", "svc", cwd=repository)
    assert [each["path"] for each in json.loads((repository / ".armready-baseline.json").read_text())["findings"]] == ["Dockerfile"]


def test_a_run_of_some_rules_keeps_the_others_in_the_baseline(run, repository):
    (repository / "Dockerfile").write_text("FROM --platform=linux/amd64 amd64/debian:12\n")
    run("baseline", cwd=repository)
    before = (repository / ".armready-baseline.json").read_text()
    assert run("baseline", "--select", "DF110", cwd=repository)[0] == 0
    assert run("baseline", "--prune", "--select", "KUB", cwd=repository)[0] == 0
    assert (repository / ".armready-baseline.json").read_text() == before


def test_newer_findings_are_shown_and_do_not_fail(run, repository):
    run("baseline", cwd=repository)
    file = repository / ".armready-baseline.json"
    document = json.loads(file.read_text())
    document["tool"], document["findings"] = "0.0.1", []
    file.write_text(json.dumps(document))
    code, out, err = run("scan", "--format", "json", cwd=repository)
    assert code == 0
    assert [each["tolerated"] for each in json.loads(out)["findings"]] == [True]
    assert "1 newer than the baseline fail nothing" in err
    assert 'failures="0"' in run("scan", "--format", "junit", cwd=repository)[1]
    assert run("baseline", cwd=repository)[0] == 0, "taking them in is no growth"


def test_fix_mends_what_the_baseline_knows(run, repository):
    run("baseline", cwd=repository)
    assert run("fix", cwd=repository)[0] == 0
    assert (repository / "Dockerfile").read_text() == "FROM debian:12\n"


def test_a_broken_or_missing_baseline_is_wrong_usage(run, repository):
    assert run("scan", "--baseline", "nowhere.json", cwd=repository)[0] == 2
    (repository / ".armready-baseline.json").write_text("<<<<<<< ours\n")
    code, _, err = run("scan", cwd=repository)
    assert code == 2
    assert "a merge may have broken it" in err
    assert run("baseline", "--prune", "--output", "none.json", cwd=repository)[0] == 2


def test_changed_since(run, repository):
    assert run("scan", "--changed-since", "HEAD", cwd=repository)[0] == 0
    (repository / "Dockerfile").write_text("# changed\n" + BAD)
    assert run("scan", "--changed-since", "HEAD", cwd=repository)[0] == 0
    (repository / "Dockerfile").write_text("FROM amd64/debian:13\n")
    code, out, _ = run("scan", "--changed-since", "HEAD", cwd=repository)
    assert code == 1
    assert "Dockerfile:1:6: error: " in out
    assert run("scan", "--changed-since", "nowhere", cwd=repository)[0] == 2


def test_fix_keeps_to_changed_lines(run, repository):
    (repository / "new.Dockerfile").write_text(BAD)
    run("fix", "--changed-since", "HEAD", cwd=repository)
    assert (repository / "new.Dockerfile").read_text() == "FROM debian:12\n"
    assert (repository / "Dockerfile").read_text() == BAD


def test_several_reports_hold_the_same_findings(run, repository):
    reports = ["--report", "sarif=a.sarif", "--report", "gitlab=b.json", "--report", "html=c.html", "--format", "json"]
    code, out, _ = run("scan", *reports, cwd=repository)
    assert code == 1
    (finding,) = json.loads(out)["findings"]
    (result,) = json.loads((repository / "a.sarif").read_text())["runs"][0]["results"]
    (issue,) = json.loads((repository / "b.json").read_text())
    assert finding["fingerprint"] == result["partialFingerprints"]["armready/v1"] == issue["fingerprint"]
    assert "DF110" in (repository / "c.html").read_text()


def test_fix_reports_what_was_done(run, repository):
    code, out, _ = run("fix", "--format", "markdown", cwd=repository)
    assert code == 0
    assert "### Applied (1)" in out
    git(repository, "checkout", "-q", ".")
    _, out, _ = run("fix", "--format", "json", cwd=repository)
    assert [each["code"] for each in json.loads(out)["applied"]] == ["DF110"]

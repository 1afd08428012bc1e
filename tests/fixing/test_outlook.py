"""What a scan announces is what `fix` does: in number, files and class."""

import json
import shutil
from pathlib import Path

import pytest

from armready.core.config import Config
from armready.core.fix import Applicability
from armready.core.results import Report
from armready.fixing import fixer
from armready.fixing.fixer import fix_session
from armready.fixing.outlook import Outlook, forecast
from armready.reporters.base import Context
from armready.reporters.outlook import hint, mark
from armready.reporters.verdict import next_step
from armready.run.passes import Filters
from armready.run.session import Session
from armready.testing import analyse_files
from tests.conftest import PROJECTS
from tests.systems.test_fixes import CASES, PATHS, SETTINGS, TODAY, repository

PROJECT_NAMES = sorted(path.name for path in PROJECTS.iterdir() if (path / "input").is_dir())
DEMO_CHAIN = """\
Dockerfile:2:6: error: Stage 0 is fixed to linux/amd64: an image built for linux/arm64 will contain its amd64 files. [DF101] (fix after DF110)
"""


@pytest.mark.parametrize("name", PROJECT_NAMES)
@pytest.mark.parametrize(("flags", "key"), [((), "safe"), (("--unsafe-fixes",), "unsafe")])
def test_what_is_announced_is_what_is_applied(name, flags, key, run, project_copy):
    project = project_copy(name)
    _, out, _ = run("scan", "--format", "json", "--min-severity", "info", cwd=project)
    scanned = json.loads(out)
    announced = scanned["summary"]["forecast"][key]
    before = _tree(project)
    _, out, err = run("fix", *flags, "--format", "json", "--min-severity", "info", cwd=project)
    fixed = json.loads(out)
    assert announced["findings"] == len(fixed["applied"])
    changed = [path for path, text in _tree(project).items() if before[path] != text]
    assert announced["files"] == changed
    assert all(path in err for path in changed)
    classes = ("safe",) if key == "safe" else ("safe", "unsafe")
    marked = [each for each in scanned["findings"] if each["outlook"] and each["outlook"]["applicability"] in classes]
    alone = [each for each in marked if not each["outlook"]["goes_with_them"]]
    assert {each["code"] for each in alone} == {each["code"] for each in fixed["applied"]}
    refused = {(each["path"], each["code"]) for each in fixed["not_applied"]}
    assert not refused & {(each["path"], each["code"]) for each in alone}


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("case", sorted(CASES.glob("*.before.*")), ids=lambda case: case.name.partition(".")[0])
def test_what_is_announced_of_a_ci_system_is_what_is_applied(case, unsafe):
    files = repository(PATHS[case.name.partition(".")[0].partition("-")[0]], case.read_bytes().decode())
    session, analysis = _session(files)
    foreseen = forecast(session, analysis, Filters())
    outcome = fix_session(session, analysis, Filters(), unsafe=unsafe)
    made = foreseen.unsafe if unsafe else foreseen.safe
    assert (made.findings, made.files) == (len(outcome.applied), tuple(outcome.changes))
    classes = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    outlooks = [(finding.code, foreseen.of(finding)) for finding in analysis.findings]
    marked = sorted(code for code, outlook in outlooks if outlook and outlook.applicability in classes and not outlook.gone)
    assert marked == sorted(each.code for each in outcome.applied)


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_nothing_is_announced_after_all_is_fixed(name, run, project_copy):
    project = project_copy(name)
    run("fix", "--unsafe-fixes", cwd=project)
    _, out, err = run("scan", "--format", "json", cwd=project)
    forecast = json.loads(out)["summary"]["forecast"]
    assert (forecast["safe"]["findings"], forecast["unsafe"]["findings"]) == (0, 0)
    assert "armready fix" not in err


def test_the_chain_of_fixes_is_announced(run, project_copy):
    _, out, err = run("scan", cwd=project_copy("before-migration"))
    assert DEMO_CHAIN in out
    assert "[CI101] (unsafe fix after DF101, DF110)" in out
    assert "Next: armready fix  (mends 5 places in 3 files, 1 of them after others; 3 more with --unsafe-fixes, after a look)" in err


def test_a_fix_whose_proof_fails_is_not_announced(monkeypatch):
    session, analysis = _session({"Dockerfile": "FROM amd64/debian:12\n"})
    monkeypatch.setattr(fixer, "_regression", lambda *_: "it would bring up DF105")
    foreseen = forecast(session, analysis, Filters())
    (finding,) = analysis.findings
    assert finding.fix.applicability is Applicability.SAFE
    assert foreseen.of(finding) == Outlook(Applicability.DISPLAY, reason="it would bring up DF105")
    context = Context(session.root, session.tree, SETTINGS, (), "0.1.0", forecast=foreseen)
    assert hint(finding, context) == "not applied: it would bring up DF105"
    assert mark(finding, context) == ""
    assert (
        next_step(Report((finding,), files=1, scanned=1), context)
        == "Next: armready rule DF110  (what to do by hand; there is no edit to apply)"
    )


def test_an_info_that_is_not_listed_is_announced_as_such(run, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM --platform=$TARGETPLATFORM debian:12\n")
    _, _, err = run("scan", cwd=tmp_path)
    assert "Next: armready fix  (mends 1 place in 1 file, 1 of them not listed here)" in err


def test_the_next_command_is_about_the_same_files(run, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "a b").mkdir()
    shutil.copy(PROJECTS / "before-migration" / "input" / "Dockerfile", tmp_path / "a b" / "Dockerfile")
    _, _, err = run("scan", "a b", "--target", "audit", "--ignore", "CI101", "--no-cache", cwd=tmp_path)
    assert "Next: armready fix 'a b' --ignore CI101 --target audit  (" in err


@pytest.mark.parametrize("form", ["text", "concise", "json", "markdown", "html", "sarif", "github"])
def test_fix_names_what_it_changed(form, run, project_copy):
    _, out, err = run("fix", "--format", form, cwd=project_copy("before-migration"))
    assert "Drop 'amd64/' from the image's name" in out.replace("&#x27;", "'")
    assert "Fixed 5 places in 3 files: Dockerfile (DF110, DF101), k8s/import-job.yaml (KUB121)" in err


def _session(files):
    tree, registry, analysis = analyse_files(files, SETTINGS)
    session = Session(
        root=Path("/repository"),
        tree=tree,
        paths=tuple(sorted(files)),
        complete=True,
        config=Config(SETTINGS, {}),
        registry=registry,
        today=TODAY,
    )
    return session, analysis


def _tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

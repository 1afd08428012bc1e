"""Whole small repositories: what is found in them, and how they look after the fixes."""

import json

import pytest

from tests.conftest import PROJECTS

NAMES = sorted(path.name for path in PROJECTS.iterdir() if (path / "input").is_dir())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["concise", "json", "sarif"])
def test_scan(name, form, run, project_copy, golden):
    project = project_copy(name)
    code, out, _ = run("scan", "--format", form, "--min-severity", "info", cwd=project)
    assert code in (0, 1)
    if form == "sarif":
        out = json.dumps(_findings_of(json.loads(out)), indent=2) + "\n"
    golden(PROJECTS / name / f"expected.{'txt' if form == 'concise' else form}", out)


def _findings_of(log):
    """A SARIF log without what changes with every rule or run."""
    (only,) = log["runs"]
    only.pop("invocations", None)
    used = {result["ruleId"] for result in only["results"]}
    driver = only["tool"]["driver"]
    driver["rules"] = [rule["id"] for rule in driver["rules"] if rule["id"] in used]
    for result in only["results"]:
        result.pop("ruleIndex", None)
    return log


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("flags", "folder"), [((), "fixed"), (("--unsafe-fixes",), "fixed-unsafe")])
def test_fix(name, flags, folder, run, project_copy, golden):
    project = project_copy(name)
    before = _tree(project)
    code, diff, _ = run("fix", "--diff", *flags, cwd=project)
    assert code == bool(diff)
    assert _tree(project) == before, "fix --diff must not write"
    run("fix", *flags, cwd=project)
    after = _tree(project)
    assert (after != before) == bool(diff)
    changed = {path: text for path, text in after.items() if text != before[path]}
    for path, text in changed.items():
        golden(PROJECTS / name / folder / path, text)
    assert set(changed) == set(_tree(PROJECTS / name / folder)), "golden files of what no longer changes"
    run("fix", *flags, cwd=project)
    assert _tree(project) == after, "a second fix must change nothing"


def _tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in sorted(folder.rglob("*")) if path.is_file()}

"""A rule that raises costs its own findings in the files that it cannot take, and no others."""

import json
import os
import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from armready.rules.kubernetes.arch_selector_amd64 import ArchSelectorAmd64
from armready.rules.suppressions.unused_ignore import UnusedIgnore

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.core.results import Failure
from armready.core.tree import DiskTree, MemoryTree
from armready.fixing import fixer
from armready.fixing.fixer import fix
from armready.reporters import render
from armready.reporters.base import Context, summary_line
from armready.run import check_file
from armready.run.cache import Cache
from armready.run.first_pass import first_pass
from armready.run.passes import Filters, analyse, report
from armready.run.registry import Registry

REGISTRY = Registry(Settings())
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  nodeSelector: {kubernetes.io/arch: amd64}\n  containers: [{name: a, image: nginx:1.27}]\n"
FILES = {f"k8s/{name}.yaml": POD for name in ("a", "bad", "c")}
CODE = ArchSelectorAmd64.code


def run(files=FILES, *, complete=True):
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    return analyse(tree, sorted(tree.files), REGISTRY, complete=complete, today=date(2026, 11, 24))


def places(analysis, code=CODE):
    return [finding.path for finding in analysis.findings if finding.code == code]


def asked(project):
    """The files that a rule is asked about."""
    return [path for path, _ in project.facts(ArchSelectorAmd64.reads[0])]


@pytest.fixture
def fails_on_bad(monkeypatch):
    real = ArchSelectorAmd64.check

    def check(self, project):
        if "k8s/bad.yaml" in asked(project):
            raise KeyError("boom")
        return real(self, project)

    monkeypatch.setattr(ArchSelectorAmd64, "check", check)


def test_a_rule_that_fails_on_one_file_speaks_of_the_others(fails_on_bad):
    analysis = run()
    assert places(analysis) == ["k8s/a.yaml", "k8s/c.yaml"]
    assert analysis.failures == (Failure("", CODE, "KeyError: 'boom'"), Failure("k8s/bad.yaml", CODE, "KeyError: 'boom'"))


def test_what_is_said_of_single_files_is_what_a_run_over_them_says(monkeypatch):
    alone = {finding for path in FILES for finding in run({path: POD}, complete=False).findings if finding.code == CODE}
    real = ArchSelectorAmd64.check
    monkeypatch.setattr(ArchSelectorAmd64, "check", lambda self, project: real(self, project) if len(asked(project)) == 1 else 1 / 0)
    analysis = run()
    assert {finding for finding in analysis.findings if finding.code == CODE} == alone
    assert len(analysis.failures) == 1


def test_a_rule_that_always_fails_is_named_once_and_the_other_rules_speak(monkeypatch):
    others = [finding for finding in run().findings if finding.code != CODE]
    monkeypatch.setattr(ArchSelectorAmd64, "check", lambda self, project: 1 / 0)
    analysis = run()
    assert list(analysis.findings) == others
    assert [each.message for each in analysis.failures] == [f"internal error in {CODE}: ZeroDivisionError: division by zero"]
    assert "1 internal error: this result is not complete" in summary_line(report(analysis, REGISTRY, Filters()))


def test_an_ignore_comment_for_a_rule_that_failed_is_not_called_unused(fails_on_bad):
    files = FILES | {"k8s/a.yaml": POD.replace("amd64}", f"amd64}}  # armready: ignore[{CODE}] reason")}
    assert not places(run(files), UnusedIgnore.code)


def test_an_ignore_comment_in_a_file_that_cannot_be_read_is_not_called_unused():
    files = {"k8s/a.yaml": f"# armready: ignore-file[{CODE}] reason\n{POD}x: [\n"}
    analysis = run(files)
    assert analysis.results["k8s/a.yaml"].problems
    assert not places(analysis, UnusedIgnore.code)


SCRIPT = """
import sys
from armready.commands import cli
from armready.rules.kubernetes.arch_selector_amd64 import ArchSelectorAmd64
def check(self, project):
    raise KeyError("boom\\n\\x1b[31m")
ArchSelectorAmd64.check = check
sys.argv[0] = "armready"
cli.main()
"""


@pytest.fixture
def pod(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "pod.yaml").write_text(POD)
    return tmp_path


@pytest.mark.parametrize(
    "command", [("scan",), ("scan", "--strict"), ("scan", "-q"), ("scan", "--fail-on", "never"), ("fix",), ("fix", "--diff")]
)
def test_the_run_fails_for_it_and_says_so(pod, run_script, command):
    code, _, err = run_script(SCRIPT, *command, "--select", f"{CODE},DF101", cwd=pod)
    assert code == 2
    assert f"armready: internal error in {CODE}: KeyError: 'boom" in err
    assert "\x1b" not in err


def test_exit_zero_says_what_it_turns_off(pod, run_script):
    code, _, err = run_script(SCRIPT, "scan", "--exit-zero", "-q", cwd=pod)
    assert code == 0
    assert "armready: --exit-zero turns off exit code 2 (internal errors: the result is not complete)" in err
    (pod / "Dockerfile").write_text(DOCKERFILE["Dockerfile"])
    code, _, err = run_script("from armready.commands import cli; cli.main()", "scan", "--exit-zero", cwd=pod)
    assert (code, "turns off exit code 1 (findings" in err) == (0, True)


@pytest.mark.parametrize("command", [("baseline",), ("facts",)])
def test_nothing_is_made_that_would_pass_for_complete(pod, run_script, command):
    code, out, err = run_script(SCRIPT, *command, cwd=pod)
    assert (code, out) == (2, "")
    assert f"internal error in {CODE}" in err
    assert sorted(path.name for path in pod.iterdir()) == [".git", "pod.yaml"]


def test_a_reader_that_fails_is_named_with_its_file(monkeypatch):
    def fail(kind, text):
        raise ValueError("boom")

    monkeypatch.setattr(check_file, "check_limits", fail)
    analysis = run()
    assert analysis.all_failures == tuple(Failure(path, "the reader", "ValueError: boom") for path in sorted(FILES))


def test_what_failed_is_tried_again_the_next_time(tmp_path, monkeypatch):
    (tmp_path / "Dockerfile").write_text("FROM --platform=linux/amd64 alpine:3.20\n")
    os.utime(tmp_path / "Dockerfile", (1, 1))
    cache = Cache(tmp_path, Settings())
    monkeypatch.setattr(check_file, "check_limits", lambda kind, text: 1 / 0)
    assert first_pass(DiskTree(tmp_path), ["Dockerfile"], REGISTRY, cache=cache)["Dockerfile"].failures
    cache.save(None)
    monkeypatch.undo()
    again = Cache(tmp_path, Settings())
    assert first_pass(DiskTree(tmp_path), ["Dockerfile"], REGISTRY, cache=again)["Dockerfile"].findings


EVERYTHING = {"allowed": Applicability.SAFE, "wanted": lambda finding: True, "today": date(2026, 11, 24)}
DOCKERFILE = {"Dockerfile": "FROM --platform=linux/amd64 alpine:3.20\n"}


def mend(files):
    analysis = run(files)
    return fix(MemoryTree({path: text.encode() for path, text in files.items()}), analysis, REGISTRY, **EVERYTHING)


def test_a_fix_that_fails_is_not_made_and_named(monkeypatch):
    monkeypatch.setattr(fixer, "problem_with", lambda *arguments: 1 / 0)
    outcome = mend(DOCKERFILE)
    assert not outcome.changes
    assert [each.where for each in outcome.all_failures] == ["the fix of DF101"]


def test_a_fix_after_which_a_reader_fails_is_not_made(monkeypatch):
    real = check_file.find_suppressions
    monkeypatch.setattr(check_file, "find_suppressions", lambda source: real(source) if "--platform" in source.text else 1 / 0)
    outcome = mend({"Dockerfile": DOCKERFILE["Dockerfile"] + "# armready:\n"})
    assert not outcome.changes
    assert outcome.all_failures == (Failure("Dockerfile", "the reader", "ZeroDivisionError: division by zero"),)


FORMATS_SAYING = {
    "text": f"error: k8s/bad.yaml: internal error in {CODE}: KeyError: 'boom'",
    "concise": f"k8s/bad.yaml: error: internal error in {CODE}: KeyError: 'boom'",
    "github": f"::error file=k8s/bad.yaml,title=armready: internal error::internal error in {CODE}: KeyError: 'boom'",
    "markdown": f"- `k8s/bad.yaml`: internal error in {CODE}: KeyError: 'boom'",
    "html": f'<td class="place">k8s/bad.yaml</td><td>internal error in {CODE}: KeyError: &#x27;boom&#x27;</td>',
}


@pytest.fixture
def failed(fails_on_bad):
    analysis = run()
    tree = MemoryTree({path: text.encode() for path, text in FILES.items()})
    rules = REGISTRY.classes()
    return report(analysis, REGISTRY, Filters()), Context(Path("/repo"), tree, Settings(), rules, "0.1.0", width=120)


@pytest.mark.parametrize("name", FORMATS_SAYING)
def test_formats_for_people_name_rule_and_file(failed, name):
    assert FORMATS_SAYING[name] in render(name, *failed)


def test_formats_for_machines_name_rule_and_file(failed):
    message = f"internal error in {CODE}: KeyError: 'boom'"
    record = {"path": "k8s/bad.yaml", "where": CODE, "message": message}
    assert record in json.loads(render("json", *failed))["summary"]["internal_errors"]
    assert {"internal_error": record} in [json.loads(line) for line in render("jsonl", *failed).splitlines()]
    issues = json.loads(render("gitlab", *failed))
    assert ("blocker", "k8s/bad.yaml", message) in [(each["severity"], each["location"]["path"], each["description"]) for each in issues]
    assert len({each["fingerprint"] for each in issues}) == len(issues)


def test_junit_has_errors(failed):
    root = ElementTree.fromstring(render("junit", *failed))
    assert root.get("errors") == "2"
    errors = [(suite.get("name"), error.get("message")) for suite in root for error in suite.iter("error")]
    message = f"internal error in {CODE}: KeyError: 'boom'"
    assert errors == [("armready", message), ("k8s/bad.yaml", message)]


def test_sarif_says_that_the_run_failed(failed):
    (run_,) = json.loads(render("sarif", *failed))["runs"]
    (invocation,) = run_["invocations"]
    assert invocation["executionSuccessful"] is False
    of_all, of_file = invocation["toolExecutionNotifications"]
    assert of_file["level"] == "error"
    assert of_file["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "k8s/bad.yaml"
    assert run_["tool"]["driver"]["rules"][of_file["associatedRule"]["index"]]["id"] == CODE
    assert "locations" not in of_all


def test_an_exception_that_nobody_expected_is_one_line(pod, run_script):
    code, out, err = run_script(
        "from armready.commands import cli; from armready.run import session; session.open_session = lambda *a, **o: {}[1]; cli.main()",
        "scan",
        cwd=pod,
    )
    assert (code, out) == (2, "")
    assert re.fullmatch(r"armready: internal error, please report it: KeyError: 1 \(\S+:\d+\)\n", err)


ONLINE = """
import sys
from armready.commands import cli
from armready.online import gather, lookup, stage

def boom(*_):
    raise KeyError("boom")

if sys.argv.pop(1) == "reader":
    gather.named_packages = boom
else:
    stage.look_up_images = lambda *_, **__: lookup.in_parallel({"a": 1}, boom)
cli.main()
"""


@pytest.mark.parametrize(
    ("where", "named"), [("reader", "pod.yaml: internal error in boom"), ("look-up", "internal error in the look-up of a")]
)
@pytest.mark.parametrize("command", [["scan"], ["fix"], ["fix", "--diff"]])
def test_a_failure_before_the_first_pass_fails_the_run(pod, run_script, tmp_path, where, named, command):
    code, _, err = run_script(
        ONLINE, where, *command, "--online", "--select", CODE, cwd=pod, env={**os.environ, "HOME": str(tmp_path / "home")}
    )
    assert code == 2, err
    assert f"armready: {named}" in err

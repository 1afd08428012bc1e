"""A rule that raises costs its own findings in the files that it cannot take, and no others."""

from datetime import date

import pytest
from armready.rules.kubernetes.arch_selector_amd64 import ArchSelectorAmd64
from armready.rules.suppressions.unused_ignore import UnusedIgnore

from armready.config import Settings
from armready.pipeline import Filters, analyse, report
from armready.registry import Registry
from armready.reporters.base import summary_line
from armready.tree import MemoryTree

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
    error = f"internal error in {CODE}: KeyError: 'boom'"
    assert [(each.path, each.reason) for each in analysis.problems] == [("", error), ("k8s/bad.yaml", error)]


def test_what_is_said_of_single_files_is_what_a_run_over_them_says(monkeypatch):
    alone = {finding for path in FILES for finding in run({path: POD}, complete=False).findings if finding.code == CODE}
    real = ArchSelectorAmd64.check
    monkeypatch.setattr(ArchSelectorAmd64, "check", lambda self, project: real(self, project) if len(asked(project)) == 1 else 1 / 0)
    analysis = run()
    assert {finding for finding in analysis.findings if finding.code == CODE} == alone
    assert len(analysis.problems) == 1


def test_a_rule_that_always_fails_is_named_once_and_the_other_rules_speak(monkeypatch):
    others = [finding for finding in run().findings if finding.code != CODE]
    monkeypatch.setattr(ArchSelectorAmd64, "check", lambda self, project: 1 / 0)
    analysis = run()
    assert list(analysis.findings) == others
    assert [each.reason for each in analysis.problems] == [f"internal error in {CODE}: ZeroDivisionError: division by zero"]
    assert "1 problem of the whole run" in summary_line(report(analysis, REGISTRY, Filters()))


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
from armready import cli
from armready.rules.kubernetes.arch_selector_amd64 import ArchSelectorAmd64
def check(self, project):
    raise KeyError("boom\\n\\x1b[31m")
ArchSelectorAmd64.check = check
sys.argv[0] = "armready"
cli.main()
"""


@pytest.mark.parametrize(("options", "expected"), [((), 0), (("--strict",), 1)])
def test_the_run_says_so_and_only_a_strict_one_fails(tmp_path, run_script, options, expected):
    (tmp_path / ".git").mkdir()
    (tmp_path / "pod.yaml").write_text(POD)
    code, _, err = run_script(SCRIPT, "scan", "--select", CODE, *options, cwd=tmp_path)
    assert code == expected
    assert f"armready: internal error in {CODE}: KeyError: 'boom" in err
    assert "\x1b" not in err

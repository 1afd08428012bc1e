"""What holds for every fix, whatever the file: the points of the design that a user relies on, over generated files.

Hypothesis runs without chance and without a database here, so that a failure on one machine is a failure on all.
"""

import ast
import tomllib
from dataclasses import replace
from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.finding import Severity
from armready.core.fix import Applicability
from armready.core.source import Source
from armready.core.tree import MemoryTree
from armready.fixing.fixer import fix
from armready.fixing.proof import units
from armready.run.passes import analyse
from armready.run.registry import Registry
from tests.conftest import ROOT
from tests.generators import GENERATED, mixtures, repositories

TODAY = date(2026, 11, 24)
REGISTRY = Registry(replace(Settings(), min_severity=Severity.INFO, pedantic=True))
SOME = st.one_of(repositories(GENERATED), repositories(mixtures()))


def bounded(examples: int):
    return settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )


def look(files, below=None):
    tree = MemoryTree(files, below)
    return tree, analyse(tree, sorted(files), REGISTRY, complete=True, today=TODAY)


def mend(tree, analysis, wanted=lambda finding: True, allowed=Applicability.UNSAFE):
    return fix(tree, analysis, REGISTRY, allowed=allowed, wanted=wanted, today=TODAY)


def contents(tree, files):
    return {path: tree.read(path) for path in files}


def crashes(analysis):
    return [each.message for each in analysis.all_failures]


def spliced(data: bytes, path: str, edits) -> bytes:
    """The file after edits, made on bytes and from the end, as somebody would who does not trust the fixer."""
    source = Source.decode(path, data)
    offset = len(source.bom)
    for edit in sorted(edits, key=lambda each: each.span, reverse=True):
        start, end = (offset + len(source.text[:place].encode(source.encoding)) for place in edit.span)
        data = data[:start] + edit.text.encode(source.encoding) + data[end:]
    return data


@given(SOME)
@bounded(90)
def test_a_second_fix_changes_nothing(files):
    tree, analysis = look(files)
    assert not crashes(analysis)
    once = mend(tree, analysis)
    assert not crashes(once.analysis)
    fresh_tree, fresh = look(contents(once.tree, files))
    assert fresh.findings == once.analysis.findings
    assert not mend(fresh_tree, fresh).changes


@given(SOME)
@bounded(60)
def test_a_fix_changes_the_bytes_that_it_claims_and_no_others(files):
    tree, analysis = look(files)
    for finding in [each for each in analysis.findings if each.fix is not None][:6]:
        outcome = mend(tree, analysis, lambda each, finding=finding: each == finding)
        if outcome.applied != (finding,):
            continue
        for path in files:
            edits = {edit for edit in finding.fix.edits if edit.path == path}
            assert outcome.tree.read(path) == spliced(files[path], path, edits)


def one_rule_after_the_other(files, allowed, random):
    tree, analysis = look(files)
    for _ in range(8):
        before = contents(tree, files)
        codes = sorted({finding.code for finding in analysis.findings if finding.fix is not None})
        random.shuffle(codes)
        for code in codes:
            outcome = mend(tree, analysis, lambda each, code=code: each.code == code, allowed)
            tree, analysis = look(contents(outcome.tree, files))
        if contents(tree, files) == before:
            return before
    return pytest.fail("the fixes go round in circles")


@given(SOME, st.randoms(use_true_random=False))
@bounded(40)
def test_safe_fixes_come_to_the_same_whatever_the_order_of_rules(files, random):
    together = mend(*look(files), allowed=Applicability.SAFE)
    assert one_rule_after_the_other(files, Applicability.SAFE, random) == contents(together.tree, files)


@given(SOME, st.randoms(use_true_random=False))
@bounded(30)
def test_all_fixes_come_to_an_end_whatever_the_order_of_rules(files, random):
    one_rule_after_the_other(files, Applicability.UNSAFE, random)


def reads(path: str, text: str) -> bool:
    """Whether somebody else's parser takes a file; True for formats that have none here."""
    try:
        if path.endswith((".yml", ".yaml")):
            list(yaml.parse(text, Loader=yaml.CSafeLoader))
        elif path.endswith(".py"):
            ast.parse(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
    except (yaml.YAMLError, SyntaxError, ValueError, RecursionError):
        return False
    return True


@given(SOME)
@bounded(60)
def test_a_file_that_parses_parses_afterwards(files):
    tree, analysis = look(files)
    outcome = mend(tree, analysis)
    for path, (old, new) in outcome.changes.items():
        before, after = Source.decode(path, old), Source.decode(path, new)
        assert reads(path, after.text) >= reads(path, before.text)
        kind = analysis.results[path].kind
        try:
            units(File(before, kind, REGISTRY.settings))
        except ParseProblem:
            continue
        units(File(after, kind, REGISTRY.settings))


@given(SOME)
@bounded(60)
def test_encoding_and_line_endings_survive(files):
    tree, analysis = look(files)
    for path, (old, new) in mend(tree, analysis).changes.items():
        before, after = Source.decode(path, old), Source.decode(path, new)
        assert (before.bom, before.encoding) == (after.bom, after.encoding) or after.text.isascii()
        if "\n" not in before.text.replace("\r\n", ""):
            bare = after.text.replace("\r\n", "").count("\n")
            assert not bare or "\r\n" not in before.text, f"{bare} line feeds of a new kind"
        if "\r" not in before.text:
            assert "\r" not in after.text


@given(
    st.binary(max_size=400), st.sampled_from(["Dockerfile", "a.yaml", ".gitlab-ci.yml", "Makefile", "setup.py", "requirements.txt", "a.sh"])
)
@bounded(120)
def test_no_bytes_make_it_crash(data, path):
    _, analysis = look({path: data})
    assert not crashes(analysis)


@pytest.mark.parametrize("case", sorted((ROOT / "fixtures" / "issues" / "9").iterdir()), ids=lambda case: case.name)
def test_what_was_found_stays_mended(case):
    files = {path.relative_to(case).as_posix(): path.read_bytes() for path in case.rglob("*") if path.is_file()}
    tree, analysis = look(files)
    assert not crashes(analysis)
    once = mend(tree, analysis)
    assert not mend(*look(contents(once.tree, files))).changes
    for data in contents(once.tree, files).values():
        assert b"\n" not in data.replace(b"\r\n", b"") or b"\r\n" not in data
        assert data.count(b"torch") <= 1, "one of two fixes that do not go together"

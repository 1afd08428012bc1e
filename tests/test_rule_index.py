"""The index of the rules: what it says of a module counts as long as the module is the same."""

import os
from types import ModuleType

import pytest

from armready.run import rule_index
from armready.run.registry import rules_package
from armready.run.rule_index import INDEX, read, render


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of one family with one rule, and its fresh index."""
    (tmp_path / "made" / "family").mkdir(parents=True)
    module = tmp_path / "made" / "family" / "alpha.py"
    row = next(each for each in read(rules_package()) if each.code == "DF101")
    module.write_text("# one\n")
    made = ModuleType("made")
    made.__path__ = [str(tmp_path / "made")]
    entry = row._replace(code="DF999", name="alpha", module="made.family.alpha", attribute="Alpha")
    (tmp_path / "made" / INDEX).write_text(render([entry], made))
    asked = []
    monkeypatch.setattr(rule_index, "import_module", lambda name: asked.append(name) or ModuleType(name))
    return made, module, asked, entry


def test_a_fresh_row_is_taken(package):
    made, _, asked, entry = package
    assert (list(read(made)), asked) == ([entry], [])


def test_an_edit_of_the_same_length_is_noticed(package):
    made, module, asked, _ = package
    status = module.stat()
    module.write_text("# two\n")
    os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert module.stat().st_size == status.st_size
    list(read(made))
    assert asked == ["made.family.alpha"]


def test_line_endings_are_no_edit(package):
    made, module, asked, entry = package
    module.write_bytes(b"# one\r\n")
    assert (list(read(made)), asked) == ([entry], [])


@pytest.mark.parametrize("text", ["", "[1]", "{}", '[{"module": "made.family.alpha"}]'])
def test_an_index_that_cannot_be_read_is_none(package, text):
    made, module, asked, _ = package
    (module.parents[1] / INDEX).write_text(text)
    list(read(made))
    assert asked == ["made.family.alpha"]

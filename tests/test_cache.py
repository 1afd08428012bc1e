"""What is kept between runs: it is the same as what a run without it says, whatever happens to the tree, the cache and other runs."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armready.core.config import Settings
from armready.core.facts import DockerfileFact
from armready.core.finding import Severity
from armready.core.project import Graph, Project
from armready.core.results import Facts
from armready.core.source import Span
from armready.core.tree import DiskTree
from armready.run.cache import Cache, folder
from armready.run.first_pass import first_pass
from armready.run.passes import analyse
from armready.run.registry import Registry
from tests.generators import example_pool
from tests.test_properties import bounded

REGISTRY = Registry(replace(Settings(), min_severity=Severity.INFO, pedantic=True))
TODAY = date(2026, 11, 24)


class Repository:
    """A folder whose files are as old as a cache trusts, each time with another time stamp."""

    def __init__(self, root):
        self.root = root
        self.root.mkdir(parents=True)
        self.paths = set()
        self.clock = 1_000_000_000

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.clock += 10
        os.utime(file, (self.clock, self.clock))
        self.paths.add(path)

    def remove(self, path):
        (self.root / path).unlink()
        self.paths.discard(path)

    def analyse(self, *, cached, paths=None):
        cache = Cache(self.root, REGISTRY.settings) if cached else None
        chosen = sorted(self.paths if paths is None else paths)
        return analyse(DiskTree(self.root), chosen, REGISTRY, complete=paths is None, today=TODAY, cache=cache)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


def said(analysis):
    results = [(path, each.kind, each.findings, each.facts, each.problems) for path, each in analysis.results.items()]
    return repr((analysis.findings, analysis.silenced, analysis.problems)), results


EXAMPLES = [files for _, kept in sorted((kind.value, kept) for kind, kept in example_pool().items()) for _, files in kept]


@st.composite
def histories(draw):
    """Repositories made of examples, and what is done to them between runs: a file replaced, cut, lengthened, added or removed."""
    several = st.lists(st.sampled_from(EXAMPLES), min_size=1, max_size=4)
    files = {path: text for each in draw(several) for path, text in each.items()}
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        other = draw(st.sampled_from(EXAMPLES))
        step = draw(st.sampled_from(["add", "remove", "cut", "longer", "nothing", "part"]))
        steps.append((step, draw(st.integers(0, 1000)), other))
    return files, steps


def change(repository, step, number, other):
    if step == "add":
        path = sorted(other)[number % len(other)]
        repository.write(path, other[path])
    if not repository.paths or step in ("add", "nothing"):
        return
    path = sorted(repository.paths)[number % len(repository.paths)]
    text = (repository.root / path).read_text()
    if step == "remove":
        repository.remove(path)
    elif step == "cut":
        repository.write(path, text[: number % (len(text) + 1)])
    elif step == "longer":
        repository.write(path, f"{text}\n{text}")


@given(histories())
@bounded(120)
def test_a_run_with_a_cache_says_what_one_without_it_says(tmp_path_factory, history):
    files, steps = history
    repository = Repository(tmp_path_factory.mktemp("history") / "repository")
    for path, text in files.items():
        if not (repository.root / path).is_dir():
            repository.write(path, text)
    repository.analyse(cached=True)
    for step, number, other in steps:
        try:
            change(repository, step, number, other)
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            continue
        part = [path for index, path in enumerate(sorted(repository.paths)) if number >> index % 10 & 1] if step == "part" else None
        assert said(repository.analyse(cached=True, paths=part)) == said(repository.analyse(cached=False, paths=part))


def asked(monkeypatch):
    """The codes of the rules that a run asks."""
    codes = []
    monkeypatch.setattr("armready.run.passes.Project", lambda graph, name: codes.append(name) or Project(graph, name))
    return codes


WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: docker build -t acme/a . && docker push acme/a\n"


def test_only_the_rules_that_a_change_concerns_are_asked_again(repository, monkeypatch):
    repository.write("Dockerfile", "FROM python:3.12\nRUN pip install -r requirements.txt\nCOPY a-amd64 /a\n")
    repository.write("requirements.txt", "mkl==2024.0\n")
    repository.write(".github/workflows/a.yml", WORKFLOW)
    codes = asked(monkeypatch)
    repository.analyse(cached=True)
    first = set(codes)
    assert {"CI101", "PY101", "DF161"} <= first
    codes.clear()
    repository.analyse(cached=True)
    assert not codes
    repository.write("requirements.txt", "mkl==2024.1\n")
    repository.analyse(cached=True)
    assert codes
    assert all(code.startswith("PY") for code in codes)
    codes.clear()
    repository.write(".github/workflows/a.yml", f"{WORKFLOW}  # more\n")
    repository.write("README.md", "more\n")
    repository.analyse(cached=True)
    assert not codes


def test_a_file_outside_of_the_run_that_comes_or_changes_is_noticed(repository, monkeypatch):
    repository.write("Dockerfile", "FROM python:3.12\nCOPY a-amd64 /a\n")
    codes = asked(monkeypatch)
    repository.analyse(cached=True)
    for contents in (b"\x7fELF\x02\x01" + bytes(12) + b"\x3e\0", b"\x7fELF\x02\x01" + bytes(12) + b"\xb7\0"):
        codes.clear()
        (repository.root / "a-amd64").write_bytes(contents)
        found = said(repository.analyse(cached=True))
        assert codes == ["DF161"]
        assert found == said(repository.analyse(cached=False))


@pytest.mark.parametrize(
    "ask",
    [
        lambda project: project.facts(DockerfileFact),
        lambda project: project.facts_in("Dockerfile", DockerfileFact),
        lambda project: project.facts_in("outside/Dockerfile", DockerfileFact),
        lambda project: project.findings_in("Dockerfile"),
        lambda project: project.exists("late"),
        lambda project: project.complete,
        lambda project: project.tree.read("Dockerfile", 64),
        lambda project: project.tree.exists("late"),
        lambda project: project.tree.is_directory("folder"),
        lambda project: project.derive(lambda each: each.exists("late")),
    ],
)
def test_each_question_is_remembered_with_its_answer(repository, ask):
    def state(*, complete):
        tree = DiskTree(repository.root)
        results = first_pass(tree, sorted(repository.paths), REGISTRY)
        load = lambda path: first_pass(tree, [path], REGISTRY)[path] if tree.exists(path) else None  # noqa: E731
        return Graph(results, tree, REGISTRY.settings, complete=complete, load=load)

    repository.write("Dockerfile", "FROM python:3.12\n")
    project = Project(state(complete=True), "X100")
    ask(project)
    cache = Cache(repository.root, Settings())
    cache.second_pass.remember("X100", [], project)
    cache.save(None)
    assert Cache(repository.root, Settings()).second_pass.recall("X100", state(complete=True)) == ()
    repository.write("Dockerfile", "FROM --platform=linux/amd64 ubuntu:22.04\nRUN true\n")
    for path in ("late", "folder/file", "outside/Dockerfile"):
        repository.write(path, "FROM scratch")
        repository.paths.discard(path)
    assert Cache(repository.root, Settings()).second_pass.recall("X100", state(complete=False)) is None


def test_an_answer_that_changed_during_a_run_is_not_kept(repository):
    graph = Graph({}, DiskTree(repository.root), Settings(), complete=True, load=lambda path: None)
    project = Project(graph, "X100")
    assert not project.exists("late")
    repository.write("late", "")
    assert project.exists("late")
    cache = Cache(repository.root, Settings())
    cache.second_pass.remember("X100", [], project)
    cache.save(None)
    assert Cache(repository.root, Settings()).second_pass.recall("X100", graph) is None


def test_a_rule_that_failed_is_asked_again(repository, monkeypatch):
    repository.write("Dockerfile", "FROM python:3.12\nCOPY a-amd64 /a\n")
    codes = asked(monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(Project, "facts", lambda *_: 1 / 0)
        assert repository.analyse(cached=True).all_failures
    codes.clear()
    assert not repository.analyse(cached=True).all_failures
    assert "DF161" in codes


def test_only_what_is_new_is_written(repository):
    for number in range(200):
        repository.write(f"s{number}/Dockerfile", "FROM python:3.12\nRUN true\n")
    repository.analyse(cached=True)

    def written():
        return {path: path.stat().st_ino for path in folder().rglob("*") if path.is_file()}

    before = written()
    repository.analyse(cached=True)
    assert written() == before
    repository.write("s7/Dockerfile", "FROM python:3.12\nRUN false\n")
    repository.analyse(cached=True)
    assert 1 <= sum(before[path] != inode for path, inode in written().items()) <= 2
    repository.remove("s7/Dockerfile")
    repository.analyse(cached=True)
    assert Cache(repository.root, REGISTRY.settings).entry("s7/Dockerfile") is None
    repository.analyse(cached=True, paths=["s8/Dockerfile"])
    assert Cache(repository.root, REGISTRY.settings).entry("s9/Dockerfile") is not None


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-1], lambda data: data[:40] + b"\0" + data[41:], lambda data: data * 2]
)
def test_a_broken_cache_is_an_empty_one(repository, damage):
    for number in range(50):
        repository.write(f"s{number}/Dockerfile", "FROM python:3.12\nRUN true\nCOPY a-amd64 /a\n")
    expected = said(repository.analyse(cached=True))
    for path in folder().rglob("*"):
        if path.is_file():
            path.write_bytes(damage(path.read_bytes()))
    assert Cache(repository.root, REGISTRY.settings).entry("s1/Dockerfile") is None
    assert said(repository.analyse(cached=True)) == expected


def test_the_state_of_two_runs_may_be_mixed(repository):
    """Each file of a cache may come from another run."""
    states = []
    for base in ("python:3.12", "ubuntu:22.04"):
        repository.write("Dockerfile", f"FROM {base}\nRUN pip install -r requirements.txt\n")
        repository.write("requirements.txt", f"mkl==2024.0 # {base}\n")
        repository.write(".github/workflows/a.yml", f"# {base}\n{WORKFLOW}")
        expected = said(repository.analyse(cached=True))
        states.append({path: path.read_bytes() for path in folder().rglob("*") if path.is_file()})
    older, newer = states
    for name in newer:
        for path, data in newer.items():
            path.write_bytes(older.get(path, data) if path == name else data)
        assert said(repository.analyse(cached=True)) == expected


def test_facts_survive_the_way_through_a_pickle():
    facts = Facts([Span(1, 2), "text"])
    again = pickle.loads(pickle.dumps(facts))
    assert set(again.types) == set(facts.types)
    assert again.of(Span) == [Span(1, 2)]
    assert again == facts

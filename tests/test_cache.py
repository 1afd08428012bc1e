"""The cache of the second pass: kept while the files and the answers of the tree are the same."""

from __future__ import annotations

import pickle

from armready.cache import Cache, SecondPass
from armready.config import Settings
from armready.results import Facts
from armready.source import Span
from armready.tree import DiskTree, WatchedTree


def test_the_second_pass_is_forgotten_when_the_tree_answers_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "repository"
    root.mkdir()
    (root / "read").write_text("one")
    tree = DiskTree(root)
    watched = WatchedTree(tree)
    watched.exists("sibling")
    watched.read("read", 64)
    Cache(root, Settings()).store(SecondPass([], (), True, watched.answers))
    assert Cache(root, Settings()).second_pass(tree, complete=True) is not None
    assert Cache(root, Settings()).second_pass(tree, complete=False) is None
    (root / "sibling").touch()
    assert Cache(root, Settings()).second_pass(tree, complete=True) is None
    (root / "sibling").unlink()
    (root / "read").write_text("two")
    assert Cache(root, Settings()).second_pass(tree, complete=True) is None


def test_facts_survive_the_way_through_a_pickle():
    facts = Facts([Span(1, 2), "text"])
    again = pickle.loads(pickle.dumps(facts))
    assert again.types == facts.types
    assert again.of(Span) == [Span(1, 2)]
    assert again == facts

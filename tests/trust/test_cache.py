"""A cache decides nothing but how long a run takes: who brings one along runs nothing and hides nothing."""

import os
import pickle
import random
import re
import stat
from datetime import date
from pathlib import Path

import pytest

from armready.core.errors import DamagedCacheError, RefusedCacheError
from armready.run.cache import Cache, folder
from armready.run.passes import analyse
from armready.run.private_files import PrivateFiles, accepted_location
from armready.run.session import open_session

TODAY = date(2026, 11, 24)
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: docker build -t acme/a . && docker push acme/a\n"
SHARDS = (*"0123456789abcdef", "second")


class Payload:
    """What a pickle can do: run anything when it is read."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.fixture
def repository(tmp_path):
    """A repository of as many files as make a run look for a cache."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    for number in range(201):
        file = root / f"s{number}" / "Dockerfile"
        file.parent.mkdir()
        file.write_text(f"FROM --platform=linux/amd64 debian:12\nRUN echo {number}\n")
        os.utime(file, (1_000_000_000, 1_000_000_000))
    (root / ".github" / "workflows").mkdir(parents=True)
    (root / ".github" / "workflows" / "a.yml").write_text(WORKFLOW)
    os.utime(root / ".github" / "workflows" / "a.yml", (1_000_000_000, 1_000_000_000))
    return root


def cache_of(root):
    return Cache(root, open_session([root], {}).settings)


def bring_along(base, root, mark):
    """A whole cache below `base` whose files are pickles, sealed as armready would seal them."""
    made = cache_of(root)
    results = base / "armready" / "results" / made._files.folder.name
    results.mkdir(parents=True)
    body = pickle.dumps(Payload(mark))
    for name in SHARDS:
        (results / name).write_bytes(made._seal(body) + body)
        (results / name).chmod(0o600)
    for each in (base / "armready", base / "armready" / "results", results):
        each.chmod(0o700)
    return results


def in_tree(root):
    return root / "hidden", {"XDG_CACHE_HOME": str(root / "hidden")}, "lies in the scanned folder"


def home_in_tree(root):
    return root / "home" / ".cache", {"XDG_CACHE_HOME": "", "HOME": str(root / "home")}, "lies in the scanned folder"


def relative(root):
    return root.parent / "elsewhere", {"XDG_CACHE_HOME": "elsewhere"}, "is not an absolute path"


def writable_by_all(root):
    base = root.parent / "shared"
    base.mkdir()
    base.chmod(0o777)
    return base, {"XDG_CACHE_HOME": str(base)}, "everybody can write to"


def linked_into_the_tree(root):
    base = root.parent / "link"
    (root / "hidden").mkdir()
    base.symlink_to(root / "hidden")
    return base, {"XDG_CACHE_HOME": str(base)}, "lies in the scanned folder"


@pytest.mark.parametrize("placement", [in_tree, home_in_tree, relative, writable_by_all, linked_into_the_tree])
def test_a_cache_that_a_repository_brings_along_is_refused(repository, tmp_path, run, placement):
    base, environment, reason = placement(repository)
    results = bring_along(base, repository, tmp_path / "ran")
    state = {path: path.read_bytes() for path in results.iterdir()}
    _, expected, _ = run("scan", str(repository), "--no-cache", "--format", "json", cwd=tmp_path)
    code, found, said = run("scan", str(repository), "--format", "json", cwd=tmp_path, env=environment)
    assert (code, found) == (1, expected)
    assert "no cache is used" in said
    assert reason in said
    assert not (tmp_path / "ran").exists()
    assert {path: path.read_bytes() for path in results.iterdir()} == state


def test_a_pickle_in_the_users_own_cache_is_not_read(repository, tmp_path, run):
    bring_along(Path(os.environ["XDG_CACHE_HOME"]), repository, tmp_path / "ran")
    _, expected, _ = run("scan", str(repository), "--no-cache", "--format", "json", cwd=tmp_path)
    code, found, said = run("scan", str(repository), "--format", "json", cwd=tmp_path)
    assert (code, found) == (1, expected)
    assert "no cache" not in said
    assert not (tmp_path / "ran").exists()


def test_nothing_reads_a_pickle_from_disk():
    package = Path(__file__).parents[2]
    sources = [path for top in ("armready", "rules") for path in (package / top).rglob("*.py")]
    imports = re.compile(r"^\s*(?:import|from)\s+(?:pickle|_pickle|marshal|shelve|dill|cloudpickle)\b", re.MULTILINE)
    assert len(sources) > 200
    assert not [path for path in sources if imports.search(path.read_text(encoding="utf-8"))]


def test_the_cache_is_the_users_alone(repository):
    open_session([repository], {}).analyse()
    top = folder().parent
    found = [top, *top.rglob("*")]
    assert {stat.S_IMODE(each.stat().st_mode) for each in found if each.is_dir()} == {0o700}
    assert {stat.S_IMODE(each.stat().st_mode) for each in found if each.is_file()} == {0o600}
    assert sum(each.is_file() for each in found) > 5


@pytest.mark.parametrize("mode", [0o770, 0o707])
@pytest.mark.parametrize("below", ["", "results", "results/of"])
def test_a_folder_that_others_can_write_to_is_refused(tmp_path, monkeypatch, below, mode):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "root").mkdir()
    files = PrivateFiles(tmp_path / "cache" / "armready", "results/of")
    files.write("a", b"data")
    assert files.read("a") == b"data"
    (tmp_path / "cache" / "armready" / below).chmod(mode)
    assert files.read("a") is None
    with pytest.raises(PermissionError):
        files.write("a", b"more")
    if not below:
        with pytest.raises(RefusedCacheError, match="can be written to by others"):
            accepted_location(tmp_path / "root")


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = PrivateFiles(tmp_path / "cache" / "armready", "results")
    files.write("a", b"data")
    (tmp_path / "root").mkdir()
    assert accepted_location(tmp_path / "root") == tmp_path / "cache" / "armready"
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "cache").stat().st_uid + 1)
    assert files.read("a") is None
    with pytest.raises(RefusedCacheError, match="belongs to another user"):
        accepted_location(tmp_path / "root")


def test_a_folder_in_a_sticky_one_is_accepted(tmp_path, monkeypatch):
    """As `XDG_CACHE_HOME=/tmp` has it: nobody else can put another folder in its place."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "root").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o1777)
    assert accepted_location(tmp_path / "root") == tmp_path / "cache" / "armready"


def test_a_repository_inside_of_the_cache_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = tmp_path / "armready" / "results" / "of"
    root.mkdir(parents=True, mode=0o700)
    with pytest.raises(RefusedCacheError, match="lies in it"):
        accepted_location(root)


@pytest.mark.parametrize("linked", ["armready", "armready/results", "armready/results/of", "armready/results/of/a"])
def test_links_below_the_cache_are_not_followed(tmp_path, linked):
    files = PrivateFiles(tmp_path / "armready", "results/of")
    files.write("a", b"data")
    (tmp_path / linked).rename(tmp_path / "moved")
    (tmp_path / linked).symlink_to(tmp_path / "moved")
    assert files.read("a") is None


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(tmp_path):
    files = PrivateFiles(tmp_path / "armready", "results")
    files.write("a", b"data")
    (tmp_path / "target").write_bytes(b"target")
    (tmp_path / "armready" / "results" / "b").symlink_to(tmp_path / "target")
    files.write("b", b"data")
    assert (tmp_path / "target").read_bytes() == b"target"
    assert files.read("b") == b"data"


def test_what_killed_runs_left_is_removed_later(tmp_path):
    files = PrivateFiles(tmp_path / "armready", "results")
    files.write("a", b"data")
    for name, age in (("a.1.2.tmp", 7200), ("a.3.4.tmp", 0)):
        left = files.folder / name
        left.write_bytes(b"")
        os.utime(left, (left.stat().st_mtime - age,) * 2)
    files.write("a", b"data")
    assert sorted(each.name for each in files.folder.iterdir()) == ["a", "a.3.4.tmp"]


def small(tmp_path):
    """A repository with findings of both passes, facts, suppressions and answers, and its analysis with a cache."""
    root = tmp_path / "small"
    files = {
        "Dockerfile": "FROM --platform=linux/amd64 debian:12\n# armready: ignore[DF110] because\nCOPY a-amd64 /a\n",
        "s/Dockerfile": "FROM mysql:5.7\nRUN curl -fsSLO https://dl.k8s.io/release/v1.30.0/bin/linux/amd64/kubectl\n",
        ".github/workflows/a.yml": WORKFLOW,
        "requirements.txt": "mkl==2024.0\n",
        "pod.yaml": "kind: Pod\napiVersion: v1\nspec:\n  nodeSelector: {kubernetes.io/arch: amd64}\n  containers: [{image: acme/a}]\n",
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        os.utime(root / path, (1_000_000_000, 1_000_000_000))
    return root


def outcome(root, *, cached=True):
    session = open_session([root], {})
    cache = Cache(session.root, session.settings) if cached else None
    found = analyse(session.tree, session.paths, session.registry, complete=True, today=TODAY, cache=cache)
    return repr((found.findings, found.silenced, found.problems)), {path: (each.kind, each.facts) for path, each in found.results.items()}


def damaged(data, chance):
    """Some bytes of a file replaced, removed, repeated or added."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        step = chance.randrange(5)
        if step == 0:
            del out[at : at + chance.randint(1, 40)]
        elif step == 1:
            out[at:at] = out[max(0, at - 30) : at]
        elif step == 2:
            out[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 5)))
        elif step == 3 and at < len(out):
            out[at] = chance.choice([0xC0, 0xC1, 0xC4, 0xD9, 0x90, 0x80, 0xDD, 0xDF, 0xFF, 0x00, chance.randrange(256)])
        else:
            del out[at:]
    return bytes(out)


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_cache_is_an_empty_one(tmp_path, seed):
    root = small(tmp_path)
    expected = outcome(root, cached=False)
    assert outcome(root) == expected
    files = [path for path in folder().rglob("*") if path.is_file()]
    whole = {path: path.read_bytes() for path in files}
    chance = random.Random(seed)
    for _ in range(8):
        for path, data in whole.items():
            path.write_bytes(damaged(data, chance))
        assert outcome(root) == expected


@pytest.mark.parametrize("seed", range(6))
def test_a_forged_cache_is_no_error(tmp_path, seed):
    """Whoever can write to the user's cache can seal what he writes. It is refused, or read as data of the right types."""
    root = small(tmp_path)
    outcome(root)
    seal = cache_of(root)._seal
    files = [path for path in folder().rglob("*") if path.is_file()]
    whole = {path: path.read_bytes() for path in files}
    chance = random.Random(seed)
    for _ in range(25):
        for path, data in whole.items():
            path.write_bytes(data)
        target = chance.choice(files)
        body = damaged(whole[target][16:], chance)
        target.write_bytes(seal(body) + body)
        try:
            _, results = outcome(root)
        except DamagedCacheError:
            continue
        assert "internal error" not in repr(results)


def test_a_forged_fact_costs_a_run_without_the_cache(repository, tmp_path, run):
    """Facts are decoded when a rule asks for them; that they are something else shows only then."""
    _, expected, _ = run("scan", str(repository), "--format", "json", cwd=tmp_path)
    made = cache_of(repository)
    path = "s7/Dockerfile"
    record = next(made._shard(name)[path] for name in SHARDS[:-1] if path in made._shard(name))
    forged = record._replace(facts=dict.fromkeys(record.facts, b"\x91\x01"))
    for name in SHARDS[:-1]:
        if path in made._shard(name):
            made._shard(name)[path] = forged
            made._changed.add(name)
    made.save(None)
    (folder() / made._files.folder.name / "second").unlink()
    code, found, said = run("scan", str(repository), "--format", "json", cwd=tmp_path)
    assert (code, found) == (1, expected)
    assert "internal error" not in said

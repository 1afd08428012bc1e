"""A handful of names in the package index that pip is configured for here."""

import json

import pytest


@pytest.fixture
def reachable(tmp_path_factory, monkeypatch):
    """The index answers. The user's own configuration names its host: the index of a machine may lie at an address that is not public."""
    from urllib.parse import urlsplit

    from armready.core.tree import MemoryTree
    from armready.online.addresses import Hosts
    from armready.online.indexes import indexes
    from armready.online.pypi import look_up_packages
    from armready.online.web import Web

    known = indexes(MemoryTree({}))
    names = tuple({urlsplit(each.url).hostname or "" for each in known.places} - {""})
    folder = tmp_path_factory.mktemp("user")
    (folder / "armready").mkdir()
    (folder / "armready" / "armready.toml").write_text(f"private-hosts = {json.dumps(names)}\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    found, tally = look_up_packages(["psutil"], known, Web(trusted=Hosts.of(names)), None)
    assert found, tally.summary


def test_which_file_each_processor_gets(reachable, run, tmp_path) -> None:
    code, out, _ = run("package", "psutil==5.9.8", "six==1.16.0", "--python", "3.12", "--format", "json", cwd=tmp_path)
    document = json.loads(out)
    assert code == 1
    psutil, six = document["packages"]
    glibc = next(each for each in psutil["targets"] if each["libc"] == "glibc")
    assert (glibc["x86_64"]["form"], glibc["aarch64"]["form"], glibc["above"]) == ("wheel", "sdist", "6.0.0")
    assert all(each["aarch64"] == each["x86_64"] for each in six["targets"])


def test_a_scan(reachable, run, tmp_path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text("psutil==5.9.8\nsix==1.16.0\n")
    code, out, err = run("scan", "--online", cwd=tmp_path)
    assert code == 0
    assert out.count("[PY102]") == 1
    assert "6.0.0 has one (index of " in out
    assert "online: 2 looked up, 2 answered" in err

"""What decides what runs or whom armready asks is the user's word, never the scanned repository's."""

import pytest

from armready.core.config import KEYS, Origin, load_config, schema, user_config
from armready.core.errors import ConfigError

TRUSTED = {
    "mirrors": "['mirror.example']",
    "rules-path": "['rules']",
    "online": "true",
    "resolve": "true",
    "insecure-registries": "['127.0.0.1:5000']",
    "private-hosts": "['localhost:*']",
    "token-hosts": "{ 'registry.example' = ['evil.example'] }",
}


def test_these_keys_need_a_trusted_origin():
    assert {key for key, each in KEYS.items() if each.metadata["needs"] is Origin.TRUSTED} == set(TRUSTED)
    marked = {key for key, each in schema()["properties"].items() if each.get("x-origin") == "trusted"}
    assert marked == set(TRUSTED)


@pytest.mark.parametrize("name", ["armready.toml", "pyproject.toml"])
@pytest.mark.parametrize("key", TRUSTED)
def test_a_scanned_repository_does_not_get_them(key, name, run, tmp_path):
    table = "[tool.armready]\n" if name == "pyproject.toml" else ""
    (tmp_path / name).write_text(f"{table}{key} = {TRUSTED[key]}\n")
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    for command in (("scan",), ("fix",), ("config",)):
        code, _, err = run(*command, cwd=tmp_path)
        assert code == 2
        assert err.count("\n") == 1
        assert f"{key} counts in your own configuration only" in err


def test_nor_through_what_it_extends(tmp_path):
    (tmp_path / "base.toml").write_text("mirrors = ['mirror.example']\n")
    (tmp_path / "armready.toml").write_text("extend = 'base.toml'\n")
    with pytest.raises(ConfigError, match=r"base\.toml: mirrors counts"):
        load_config(tmp_path / "armready.toml", Origin.SCANNED)


def test_a_file_that_the_user_names_is_trusted(tmp_path):
    (tmp_path / "base.toml").write_text("mirrors = ['mirror.example']\n")
    (tmp_path / "armready.toml").write_text("extend = 'base.toml'\nrules-path = ['own', '/abs']\n")
    config = load_config(tmp_path / "armready.toml", Origin.TRUSTED)
    assert config.settings.mirrors == ("mirror.example",)
    assert config.settings.rules_path == (str(tmp_path / "own"), "/abs")
    assert config.origins["mirrors"] == f"{tmp_path / 'base.toml'} (trusted)"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's own file, outside of the repository."""
    path = tmp_path / "home" / "armready" / "armready.toml"
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return path


def test_the_users_own_file_lies_below_the_repositorys(own, run, tmp_path):
    own.write_text("mirrors = ['mirror.example']\nmin-severity = 'info'\ntarget = 'arm64'\n")
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "armready.toml").write_text("min-severity = 'error'\n")
    _, out, _ = run("config", cwd=repository)
    assert f'mirrors = ["mirror.example"]  # {own} (trusted)' in out
    assert f'target = "arm64"  # {own} (trusted)' in out
    assert f'min-severity = "error"  # {repository / "armready.toml"} (scanned)' in out


def test_a_broken_file_of_the_user_is_one_line(own, run, tmp_path):
    own.write_text("mirors = []\n")
    (tmp_path / "repository").mkdir()
    code, _, err = run("scan", cwd=tmp_path / "repository")
    assert (code, err.count("\n")) == (2, 1)
    assert "did you mean 'mirrors'" in err


def test_what_lies_in_the_scanned_tree_is_not_the_users(own, tmp_path, monkeypatch):
    own.write_text("mirrors = ['evil.example']\n")
    assert user_config(tmp_path / "repository") == own
    assert user_config(tmp_path) is None
    assert user_config(tmp_path / "home") is None
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "outside"))
    (tmp_path / "outside").symlink_to(tmp_path / "home")
    assert user_config(tmp_path / "home") is None
    assert user_config(tmp_path / "outside") is None


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_a_relative_home_is_none(variable, tmp_path, monkeypatch):
    folder = tmp_path / (".config" if variable == "HOME" else "") / "armready"
    folder.mkdir(parents=True)
    (folder / "armready.toml").write_text("mirrors = ['evil.example']\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv(variable, ".")
    monkeypatch.chdir(tmp_path)
    assert user_config(tmp_path / "repository") is None


def test_a_scanned_repository_raises_the_size_of_files_to_a_cap_only(run, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    for size, code in ((10, 0), (50_000_000, 0), (50_000_001, 2)):
        (tmp_path / "armready.toml").write_text(f"max-file-size = {size}\n")
        assert run("scan", cwd=tmp_path)[0] == code
    assert "counts in your own configuration only" in run("scan", cwd=tmp_path)[2]
    own = tmp_path.parent / f"{tmp_path.name}.toml"
    own.write_text("max-file-size = 60_000_000\n")
    assert run("scan", "--config", own, cwd=tmp_path)[0] == 0

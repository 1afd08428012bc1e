import json
import re
from pathlib import Path

import jsonschema
import pytest

from armready.core.config import (
    KEYS,
    Origin,
    Settings,
    find_config,
    from_mapping,
    lies_in,
    load_config,
    read_table,
    schema,
    user_config,
)
from armready.core.errors import ConfigError
from armready.core.finding import Severity
from armready.testing import analyse_files


def test_an_unknown_key_gets_a_suggestion():
    with pytest.raises(ConfigError, match="did you mean 'min-severity'"):
        from_mapping({"min-severty": "info"}, "x")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("select", "DF101", "list of strings"),
        ("min-severity", "high", "not a valid Severity"),
        ("fail-on", "high", "must be one of"),
        ("pedantic", "yes", "true or false"),
        ("max-file-size", True, "int"),
        ("images", {"a": {"platform": ["amd64"]}}, "unknown key"),
        ("images", {"a": {}}, "platforms"),
        ("kinds", ["a"], "table"),
    ],
)
def test_a_wrong_value_is_named(key, value, message):
    with pytest.raises(ConfigError, match=message) as caught:
        from_mapping({key: value}, "armready.toml")
    assert str(caught.value).startswith(f"armready.toml: {key}:")


def test_all_shapes_of_values():
    settings = from_mapping(
        {
            "select": ["DF"],
            "images": {"reg/app": ["amd64"], "reg/old": {"platforms": ["amd64"], "reason": "mainframe", "until": "2027-01-31"}},
            "runners": {"arm": "arm64", "big": {"arch": "amd64", "privileged": True}},
            "severity": {"DF101": "info"},
            "fail-on": "info",
            "per-file-ignores": {"docs/**": ["DF"]},
        },
        "x",
    )
    assert settings.images["reg/app"].platforms == ("amd64",)
    assert settings.images["reg/old"].reason == "mainframe"
    assert settings.runners["big"].privileged
    assert settings.severity == {"DF101": Severity.INFO}
    assert settings.fail_on == "info"


def test_pyproject_without_a_table_is_no_config(run, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    code, out, err = run("config", cwd=tmp_path)
    assert code == 0, err
    assert 'min-severity = "warning"  # default' in out


def test_the_nearest_config_wins_and_its_origin_is_shown(run, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "armready.toml").write_text("min-severity = 'info'\n")
    (tmp_path / "svc").mkdir()
    _, out, _ = run("config", cwd=tmp_path / "svc")
    assert f'min-severity = "info"  # {tmp_path / "armready.toml"}' in out
    (tmp_path / "svc" / "pyproject.toml").write_text("[tool.armready]\nmin-severity = 'error'\n")
    _, out, _ = run("config", cwd=tmp_path / "svc")
    assert 'min-severity = "error"' in out


def test_extend_lies_below(tmp_path):
    (tmp_path / "base.toml").write_text("ignore = ['DF']\nmin-severity = 'info'\n")
    own = tmp_path / "armready.toml"
    own.write_text("extend = 'base.toml'\nmin-severity = 'error'\n")
    config = load_config(own, Origin.SCANNED, root=tmp_path)
    assert config.settings.ignore == ("DF",)
    assert config.settings.min_severity is Severity.ERROR
    own.write_text("extend = 'armready.toml'\n")
    with pytest.raises(ConfigError, match="extends itself"):
        load_config(own, Origin.SCANNED, root=tmp_path)


def test_a_scanned_repository_may_not_name_code(run, tmp_path):
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "rule.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (tmp_path / "armready.toml").write_text("rules-path = ['evil']\n")
    (tmp_path / "Dockerfile").write_text("FROM alpine\n")
    code, _, err = run("scan", cwd=tmp_path)
    assert code == 2
    assert "rules-path counts in your own configuration only" in err
    assert not (tmp_path / "ran").exists()


def test_the_schema_knows_every_key(run, tmp_path):
    _, out, _ = run("config", "--schema", cwd=tmp_path)
    printed = json.loads(out)
    assert printed == schema()
    assert set(printed["properties"]) == {*KEYS, "extend"}
    validator = jsonschema.Draft7Validator(printed)
    validator.validate({"select": ["DF"], "images": {"a": ["amd64"]}, "runners": {"x": "arm64"}, "arm-nodes-tainted": True})
    assert list(validator.iter_errors({"selct": []}))
    assert list(validator.iter_errors({"images": {"a": {}}}))


def test_gke_widens_by_affinity():
    assert not Settings().widen_by_affinity
    assert from_mapping({"platform": "gke"}, "x").widen_by_affinity
    assert not from_mapping({"platform": "gke", "fix-style": "remove"}, "x").widen_by_affinity


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        ({}, []),
        ({"images/*.txt": "dockerfile"}, ["images/web.txt"]),
        ({"other/*.txt": "dockerfile"}, []),
        ({"images/web.*": "dockerfile", "images/*.txt": "requirements"}, ["images/web.txt"]),
        ({"images/*.txt": "requirements", "images/web.*": "dockerfile"}, []),
    ],
)
def test_kinds_say_what_a_file_is_and_the_first_glob_counts(kinds, found):
    files = {"images/web.txt": "FROM --platform=linux/amd64 alpine:3.20\nRUN true\n"}
    _, _, analysis = analyse_files(files, from_mapping({"kinds": kinds, "select": ["DF101"]}, "x"))
    assert [finding.path for finding in analysis.findings] == found


def test_kinds_come_before_the_name_of_a_file(run, tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text("FROM --platform=linux/amd64 alpine:3.20\n")
    assert "DF101" in run("scan", cwd=tmp_path)[1]
    (tmp_path / "armready.toml").write_text("kinds = {Dockerfile = 'shell'}\n")
    assert "DF101" not in run("scan", cwd=tmp_path)[1]


def test_the_user_lies_below_the_repository(tmp_path):
    user, own = tmp_path / "user.toml", tmp_path / "repository" / "armready.toml"
    own.parent.mkdir()
    user.write_text("ignore = ['DF']\nmin-severity = 'info'\nonline = true\n")
    own.write_text("min-severity = 'error'\n")
    below = load_config(user, Origin.TRUSTED)
    config = load_config(own, Origin.SCANNED, below, root=own.parent)
    assert (config.settings.ignore, config.settings.min_severity, config.settings.online) == (("DF",), Severity.ERROR, True)
    assert config.origins == {
        "ignore": f"{user} (trusted)",
        "min-severity": f"{own} (scanned)",
        "online": f"{user} (trusted)",
    }
    assert config.scanned == {"min-severity"}
    assert load_config(user, Origin.TRUSTED, config).scanned == frozenset()


def test_extended_files_are_counted(tmp_path):
    for number in range(22):
        (tmp_path / f"{number}.toml").write_text(f"extend = '{number + 1}.toml'\n" if number < 21 else "ignore = ['DF']\n")
    with pytest.raises(ConfigError, match="extends more than 20 files"):
        load_config(tmp_path / "0.toml", Origin.TRUSTED)
    assert load_config(tmp_path / "1.toml", Origin.TRUSTED).settings.ignore == ("DF",)


@pytest.mark.parametrize("extend", ["1", "['a.toml']"])
def test_extend_is_one_path(extend, tmp_path):
    own = tmp_path / "armready.toml"
    own.write_text(f"extend = {extend}\n")
    with pytest.raises(ConfigError, match="extend: must be the path"):
        load_config(own, Origin.TRUSTED)


def test_a_scanned_configuration_extends_nothing_outside_of_the_repository(tmp_path):
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "outside.toml").write_text("ignore = ['DF']\n")
    own = root / "armready.toml"
    own.write_text("extend = '../outside.toml'\n")
    with pytest.raises(ConfigError):
        load_config(own, Origin.SCANNED, root=root)
    with pytest.raises(ConfigError):
        load_config(own, Origin.SCANNED)
    assert load_config(own, Origin.TRUSTED).settings.ignore == ("DF",)


def test_folders_of_rules_are_relative_to_the_file_that_names_them(tmp_path):
    own = tmp_path / "armready.toml"
    own.write_text("rules-path = ['rules', '/elsewhere']\n")
    assert load_config(own, Origin.TRUSTED).settings.rules_path == (str(tmp_path / "rules"), "/elsewhere")


def test_which_file_is_found(tmp_path):
    root, inner = tmp_path / "repository", tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "armready.toml").write_text("")
    assert find_config(inner, root) is None
    (root / "pyproject.toml").write_text("[tool.armready]\n")
    assert find_config(inner, root) == root / "pyproject.toml"
    (root / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert find_config(inner, root) == root / "pyproject.toml"
    (root / "armready.toml").write_text("")
    assert find_config(inner, root) == root / "armready.toml"
    (root / "a" / "pyproject.toml").write_text("not = [toml\n")
    assert find_config(inner, root) == root / "armready.toml"
    (root / "a" / "pyproject.toml").write_text("[tool.armready]\nnot = [toml\n")
    with pytest.raises(ConfigError):
        find_config(inner, root)


@pytest.mark.parametrize("table", ["tool = 1\n", "tool = {armready = 1}\n"])
def test_a_table_of_pyproject_that_is_none(table, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text(table)
    if table == "tool = 1\n":
        assert read_table(path, None) is None
    else:
        with pytest.raises(ConfigError, match="must be a table"):
            read_table(path, None)


def test_the_file_of_the_user_does_not_lie_in_the_scanned_tree(tmp_path, monkeypatch):
    home, root = tmp_path / "home", tmp_path / "repository"
    (home / "armready").mkdir(parents=True)
    root.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    assert user_config(root) is None
    (home / "armready" / "armready.toml").write_text("")
    assert user_config(root) == home / "armready" / "armready.toml"
    assert user_config(tmp_path) is None
    (root / "link").symlink_to(home)
    (home / "back").symlink_to(root)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(root / "link"))
    assert user_config(root) is None
    assert lies_in(home / "back" / "x", root)
    assert lies_in(Path("relative"), root)
    assert not lies_in(home / "x", root)
    assert not lies_in(root / "x", None)


def test_arm_nodes_are_tainted_on_gke_unless_said_otherwise():
    assert not Settings().tainted
    assert from_mapping({"platform": "gke"}, "x").tainted
    assert not from_mapping({"platform": "gke", "arm-nodes-tainted": False}, "x").tainted
    assert from_mapping({"arm-nodes-tainted": True}, "x").tainted
    assert from_mapping({"fix-style": "affinity"}, "x").widen_by_affinity


@pytest.mark.parametrize(
    ("platform", "hint"),
    [
        ("arm46", "'arm46' is no platform; did you mean 'arm64'?"),
        ("aarch64", "'aarch64' is no platform; did you mean 'arm64'?"),
        ("linux/x86_64", "'linux/x86_64' is no platform; did you mean 'amd64'?"),
        ("all", "'all' is no platform"),
    ],
)
def test_what_is_no_platform_is_refused(platform, hint):
    for value in ([platform], {"platforms": ["amd64", platform]}):
        with pytest.raises(ConfigError, match=re.escape(hint)):
            from_mapping({"images": {"a/b": value}}, "x")


def test_platforms_of_all_spellings_are_taken():
    written = ["amd64", "arm64", "linux/arm64", "linux/arm/v7", "arm/v6", "windows/amd64", "386"]
    assert from_mapping({"images": {"a/b": written}}, "x").images["a/b"].platforms == tuple(written)


def test_a_table_of_pyproject_in_a_file_of_our_own_is_explained(tmp_path):
    own = tmp_path / "armready.toml"
    own.write_text("[tool.armready]\nignore = ['DF']\n")
    with pytest.raises(ConfigError, match=re.escape("[tool.armready] belongs into a pyproject.toml: here its keys stand at the top")):
        load_config(own, Origin.SCANNED)

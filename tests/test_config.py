import json

import jsonschema
import pytest

from armready.core.config import KEYS, Origin, Settings, from_mapping, load_config, schema
from armready.core.errors import ConfigError
from armready.core.finding import Severity


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
            "per-file-ignores": {"docs/**": ["DF"]},
        },
        "x",
    )
    assert settings.images["reg/app"].platforms == ("amd64",)
    assert settings.images["reg/old"].reason == "mainframe"
    assert settings.runners["big"].privileged
    assert settings.severity == {"DF101": Severity.INFO}


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

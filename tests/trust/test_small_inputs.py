"""What a repository brings beside its files (configuration, facts, baseline) or is handed over: one line and 2, never a traceback or a hang."""

import os

import pytest

from armready.core.bounded import MAX_CONFIG, load_toml
from armready.core.config import Origin, load_config
from armready.core.errors import ConfigError, ParseProblem

DOCKERFILE = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n"
DIGITS = "9" * 5_000
NESTED = "[" * 100_000
BASELINE = '{{"version": {version}, "tool": "0", "facts": "", "rules": "", "findings": {findings}, "files": {{}}}}'

REFUSED = {
    "a device": ({"armready.toml": "extend = '/dev/zero'\n"}, "not a regular file inside the repository"),
    "a file of the system": ({"armready.toml": "extend = '/etc/passwd'\n"}, "not a regular file inside the repository"),
    "a way out": ({"armready.toml": "extend = '../outside.toml'\n"}, "not a regular file inside the repository"),
    "a pipe": ({"armready.toml": "extend = 'pipe'\n"}, "not a regular file inside the repository"),
    "a link out": ({"armready.toml": "extend = 'link.toml'\n"}, "not a regular file inside the repository"),
    "a folder": ({"armready.toml": "extend = '.'\n"}, "not a regular file inside the repository"),
    "a name with a zero": ({"armready.toml": 'extend = "a\\u0000b"\n'}, "no such file"),
    "a large one": ({"armready.toml": "#" * (MAX_CONFIG + 1)}, "larger than"),
    "no UTF-8": ({"armready.toml": b"ignore = ['\xff']\n"}, "can't decode"),
    "a chain": (
        {"armready.toml": "extend = '0.toml'\n"} | {f"{at}.toml": f"extend = '{at + 1}.toml'\n" for at in range(3_000)},
        "extends more",
    ),
    "a circle": ({"armready.toml": "extend = 'b.toml'\n", "b.toml": "extend = 'armready.toml'\n"}, "extends itself"),
    "a circle by another name": ({"armready.toml": "extend = 'x/../armready.toml'\n"}, "extends itself"),
    "nested arrays": ({"armready.toml": f"exclude = {NESTED}\n"}, "nested too deeply"),
    "a large number": ({"armready.toml": f"max-file-size = {DIGITS}\n"}, "integer string conversion"),
    "many parts of a key": ({"armready.toml": "a" + ".a" * 100_000 + " = 1\n"}, "a key of more than"),
    "a glob that is none": ({"armready.toml": "exclude = ['[']\n"}, "exclude: "),
    "facts from a device": ({"armready.toml": "facts = ['/dev/zero']\n"}, "not a regular file inside the repository"),
    "facts from a pipe": ({"armready.toml": "facts = ['pipe']\n"}, "not a regular file inside the repository"),
    "facts from a link out": ({"armready.toml": "facts = ['link.toml']\n"}, "not a regular file inside the repository"),
    "facts that are nested": ({"armready.toml": "facts = ['f.json']\n", "f.json": NESTED}, "nested too deeply"),
    "facts of another kind": ({"armready.toml": "facts = ['f.json']\n", "f.json": '{"images": [1]}'}, "f.json"),
    "a nested baseline": ({".armready-baseline.json": NESTED}, "not a baseline"),
    "a baseline with a nested finding": (
        {".armready-baseline.json": BASELINE.format(version=1, findings="[" * 900 + "]" * 900)},
        "not a baseline",
    ),
    "a baseline of a large version": ({".armready-baseline.json": BASELINE.format(version=DIGITS, findings="[]")}, "not a baseline"),
}


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / ".git").mkdir()
    (root / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "outside.toml").write_text("ignore = ['DF']\n")
    os.symlink(tmp_path / "outside.toml", root / "link.toml")
    os.mkfifo(root / "pipe")
    return root


def lay(root, files):
    for name, content in files.items():
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("name", REFUSED)
def test_one_line_and_2(repository, run, name):
    files, words = REFUSED[name]
    lay(repository, files)
    code, out, err = run("scan", cwd=repository)
    assert (code, out) == (2, "")
    assert words in err
    assert err.startswith("armready: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        f"[tool.other]\nx = {DIGITS}\n",
        f"[tool.other]\nx = {NESTED}\n",
        "a" + ".a" * 100_000 + " = 1\n",
        "#" * (MAX_CONFIG + 1),
        "x = \ud800",
    ],
    ids=["digits", "nested", "key", "large", "surrogate"],
)
def test_a_pyproject_without_our_table_cannot_end_the_run(repository, run, text):
    (repository / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    code, out, err = run("scan", cwd=repository)
    assert code == 1
    assert "DF101" in out
    assert "internal error" not in err


def test_a_pyproject_that_is_a_link_out_is_no_configuration(repository, run):
    (repository.parent / "pyproject.toml").write_text("[tool.armready]\nignore = ['DF']\n")
    os.symlink(repository.parent / "pyproject.toml", repository / "pyproject.toml")
    assert run("scan", cwd=repository)[0] == 1


def test_a_glob_of_the_command_line_that_is_none(repository, run):
    code, _, err = run("scan", "--exclude", "[", cwd=repository)
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize("content", [NESTED, DIGITS, '{"version": 1, "summary": []}', "\0"], ids=["nested", "digits", "shape", "zero"])
def test_reports_that_are_none(tmp_path, run, content):
    (tmp_path / "r.json").write_text(content)
    code, _, err = run("report", "r.json", cwd=tmp_path)
    assert (code, err.count("\n")) == (2, 1)


def test_the_user_may_point_elsewhere(repository):
    own = repository.parent / "own/armready.toml"
    own.parent.mkdir()
    own.write_text(f"extend = '../outside.toml'\nfacts = ['{repository.parent / 'f.json'}']\n")
    assert load_config(own, Origin.TRUSTED).settings.ignore == ("DF",)


@pytest.mark.parametrize("what", ["facts", "baseline"])
def test_what_the_user_names_may_lie_elsewhere(repository, run, what):
    outside = repository.parent
    (outside / "f.json").write_text('{"version": 1}')
    (outside / "own.toml").write_text(f"facts = ['{outside / 'f.json'}']\n")
    (outside / "b.json").write_text(BASELINE.format(version=1, findings="[]"))
    options = ("--config", str(outside / "own.toml")) if what == "facts" else ("--baseline", str(outside / "b.json"))
    assert run("scan", *options, cwd=repository)[0] in (0, 1)


def test_a_pipe_that_the_user_names_is_not_opened(repository):
    with pytest.raises(ConfigError, match="not a regular file"):
        load_config(repository / "pipe", Origin.TRUSTED)


def test_a_ruler_of_dots_is_no_key():
    assert load_toml("# " + "." * 200 + "\na.b.c = '" + ". " * 200 + "'\n") == {"a": {"b": {"c": ". " * 200}}}
    with pytest.raises(ParseProblem):
        load_toml("a" + " . a" * 51 + " = 1")

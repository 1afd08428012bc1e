import json
import sys
from pathlib import Path

import pytest

PINNED = "FROM amd64/python:3.12\n"


@pytest.fixture
def repository(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "svc").mkdir()
    (tmp_path / "svc" / "Dockerfile").write_text(PINNED)
    return tmp_path


def test_findings_give_1_and_the_summary_on_standard_error(run, repository):
    code, out, err = run("scan", cwd=repository)
    assert code == 1
    assert out.startswith("svc/Dockerfile:1:6: error: amd64/python:3.12 is for amd64 alone;")
    assert err.splitlines() == [
        "Recognised 1 Dockerfile.",
        "Images 0 of 1 ready, 1 blocked",
        "1 error. Next: armready fix  (mends 1 place in 1 file)",
    ]


def test_clean_gives_0(run, repository):
    (repository / "svc" / "Dockerfile").write_text("FROM python:3.12\n")
    code, out, err = run("scan", cwd=repository)
    assert (code, out) == (0, "")
    assert "Nothing found that stops arm64." in err


def test_nothing_to_scan_gives_0_and_says_so(run, tmp_path):
    code, out, err = run("scan", cwd=tmp_path)
    assert (code, out) == (0, "")
    assert err.startswith("Nothing to scan")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "nowhere"], "nowhere: no such file or folder"),
        (["scan", "--select", "DF999"], "unknown rule 'DF999'"),
        (["scan", "--select", "image-arch-namespac"], "did you mean 'image-arch-namespace'"),
        (["scan", "--format", "xml"], "'xml' is not one of 'text', 'concise', 'json'"),
        (["scan", "--min-severity", "high"], "'high' is not one of 'error', 'warning', 'info'"),
        (["scan", "--no-such-option"], "No such option"),
        (["scan", "--config", "nowhere.toml"], "nowhere.toml: no such file"),
        (["scan", "-"], "--stdin-filename"),
        (["scan", "--report", "sarif"], "must be FORMAT=FILE"),
        (["rule", "XX1"], "unknown rule"),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_wrong_usage_gives_2_in_every_format(run, repository, arguments, message, form):
    extra = ["--format", form] if arguments[0] == "scan" and "--format" not in arguments else []
    code, out, err = run(*arguments, *extra, cwd=repository)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("form", ["text", "concise", "json", "jsonl", "sarif"])
def test_the_exit_code_is_the_same_in_every_format(run, repository, form):
    assert run("scan", "--format", form, cwd=repository)[0] == 1
    assert run("scan", "--format", form, "--exit-zero", cwd=repository)[0] == 0
    assert run("scan", "--format", form, "--fail-on", "never", cwd=repository)[0] == 0
    assert run("scan", "--format", form, "--ignore", "DF110,DF114", cwd=repository)[0] == 0


def test_what_is_not_shown_still_fails(run, repository):
    (repository / "svc" / "Dockerfile").write_text("# armready: ignore[DF101]\nFROM python:3.12\n")
    code, out, _ = run("scan", "--min-severity", "error", "--fail-on", "warning", cwd=repository)
    assert (code, out) == (1, "")


def test_selectors(run, repository):
    assert run("scan", "--select", "KUB", cwd=repository)[0] == 0
    assert run("scan", "--select", "DF1", cwd=repository)[0] == 1
    assert run("scan", "--select", "image-arch-namespace", cwd=repository)[0] == 1
    assert run("scan", "--select", "KUB", "--extend-select", "DF110", cwd=repository)[0] == 1


def test_per_file_ignores_and_severity(run, repository):
    (repository / "armready.toml").write_text("[per-file-ignores]\n'svc/*' = ['DF110']\n")
    code, _, err = run("scan", cwd=repository)
    assert code == 0
    assert "1 ignored" in err
    (repository / "armready.toml").write_text("[severity]\nDF110 = 'warning'\n")
    code, out, _ = run("scan", "--format", "json", cwd=repository)
    assert code == 0
    assert json.loads(out)["findings"][0]["severity"] == "warning"


def test_paths_are_relative_to_the_current_folder(run, repository):
    _, out, _ = run("scan", cwd=repository / "svc")
    assert out.startswith("Dockerfile:1:6:")
    _, out, _ = run("scan", str(repository), cwd=repository)
    assert out.startswith("svc/Dockerfile:1:6:")


def test_standard_input(run, repository):
    code, out, _ = run("scan", "-", "--stdin-filename", "svc/Dockerfile", cwd=repository, stdin=PINNED.encode())
    assert code == 1
    assert out.startswith("svc/Dockerfile:1:6:")
    code, out, _ = run("fix", "-", "--stdin-filename", "svc/Dockerfile", cwd=repository, stdin=PINNED.encode())
    assert (code, out) == (0, "FROM python:3.12\n")
    assert (repository / "svc" / "Dockerfile").read_text() == PINNED


def test_fix_writes_and_then_has_nothing_left(run, repository):
    code, _, err = run("fix", cwd=repository)
    assert code == 0, err
    assert (repository / "svc" / "Dockerfile").read_text() == "FROM python:3.12\n"


def test_fix_diff_prints_the_diff_alone(run, repository):
    code, out, err = run("fix", "--diff", cwd=repository)
    assert code == 1
    assert out == "--- a/svc/Dockerfile\n+++ b/svc/Dockerfile\n@@ -1 +1 @@\n-FROM amd64/python:3.12\n+FROM python:3.12\n"
    assert err == ""
    run("fix", cwd=repository)
    assert run("fix", "--diff", cwd=repository) == (0, "", "")


def test_more_reports_beside_the_main_one(run, repository):
    code, out, _ = run("scan", "--report", "json=a.json", "--report", "sarif=b.sarif", "-o", "c.txt", cwd=repository)
    assert (code, out) == (1, "")
    assert json.loads((repository / "a.json").read_text())["version"] == 1
    assert json.loads((repository / "b.sarif").read_text())["version"] == "2.1.0"
    assert (repository / "c.txt").read_text().startswith("svc/Dockerfile:1:6:")


def test_machine_formats_alone_go_to_standard_output(run, repository):
    for form in ("json", "sarif"):
        _, out, err = run("scan", "--format", form, cwd=repository)
        json.loads(out)
        assert "\n1 error. Next: armready fix  (mends 1 place in 1 file)\n" in err


def test_an_unreadable_file_costs_nothing_else(run, repository):
    (repository / "Dockerfile").write_bytes(b"FROM a\0b")
    code, out, err = run("scan", cwd=repository)
    assert code == 1
    assert "svc/Dockerfile" in out
    assert "1 file not parsed" in err
    code, _, err = run("scan", "-v", "--select", "KUB", "--strict", cwd=repository)
    assert code == 1
    assert "not read: Dockerfile: binary file" in err


def test_rule_and_rules(run, repository):
    code, out, _ = run("rule", "DF110", cwd=repository)
    assert code == 0
    assert "What it finds" in out
    assert json.loads(run("rule", "image-arch-namespace", "--format", "json", cwd=repository)[1])["code"] == "DF110"
    assert {"DF110", "ARM001"} <= {each["code"] for each in json.loads(run("rules", "--format", "json", cwd=repository)[1])}


def test_show_files(run, repository):
    assert run("scan", "--show-files", cwd=repository)[1] == "svc/Dockerfile\tdockerfile\n"


def test_the_version(run, repository):
    assert run("--version", cwd=repository)[1].startswith("armready 0.")


def test_processes_and_cache_do_not_change_the_result(run, repository, tmp_path):
    for index in range(300):
        folder = repository / f"s{index % 7}" / f"d{index}"
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(f"# {'x' * 6000}\n{PINNED}")
    outputs = {
        run("scan", "--format", "json", *flags, cwd=repository)[1]
        for flags in (["--jobs", "1", "--no-cache"], ["--jobs", "2", "--no-cache"], ["--jobs", "2"], ["--jobs", "1"])
    }
    assert len(outputs) == 1
    (repository / "s0" / "d0" / "Dockerfile").write_text("FROM python:3.12\n")
    code, out, _ = run("scan", "--format", "json", cwd=repository)
    (only,) = json.loads(out)["findings"]
    assert len(only["related"]) == 299
    assert code == 1


@pytest.mark.parametrize(
    ("name", "text", "absent"),
    [
        (
            "Dockerfile",
            PINNED,
            {"ruamel.yaml", "libcst", "tomlkit", "tomllib", "rich", "httpx", "packaging", "pydantic", "importlib.metadata"}
            | {
                "armready.run.baseline",
                "armready.builds.events",
                "armready.kubernetes",
                "armready.python.project",
            },
        ),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n", {"libcst", "dockerfile_parse", "tomlkit", "rich", "httpx"}),
        ("requirements.txt", "mkl==2024.0\n", {"libcst", "dockerfile_parse", "tree_sitter", "rich", "httpx"}),
    ],
)
def test_a_run_imports_what_its_files_need(tmp_path, name, text, absent):
    import subprocess

    (tmp_path / name).write_text(text)
    code = f"""import sys
from armready.commands.cli import main
sys.argv[1:] = ["scan", {name!r}]
try:
    main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""
    env = {"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env=env)
    assert not absent & set(done.stderr.split()), name


@pytest.mark.parametrize("command", ["scan", "fix"])
def test_help_lists_values_groups_examples_and_exit_codes(run, tmp_path, command):
    code, out, _ = run(command, "--help", cwd=tmp_path, env={"COLUMNS": "100", "TERM": "dumb"})
    assert code == 0
    words = " ".join(out.replace("│", " ").split())
    for group in ("Which files", "What is found, and what fails", "Reports", "How files are read", "On the terminal"):
        assert f"─ {group} ─" in out
    assert "<error|warning|info>" in words
    assert "<auto|always|never>" in words
    assert "Exit codes: 0 clean or fixed; 1 findings remain; 2 wrong usage, or an internal error." in words
    assert f"armready {command} --" in words
    assert max(len(line) for line in out.splitlines()) <= 100


def test_formats_of_the_command_line_are_those_there_are():
    from typing import get_args

    from armready.commands.options import Format
    from armready.reporters import FORMATS

    assert set(get_args(Format)) == set(FORMATS)


def test_check_is_scan_and_dry_run_is_diff(run, repository):
    assert run("check", cwd=repository) == run("scan", cwd=repository)
    assert run("fix", "--dry-run", cwd=repository) == run("fix", "--diff", cwd=repository)


def test_rule_is_one_screen_and_has_more(run, tmp_path):
    _, page, _ = run("rule", "DF110", cwd=tmp_path)
    assert len(page.splitlines()) <= 50
    assert page.count("Found: ") == 1
    assert "armready rule DF110 --examples shows " in page
    _, page, _ = run("rule", "DF110", "--examples", cwd=tmp_path)
    assert page.count("Found: ") > 3
    assert "--examples" not in page


def test_rules_are_completed_by_code_and_name():
    from armready.commands.options import complete_rules

    assert ("DF110", "image-arch-namespace") in complete_rules("df1")
    assert ("image-arch-namespace", "DF110") in complete_rules("image-a")
    assert ("KUB101,DF110", "image-arch-namespace") in complete_rules("KUB101,DF11")
    assert complete_rules("nothing") == []

"""The documentation says what the code does: generated parts are fresh, links lead somewhere, codes, keys and options exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from armready.commands.cli import app
from armready.core.config import KEYS
from armready.run.registry import all_rules

ROOT = Path(__file__).parent.parent
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
IDS = [page.name for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page.read_text())


def test_generated_parts_are_fresh() -> None:
    done = subprocess.run([sys.executable, "tools/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run python tools/generate.py\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_codes_exist(page: Path) -> None:
    codes = {rule.code for rule in all_rules()}
    for code in re.findall(r"\b(?:DF|CI|KUB|PY|ARM)[0-9]{3}\b", page.read_text()):
        assert code in codes


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_keys_of_the_configuration_exist(page: Path) -> None:
    for block in blocks(page, "toml"):
        table = tomllib.loads(block).get("tool", {}).get("armready", {})
        assert set(table) <= set(KEYS)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_and_options_exist(page: Path) -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for line in "".join(blocks(page, "console")).splitlines():
        for part in re.findall(r"armready ([a-z].*?)(?:[;|]|&&|$)", line.partition("  #")[0]):
            name, *arguments = shlex.split(part, comments=True)
            if name not in commands:
                continue
            known = {option for parameter in commands[name].params for option in parameter.opts}
            for argument in arguments:
                assert not argument.startswith("--") or argument.partition("=")[0] in known, line


def test_every_rule_has_its_page() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert pages == {rule.name for rule in all_rules()}


def test_own_dockerfile_is_ready(run) -> None:
    code, out, _ = run("scan", "Dockerfile", "--min-severity", "info", cwd=ROOT)
    assert (code, out) == (0, "")

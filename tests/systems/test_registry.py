"""What reads a kind of file follows from the heads of the systems' modules."""

import subprocess
import sys
from importlib import import_module
from importlib.resources import files
from typing import Any

import pytest

from armready.core.classify import BUILD_KINDS, PIPELINE_KINDS, Kind, classify
from armready.core.config import Settings
from armready.core.file import File
from armready.core.kinds import SYSTEMS
from armready.core.source import Source
from tests.conftest import ROOT

NAMES = [(path, kind) for kind, system in SYSTEMS.items() for path in system.patterns if "*" not in path]
MODULES = sorted({system.module for system in SYSTEMS.values()})


@pytest.mark.parametrize("name", MODULES)
def test_the_table_says_what_the_head_of_a_module_says(name):
    module = import_module(f"armready.systems.{name}")
    mine = {kind.value: system for kind, system in SYSTEMS.items() if system.module == name}
    assert {kind: system.patterns for kind, system in mine.items()} == module.GLOBS
    assert {system.is_ci for system in mine.values()} == {getattr(module, "IS_CI", False)}
    schema = getattr(module, "SCHEMA", "")
    assert not schema or files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{schema}.json").is_file()


def test_every_module_that_reads_files_is_in_the_table():
    readers = [path.stem for path in (ROOT / "armready" / "systems").glob("*.py") if "\nGLOBS = " in path.read_text(encoding="utf-8")]
    assert sorted(readers) == MODULES


@pytest.mark.parametrize(("path", "kind"), NAMES)
def test_a_file_is_known_by_its_name(path, kind):
    assert classify(path.lstrip("*"), "") is kind


def test_each_system_is_ci_or_describes_builds():
    assert set(SYSTEMS) <= PIPELINE_KINDS | BUILD_KINDS
    assert not PIPELINE_KINDS & BUILD_KINDS


def test_a_run_over_a_dockerfile_imports_no_system(tmp_path):
    (tmp_path / "Dockerfile").write_text(
        "FROM alpine:3.20\nRUN curl -LO https://example.com/tool-amd64 && install tool-amd64 /usr/bin/tool\n"
    )
    code = "import sys; from armready.commands.cli import main\ntry: main()\nfinally: print([each for each in sys.modules if each.startswith('armready.systems.')])"
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", "--no-cache", "--exit-zero", "."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_the_system_of_the_page_reads_its_files():
    page = (ROOT / "docs" / "writing-systems.md").read_text(encoding="utf-8")
    module: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], module)
    text = "environment:\n  TAG: 1\ntasks:\n  - image: |\n      docker build -t a/b:$TAG .\n      docker push a/b:$TAG\n"
    pipeline = module["read"](File(Source(".build.yml", text), Kind.DRONE, Settings()))
    (job,) = pipeline.jobs
    assert [step.script.text.split()[:2] for step in job.steps] == [["docker", "build"]]
    assert job.environment == {"TAG": ("1",)}
    assert module["read"](File(Source(".build.yml", "a"), Kind.DRONE, Settings())).jobs == ()
    assert module["GLOBS"].keys().isdisjoint(SYSTEMS)

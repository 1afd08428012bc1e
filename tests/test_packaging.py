import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


def test_every_folder_with_code_is_a_package():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    own = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "armready").rglob("__init__.py")}
    rules = {".".join(("armready", *path.parent.relative_to(ROOT).parts)) for path in (ROOT / "rules").rglob("__init__.py")}
    assert listed == own | rules


def _build(tmp_path: Path, *arguments: str) -> Path:
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)
    subprocess.run([sys.executable, "-m", "build", "-q", "--outdir", str(tmp_path / "dist"), *arguments, str(source)], check=True)
    return tmp_path / "dist"


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    return _build(tmp_path_factory.mktemp("build"))


def test_the_wheel_holds_rules_and_data_and_leaks_nothing(distributions):
    (wheel,) = distributions.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"armready", next(name for name in names if ".dist-info" in name).split("/")[0]}
    assert "armready/rules/suppressions/unused_ignore.py" in names
    assert "armready/py.typed" in names
    assert any(name.endswith(".tsv") for name in names)


def test_the_source_distribution_holds_tests_and_fixtures(distributions):
    import tarfile

    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.split("/", 1)[-1] for name in opened.getnames()}
    assert "rules/suppressions/unused_ignore.py" in names
    assert "tests/test_rules.py" in names
    assert ".pre-commit-hooks.yaml" in names
    assert any(name.startswith("fixtures/projects/") for name in names)


def test_an_installed_wheel_finds_its_rules(distributions, tmp_path):
    (wheel,) = distributions.glob("*.whl")
    venv.create(tmp_path / "env", system_site_packages=False, with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", str(wheel)], check=True)
    listed = subprocess.run(
        [tmp_path / "env" / "bin" / "armready", "rules"], check=True, capture_output=True, text=True, cwd=tmp_path
    ).stdout
    assert "ARM001" in listed
    leaked = subprocess.run([python, "-c", "import rules"], cwd=tmp_path, capture_output=True, check=False)
    assert leaked.returncode != 0


def test_a_bare_checkout_works():
    code = "import sys; sys.path += sys.argv[1:]; from armready.run.registry import all_rules; print(len(all_rules()))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(ROOT), sysconfig.get_path("purelib")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 1

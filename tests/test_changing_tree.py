"""Files that change under a run, that cannot be read, or that are gone: each costs itself, and the run says so."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.core.tree import DiskTree
from armready.fixing import fixer
from armready.fixing.fixer import write
from armready.run.passes import analyse
from armready.run.registry import Registry

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes, modes and links of files")

REGISTRY = Registry(Settings())
ROOT = Path(__file__).parent.parent
FIXABLE = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n"


def vanish(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:20])


def become_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def become_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def become_a_link_out(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def lose_its_folder(file: Path) -> None:
    shutil.rmtree(file.parent)


def get_a_folder_elsewhere(file: Path) -> None:
    outside = file.parent.parent.parent / "outside"
    outside.mkdir()
    (outside / file.name).write_text(FIXABLE)
    shutil.rmtree(file.parent)
    file.parent.symlink_to(outside)


DEEDS = [vanish, truncate, cut, become_a_folder, become_a_pipe, become_a_link_out, lose_its_folder, get_a_folder_elsewhere]


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "root"
    for folder in ("a", "b", "c", ".git"):
        (root / folder).mkdir(parents=True)
    for folder in "abc":
        (root / folder / "Dockerfile").write_text(FIXABLE)
    return root


class ChangingTree(DiskTree):
    """Something happens to b/Dockerfile after the files were listed, before it is read."""

    def __init__(self, root: Path, deed) -> None:
        super().__init__(root)
        self.deed = deed

    def read(self, path: str, limit: int | None = None) -> bytes:
        if path == "b/Dockerfile" and self.deed:
            deed, self.deed = self.deed, None
            deed(self.root / path)
        return super().read(path, limit)


@pytest.mark.parametrize("deed", DEEDS)
def test_during_a_scan(repository, deed):
    paths = ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile"]
    analysis = analyse(ChangingTree(repository, deed), paths, REGISTRY, complete=True, today=None)
    assert [finding.path for finding in analysis.findings if finding.code == "DF101"] == ["a/Dockerfile", "c/Dockerfile"]
    assert not analysis.all_failures
    assert bool(analysis.results["b/Dockerfile"].problems) == (deed is not cut)


@pytest.mark.parametrize("deed", DEEDS)
def test_between_the_scan_and_the_fix(repository, deed):
    new = FIXABLE.replace("--platform=linux/amd64 ", "").encode()
    changes = {f"{folder}/Dockerfile": (FIXABLE.encode(), new) for folder in "abc"}
    deed(repository / "b/Dockerfile")
    outside = repository.parent / "outside/Dockerfile"
    assert list(write(repository, changes)) == ["b/Dockerfile"]
    assert [(repository / folder / "Dockerfile").read_bytes() for folder in "ac"] == [new, new]
    assert not outside.exists() or outside.read_text() == FIXABLE
    assert not list(repository.rglob(".Dockerfile.*"))


def test_a_pipe_that_takes_the_place_of_a_file_while_it_is_opened(repository, monkeypatch):
    real, file = os.open, repository / "b/Dockerfile"

    def opened(path, *rest):
        if path == str(file):
            become_a_pipe(file)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", opened)
    analysis = analyse(DiskTree(repository), ["b/Dockerfile"], REGISTRY, complete=True, today=None)
    assert analysis.results["b/Dockerfile"].problems == ("not a regular file inside the repository",)


ROOT_GOES = """
import shutil, sys
from pathlib import Path
from armready.commands import cli
from armready.run.session import Session
real = Session.analyse
def analyse(self):
    shutil.rmtree(self.root)
    return real(self)
Session.analyse = analyse
sys.argv[0] = "armready"
cli.main()
"""


@pytest.mark.parametrize("command", ["scan", "fix"])
def test_the_root_goes_during_a_run(repository, run_script, command):
    code, out, err = run_script(ROOT_GOES, command, "--strict", str(repository), cwd=ROOT)
    assert code == 1
    assert not out
    assert "3 files not parsed" in err


@pytest.mark.parametrize("command", ["scan", "fix"])
def test_the_current_folder_goes_during_a_run(repository, run_script, command):
    code, out, err = run_script(ROOT_GOES, command, cwd=repository)
    assert code == 2
    assert not out
    assert err.startswith("armready: ")
    assert err.count("\n") == 1


_DAC_OVERRIDE, _DAC_READ_SEARCH, _PR_CAPBSET_DROP = 1, 2, 24


def _as_anybody() -> None:
    """Give up root's right to read every file; the files that are run stay readable."""
    if os.geteuid() == 0:
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def run_as_anybody(*arguments: str, cwd: Path):
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, preexec_fn=_as_anybody, check=False)


@pytest.fixture
def locked(repository):
    (repository / "b/Dockerfile").chmod(0)
    (repository / "c").chmod(0)
    if run_as_anybody("cat", "b/Dockerfile", cwd=repository).returncode == 0:
        pytest.skip("every file can be read here")
    yield repository
    (repository / "c").chmod(0o755)


def test_files_and_folders_that_may_not_be_read(locked):
    done = run_as_anybody(sys.executable, "-m", "armready", "scan", "--format", "json", "-v", cwd=locked)
    assert done.returncode == 1
    assert [each["path"] for each in json.loads(done.stdout)["findings"]] == ["a/Dockerfile"]
    assert "not read: b/Dockerfile: cannot be read: Permission denied" in done.stderr
    assert "c: Permission denied" in done.stderr
    assert "1 problem of the whole run" in done.stderr
    strict = run_as_anybody(sys.executable, "-m", "armready", "scan", "--strict", "--fail-on", "never", cwd=locked)
    assert strict.returncode == 1


def test_a_folder_in_which_nothing_can_be_made(repository):
    for folder in ("a", ".git"):
        (repository / folder).chmod(0o555)
    script = (
        "import sys; from pathlib import Path; from armready.fixing.fixer import write; print(write(Path(), {'a/Dockerfile': (%r, b'x')}))"
    )
    done = run_as_anybody(sys.executable, "-c", script % FIXABLE.encode(), cwd=repository)
    (repository / "a").chmod(0o755)
    if not done.stdout.startswith("{'a/Dockerfile': 'Permission denied'}"):
        assert os.geteuid() == 0, done.stderr
        pytest.skip("every folder can be written here")
    assert (repository / "a/Dockerfile").read_text() == FIXABLE


def test_a_file_that_goes_while_it_is_fixed(repository, monkeypatch):
    """It went between the last look at it and the writing: it is named, and the others are fixed."""
    paths = ["a/Dockerfile", "b/Dockerfile"]
    analysis = analyse(DiskTree(repository), paths, REGISTRY, complete=True, today=None)
    real = fixer._regression

    def regression(*arguments):
        (repository / "b/Dockerfile").unlink(missing_ok=True)
        return real(*arguments)

    monkeypatch.setattr(fixer, "_regression", regression)
    outcome = fixer.fix(DiskTree(repository), analysis, REGISTRY, allowed=Applicability.SAFE, wanted=lambda _: True, today=None)
    assert list(outcome.changes) == paths
    assert list(write(repository, outcome.changes)) == ["b/Dockerfile"]
    assert "--platform" not in (repository / "a/Dockerfile").read_text()

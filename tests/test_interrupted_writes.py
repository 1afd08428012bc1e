"""A fix that is killed at any step of its writing leaves the old file or the new one, and nothing that git would add."""

import os
import signal
import stat
import subprocess

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and modes")

OLD = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n" + "# x\n" * 20_000
NEW = OLD.replace("--platform=linux/amd64 ", "")

# Each step of the writing, and whether the process ends before it, in the middle of it or behind it.
SCRIPT = """
import os, signal, sys
from armready.commands import cli
from armready.run import writing

step, moment = sys.argv.pop(1).split()

def end():
    os.kill(os.getpid(), signal.SIGKILL)

def ending(real):
    def call(*arguments, **options):
        if step == "open" and ".armready-" not in str(arguments[0]):
            return real(*arguments, **options)
        if moment == "before":
            end()
        result = real(*arguments, **options)
        end()
        return result
    return call

class Half:
    def __init__(self, handle):
        self.handle = handle
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def write(self, data):
        self.handle.write(data[: len(data) // 2])
        self.handle.flush()
        end()

if step == "write":
    writing.open = lambda *arguments: Half(open(*arguments))
else:
    setattr(os, step, ending(getattr(os, step)))
cli.main()
"""
STEPS = [
    ("open before", OLD),
    ("open after", OLD),
    ("write middle", OLD),
    ("fsync before", OLD),
    ("fsync after", OLD),
    ("chown after", OLD),
    ("chmod before", OLD),
    ("chmod after", OLD),
    ("replace before", OLD),
    ("replace after", NEW),
]


@pytest.fixture
def repository(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "Dockerfile").write_text(OLD)
    (tmp_path / "Dockerfile").chmod(0o640)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "a"], check=True)
    return tmp_path


def status(repository):
    return subprocess.run(["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("step", "left"), STEPS)
def test_killed_at_every_step(repository, run, run_script, step, left):
    code, _, _ = run_script(SCRIPT, step, "fix", cwd=repository)
    assert code == -signal.SIGKILL
    assert (repository / "Dockerfile").read_text() == left
    assert status(repository) == ("" if left == OLD else " M Dockerfile\n")
    code, _, err = run("fix", cwd=repository)
    assert (code, (repository / "Dockerfile").read_text()) == (0, NEW), err
    assert stat.S_IMODE((repository / "Dockerfile").stat().st_mode) == 0o640
    assert status(repository) == " M Dockerfile\n"


def test_interrupted_by_the_user(repository, run_script):
    script = "import os, sys\nfrom armready.commands import cli\ndef fsync(number): raise KeyboardInterrupt\nos.fsync = fsync\ncli.main()"
    code, _, _ = run_script(script, "fix", cwd=repository)
    assert code not in (0, 2)
    assert (repository / "Dockerfile").read_text() == OLD
    assert not [*(repository / ".git").glob(".Dockerfile.*"), *repository.glob(".Dockerfile.*")]


@pytest.mark.parametrize("step", ["open", "replace"])
def test_a_git_folder_that_takes_no_file_is_done_without(repository, run_script, step):
    script = (
        "import errno, os, sys\nfrom armready.commands import cli\nstep = sys.argv.pop(1)\nreal = getattr(os, step)\n"
        "def refuse(*arguments, **options):\n"
        "    if '.git/.Dockerfile' in str(arguments[0]): raise OSError(errno.EXDEV, 'Invalid cross-device link')\n"
        "    return real(*arguments, **options)\n"
        "setattr(os, step, refuse)\ncli.main()"
    )
    code, _, err = run_script(script, step, "fix", cwd=repository)
    assert code == 0, err
    assert (repository / "Dockerfile").read_text() == NEW
    assert not [*(repository / ".git").glob(".Dockerfile.*"), *repository.glob(".Dockerfile.*")]

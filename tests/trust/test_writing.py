"""Where armready writes: inside of the root, whatever links say, and without a trace of runs that were killed."""

import os
from pathlib import Path

import pytest

from tests.trust.conftest import FIXABLE, MENDED, git

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links")


@pytest.fixture
def outside(tmp_path_factory):
    return tmp_path_factory.mktemp("outside")


REPORTS = [
    ["scan", "--output", "out/report"],
    ["scan", "--report", "json=out/report", "-q"],
    ["fix", "--output", "out/report"],
    ["baseline", "--output", "out/report"],
    ["facts", "--output", "out/report"],
]


@pytest.mark.parametrize("command", REPORTS)
@pytest.mark.parametrize("link", ["file", "folder"])
def test_no_report_follows_a_link_out_of_the_root(repository, outside, run, command, link):
    if link == "folder":
        (repository / "out").symlink_to(outside)
    else:
        (repository / "out").mkdir()
        (repository / "out" / "report").symlink_to(outside / "report")
    code, _, err = run(*command, cwd=repository)
    assert code == 2
    assert f"out of {repository}" in err
    assert not list(outside.iterdir())
    assert (repository / "Dockerfile").read_text() == FIXABLE


def test_nor_do_files_that_have_their_place(repository, outside, run):
    (repository / ".armready-baseline.json").symlink_to(outside / "baseline")
    assert run("baseline", cwd=repository)[0] == 2
    (repository / "armready.toml").symlink_to(outside / "config")
    assert run("init", cwd=repository)[0] == 2
    (repository / "armready.toml").unlink()
    (repository / ".github").symlink_to(outside)
    assert run("init", cwd=repository)[0] == 2
    assert not list(outside.iterdir())


def test_links_inside_and_names_outside_are_the_users(repository, outside, run):
    (repository / "report").symlink_to(repository / "real")
    assert run("scan", "--output", "report", cwd=repository)[0] == 1
    assert "DF101" in (repository / "real").read_text()
    (outside / "link").symlink_to(outside / "real")
    assert run("scan", "--output", str(outside / "link"), cwd=repository)[0] == 1
    assert "DF101" in (outside / "real").read_text()


def test_other_names_of_a_file_keep_the_old_text_and_it_is_said(repository, outside, run):
    os.link(repository / "Dockerfile", outside / "other")
    code, _, err = run("fix", cwd=repository)
    assert code == 0
    assert "Dockerfile" in err
    assert "hard link" in err
    assert (outside / "other").read_text() == FIXABLE
    assert (repository / "Dockerfile").read_text() == MENDED


@pytest.mark.parametrize("place", ["git", "beside"])
def test_what_a_killed_run_left_is_gone_after_the_next(repository, run_script, run, place):
    if place == "beside":
        (repository / ".git").rename(repository.parent / f"{repository.name}.git")
        (repository / ".git").write_text(f"gitdir: ../{repository.name}.git\n")
    folder = repository / ".git" if place == "git" else repository
    kill = "import os, signal\nfrom armready.commands import cli\nos.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\ncli.main()"
    for _ in range(3):
        run_script(kill, "fix", cwd=repository)
    assert list(folder.glob(".Dockerfile.armready-*"))
    (folder / ".Dockerfile.armready-x").touch()
    (folder / ".Dockerfile.abcdefgh").touch()
    assert run("fix", cwd=repository)[0] == 0
    assert sorted(path.name for path in folder.glob(".Dockerfile.*")) == [".Dockerfile.abcdefgh", ".Dockerfile.armready-x"]


def test_what_a_run_is_writing_is_left_to_it(repository):
    import fcntl

    from armready.fixing.fixer import write

    name = repository / ".git" / ".Dockerfile.armready-abcdefgh"
    with name.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert write(repository, {"Dockerfile": (FIXABLE.encode(), MENDED.encode())}) == {}
        assert name.exists()


ENDS = {
    "Dockerfile": "FROM alpine:3.20\nCMD /app\nFROM --platform=linux/amd64 alpine:3.20",
    "k8s/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: []\n  nodeSelector:\n    kubernetes.io/arch: amd64",
    ".gitlab-ci.yml": "build:\n  script:\n  - docker build -t $CI_REGISTRY_IMAGE .\n  - docker push $CI_REGISTRY_IMAGE",
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_no_final_newline_is_added(tmp_path: Path, run, name, newline):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(ENDS[name].replace("\n", newline).encode())
    git(tmp_path, "init", "-q")
    run("fix", "--unsafe-fixes", cwd=tmp_path)
    assert not path.read_bytes().endswith(b"\n")


KILL = "import os, signal\nfrom armready.commands import cli\nos.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\ncli.main()"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["baseline", "--grow"], ".armready-baseline.json"),
        (["facts", "-o", "f.json"], "f.json"),
        (["scan", "-o", "r"], "r"),
        (["init"], "pyproject.toml"),
    ],
)
def test_a_killed_run_leaves_the_old_file_whole(repository, run_script, run, command, name):
    if command != ["init"]:
        assert run(*command, cwd=repository)[0] in (0, 1)
    else:
        (repository / name).write_text('[project]\nname = "a"\n')
    (repository / name).chmod(0o640)
    before = (repository / name).read_bytes()
    (repository / "Dockerfile").write_text(FIXABLE + FIXABLE.replace("alpine", "debian"))
    run_script(KILL, *command, cwd=repository)
    assert (repository / name).read_bytes() == before
    assert run(*command, cwd=repository)[0] in (0, 1)
    assert (repository / name).read_bytes() != before
    assert (repository / name).stat().st_mode & 0o777 == 0o640
    assert not list(repository.glob(".?*.armready-*"))


def test_a_new_report_has_the_mode_of_new_files(repository, run):
    assert run("scan", "-o", "r", cwd=repository)[0] == 1
    umask = os.umask(0)
    os.umask(umask)
    assert (repository / "r").stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_report_goes_into_a_pipe_or_a_mounted_file_as_it_is(repository, run, run_script):
    os.mkfifo(repository / "pipe")
    reader = os.open(repository / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert run("scan", "-o", "pipe", cwd=repository)[0] == 1
    assert b"DF101" in os.read(reader, 10_000)
    os.close(reader)
    (repository / "mounted").touch()
    busy = (
        "import errno, os\nfrom armready.commands import cli\n"
        "def replace(*_): raise OSError(errno.EBUSY, 'Device or resource busy')\nos.replace = replace\ncli.main()"
    )
    assert run_script(busy, "scan", "-o", "mounted", cwd=repository)[0] == 1
    assert "DF101" in (repository / "mounted").read_text()
    assert not list(repository.glob(".mounted.*"))


def test_a_full_disk_leaves_the_old_report(repository, run_script):
    (repository / "r").write_text("old")
    full = (
        "import errno, os\nfrom armready.commands import cli\n"
        "def fsync(_): raise OSError(errno.ENOSPC, 'No space left on device')\nos.fsync = fsync\ncli.main()"
    )
    code, _, err = run_script(full, "scan", "-o", "r", cwd=repository)
    assert (code, (repository / "r").read_text()) == (2, "old")
    assert err == "armready: r: No space left on device\n"


def test_nothing_is_written_into_git_through_a_link(repository, run):
    hook = repository / ".git" / "hooks" / "post-checkout"
    (repository / ".armready-baseline.json").symlink_to(hook)
    code, _, err = run("baseline", cwd=repository)
    assert (code, hook.exists()) == (2, False)
    assert f"a link leads to {hook}" in err
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(FIXABLE)
    (repository / "Dockerfile").unlink()
    (repository / "Dockerfile").symlink_to(hook)
    run("fix", cwd=repository)
    assert hook.read_text() == FIXABLE


@pytest.mark.parametrize("name", [".pre-commit-config.yaml", ".gitlab-ci.yml", "pyproject.toml", ".github/workflows/a.yml"])
@pytest.mark.parametrize("what", ["pipe", "endless", "outside"])
def test_init_reads_no_pipe_no_device_and_nothing_without_end(repository, outside, run, name, what):
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    elif what == "endless":
        with path.open("wb") as handle:
            handle.truncate(1 << 40)
    else:
        (outside / "file").write_text("armready: 1\n")
        path.symlink_to(outside / "file")
    code, out, err = run("init", cwd=repository)
    assert code in (0, 2), err
    assert "Traceback" not in err
    assert f"kept, since armready is there already: {name}" not in out

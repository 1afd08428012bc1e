"""What a hostile `.git` may not do: have a program started, a host asked, a file written, a run held up."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from armready.core.config import Settings
from armready.core.errors import UsageError
from armready.core.tree import DiskTree
from armready.run import git as git_module
from armready.run.changed import changed_since, uncommitted
from armready.run.discovery import discover
from armready.run.git import Repository
from tests.trust.conftest import FIXABLE, MENDED, git

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts and pipes")

# Whatever asks git anything.
COMMANDS = (["scan"], ["scan", "--changed-since", "HEAD@{0}"], ["fix"])


def promisor(root: Path, trap, protocol: str = "ext") -> None:
    """A tree is missing, and a remote that starts a program promises it; a sparse index needs it to be spread out."""
    git(root, "sparse-checkout", "set", "--cone", "--sparse-index", "keep")
    tree = git(root, "rev-parse", "HEAD:gone")
    (root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    addresses = {"ext": f"ext::{trap.program} ext", "file": f"file://{root}/.git", "ssh": "ssh://localhost/x"}
    settings = {
        "remote.evil.url": addresses[protocol],
        "remote.evil.uploadpack": f"{trap.program} uploadpack",
        "remote.evil.promisor": "true",
        "core.sshCommand": f"{trap.program} ssh",
        "protocol.allow": "always",
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "evil",
    }
    for key, value in settings.items():
        git(root, "config", key, value)


def included(root: Path, trap) -> None:
    """The same, by a file that the configuration includes."""
    promisor(root, trap)
    config = root / ".git" / "config"
    (root / ".git" / "more").write_text(config.read_text())
    config.write_text("[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = evil\n[include]\n\tpath = more\n")


def elsewhere(root: Path, trap) -> None:
    """The same, in a folder to which a file `.git` points."""
    promisor(root, trap)
    (root / ".git").rename(root / "data")
    (root / ".git").write_text("gitdir: data\n")
    git(root, "config", "core.worktree", str(root))


def shared(root: Path, trap) -> None:
    """The same, by way of the folder that `commondir` names."""
    promisor(root, trap)
    common = root / "common"
    (root / ".git").rename(common)
    (root / ".git").mkdir()
    for name in ("HEAD", "index"):
        (root / ".git" / name).write_bytes((common / name).read_bytes())
    (root / ".git" / "commondir").write_text("../common\n")


@pytest.mark.parametrize("protocol", ["ext", "file", "ssh"])
def test_no_transport_is_started_for_objects_that_are_missing(repository, trap, run, protocol):
    promisor(repository, trap, protocol)
    subprocess.run(["git", "ls-files"], cwd=repository, capture_output=True, check=False)
    assert trap.sprung(), "the trap does not work"
    trap.reset()
    for command in COMMANDS:
        code, _, err = run(*command, cwd=repository)
        assert "Traceback" not in err
        assert code in (0, 1, 2)
    assert not trap.sprung()
    assert (repository / "Dockerfile").read_text() == MENDED


@pytest.mark.parametrize("attack", [included, elsewhere, shared])
def test_wherever_the_configuration_lies(repository, trap, run, attack):
    attack(repository, trap)
    subprocess.run(["git", "ls-files"], cwd=repository, capture_output=True, check=False)
    assert trap.sprung(), "the trap does not work"
    trap.reset()
    for command in COMMANDS:
        _, _, err = run(*command, cwd=repository)
        assert "Traceback" not in err
    assert not trap.sprung()


PROGRAMS = (
    "core.fsmonitor",
    "core.pager",
    "pager.ls-tree",
    "pager.cat-file",
    "core.askPass",
    "core.sshCommand",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "core.editor",
    "credential.helper",
    "diff.external",
    "diff.evil.textconv",
    "diff.evil.command",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "merge.evil.driver",
    "gpg.program",
    "uploadpack.packObjectsHook",
)


@pytest.mark.parametrize("place", ["config", "worktree", "submodule"])
def test_no_program_that_the_configuration_names_is_started(repository, trap, run, place, tmp_path_factory):
    root = repository
    (root / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n")
    if place == "worktree":
        root = tmp_path_factory.mktemp("worktrees") / "linked"
        git(repository, "worktree", "add", "-q", str(root))
    if place == "submodule":
        root = repository / "sub"
        git(repository, "clone", "-q", str(repository), "sub")
        (repository / "sub" / ".git").rename(repository / ".git" / "modules")
        (root / ".git").write_text("gitdir: ../.git/modules\n")
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q", "--bare")
    (repository / ".git" / "objects" / "info" / "alternates").write_text(f"{other}/objects\n")
    for key in PROGRAMS:
        git(root, "config", key, f"{trap.program} {key}")
    hooks = root / "hooks"
    hooks.mkdir()
    for hook in ("reference-transaction", "post-index-change", "pre-auto-gc", "post-checkout", "fsmonitor-watchman"):
        (hooks / hook).write_text(trap.program.read_text())
        (hooks / hook).chmod(0o755)
    git(root, "config", "core.hooksPath", str(hooks))
    subprocess.run(["git", "status"], cwd=root, capture_output=True, check=False)
    assert trap.sprung(), "the trap does not work"
    trap.reset()
    (root / "Dockerfile").write_text(FIXABLE + "# more\n")
    for command in COMMANDS:
        code, out, err = run(*command, cwd=root)
        assert code in (0, 1), err
        assert "HEAD" not in command[-1] or "Nothing found" in out + err
    assert not trap.sprung()
    assert (root / "Dockerfile").read_text() == MENDED + "# more\n"


def test_a_program_git_of_the_tree_is_not_started(repository, trap, run):
    for folder in (repository, repository / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "git").symlink_to(trap.program)
    path = os.pathsep.join(["", ".", "bin", str(repository / "bin"), os.environ["PATH"]])
    subprocess.run("git", cwd=repository, env=os.environ | {"PATH": path}, check=False)
    assert trap.sprung(), "the trap does not work"
    trap.reset()
    for command in COMMANDS:
        assert run(*command, cwd=repository, env={"PATH": path})[0] in (0, 1)
    assert not trap.sprung()


def test_neither_a_home_folder_in_the_tree_nor_variables_of_git_count(repository, trap, run):
    (repository / ".config" / "git").mkdir(parents=True)
    text = f"[core]\n\tfsmonitor = {trap.program}\n\tpager = {trap.program}\n"
    (repository / ".config" / "git" / "config").write_text(text)
    (repository / ".gitconfig").write_text(text)
    env = {
        "HOME": str(repository),
        "XDG_CONFIG_HOME": str(repository / ".config"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": str(trap.program),
        "GIT_EXEC_PATH": str(repository),
        "GIT_DIR": str(repository / "nowhere"),
        "GIT_TRACE": str(repository / "trace"),
    }
    for command in COMMANDS:
        assert run(*command, cwd=repository, env=env)[0] in (0, 1)
    assert not trap.sprung()
    assert not (repository / "trace").exists()


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_written_to_the_folder_of_git(repository, run):
    (repository / "Dockerfile").touch()
    before = contents(repository / ".git")
    for command in COMMANDS:
        run(*command, cwd=repository)
    assert contents(repository / ".git") == before


def test_no_folder_of_ours_stays_behind(repository, run, tmp_path):
    for command in COMMANDS:
        run(*command, cwd=repository, env={"TMPDIR": str(tmp_path)})
    assert not list(tmp_path.iterdir())


def test_objects_are_not_what_replacements_say(repository):
    (repository / "Dockerfile").write_text(FIXABLE + "# 1\n")
    new = git(repository, "hash-object", "-w", "Dockerfile")
    git(repository, "replace", git(repository, "rev-parse", "HEAD:Dockerfile"), new)
    data = (repository / "Dockerfile").read_bytes()
    assert uncommitted(repository, {"Dockerfile": data}) == ("Dockerfile",)
    assert git_module.Repository(repository).ask("cat-file", "blob", "HEAD:Dockerfile") == FIXABLE.encode()


@pytest.mark.parametrize("revision", ["HEAD~1", "main~1", "v1", "refs/tags/v1", "@{u}~1", "main@{upstream}~1", "HEAD@{1}", "ORIG_HEAD"])
def test_every_way_to_name_a_commit_still_works(repository, revision, tmp_path_factory):
    git(repository, "tag", "-m", "x", "v1")
    (repository / "Dockerfile").write_text(FIXABLE + "# 1\n")
    git(repository, "commit", "-q", "-a", "-m", "b")
    clone = tmp_path_factory.mktemp("clones") / "c"
    git(repository, "clone", "-q", str(repository), str(clone))
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    git(clone, "reset", "-q", "--hard", "origin/main")
    assert changed_since(revision, clone, DiskTree(clone)).blobs["Dockerfile"] == git(clone, "rev-parse", "v1:Dockerfile")


@pytest.mark.parametrize("form", ["worktree", "sha256", "below the top"])
def test_every_form_of_repository_still_works(repository, form, tmp_path_factory):
    root = repository
    if form == "worktree":
        root = tmp_path_factory.mktemp("worktrees") / "linked"
        git(repository, "worktree", "add", "-q", str(root))
    if form == "sha256":
        root = tmp_path_factory.mktemp("sha256")
        git(root, "init", "-q", "--object-format=sha256")
        (root / "Dockerfile").write_text(FIXABLE)
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "a")
    path = "Dockerfile"
    if form == "below the top":
        root, path = repository / "gone", "file"
    data = (root / path).read_bytes()
    assert uncommitted(root, {path: data}) == ()
    assert uncommitted(root, {path: data + b"x"}) == (path,)
    assert path in changed_since("HEAD", root, DiskTree(root)).blobs


def test_a_tree_without_end_is_given_up(repository, monkeypatch):
    name = git(repository, "hash-object", "-w", "Dockerfile")
    entry = f"100644 blob {name}"
    for _ in range(9):
        listing = "".join(f"{entry}\t{number}\n" for number in range(10))
        entry = f"040000 tree {git(repository, 'mktree', input=listing)}"
    commit = git(repository, "commit-tree", "-m", "x", entry.split()[2])
    git(repository, "update-ref", "refs/heads/main", commit)
    monkeypatch.setattr(git_module, "_MOST_BYTES", 1 << 20)
    with pytest.raises(UsageError, match="more than 1 MB"):
        changed_since("HEAD", repository, DiskTree(repository))
    assert uncommitted(repository, {"Dockerfile": b"x"}) == ("Dockerfile",)


def test_a_git_that_does_not_end_is_ended(repository, monkeypatch):
    monkeypatch.setattr(git_module, "_TIMEOUT", 1)
    tree = git(repository, "rev-parse", "HEAD:")
    held_up(repository, f".git/objects/{tree[:2]}/{tree[2:]}", "pipe")
    with pytest.raises(UsageError, match="longer than 1 seconds"):
        Repository(repository).ask("ls-tree", "HEAD")


def held_up(root: Path, name: str, form: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if form == "pipe":
        os.mkfifo(path)
    elif form == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 64 << 30)


@pytest.mark.parametrize("form", ["pipe", "device"])
def test_pipes_and_devices_in_the_folder_of_git_hold_up_nothing(repository, run, form):
    for name in (
        "config",
        "index",
        "packed-refs",
        "refs/heads/x",
        "commondir",
        "shallow",
        "FETCH_HEAD",
        "refs/remotes/origin/HEAD",
        "HEAD",
    ):
        held_up(repository / ".git", name, form)
        code, _, err = run("fix", "--changed-since", "HEAD@{0}", cwd=repository)
        assert code in (0, 1, 2)
        assert "Traceback" not in err
    assert run("init", cwd=repository)[0] == 0


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (".gitignore", "device"),
        ("keep/.gitignore", "pipe"),
        ("keep/.gitignore", "huge"),
        ("a/b/.ignore", "device"),
        (".git/info/exclude", "pipe"),
        ("a/.git/info/exclude", "device"),
    ],
)
def test_patterns_that_cannot_be_read_ignore_nothing_and_say_so(repository, run, name, form):
    (repository / ".gitignore").write_text("Dockerfile.x\n")
    (repository / "Dockerfile.x").write_text(FIXABLE)
    held_up(repository, name, form)
    code, out, err = run("scan", cwd=repository)
    assert code == 1
    assert "Dockerfile.x" in out
    assert f"{name}: not a regular file" in err


@pytest.mark.parametrize("held", ["commondir", "info/exclude"])
def test_patterns_to_which_a_file_git_points(repository, run, held):
    (repository / "a").mkdir()
    (repository / "a" / ".git").write_text("gitdir: b\n")
    held_up(repository, f"b/{held}", "pipe")
    code, _, err = run("scan", cwd=repository)
    assert code == 1
    assert "not a regular file" in err


def test_patterns_above_the_folder_that_is_scanned(repository, run):
    held_up(repository, ".gitignore", "pipe")
    code, _, err = run("scan", "keep", cwd=repository)
    assert (code, "not a regular file" in err) == (0, True)


def test_an_index_does_not_name_what_lies_outside(repository, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "Dockerfile").write_text(FIXABLE)
    index = (repository / ".git" / "index").read_bytes()
    (repository / ".git" / "index").write_bytes(index.replace(b"keep/file", b"../x/file"))
    (repository.parent / "x").mkdir(exist_ok=True)
    (repository.parent / "x" / "file").write_text(FIXABLE)
    assert git_module.tracked(repository) == ["Dockerfile", "gone/file"]
    assert set(discover([repository], repository, Settings()).paths) == {"Dockerfile", "gone/file", "keep/file"}


def test_one_module_starts_git():
    package = Path(git_module.__file__).parent.parent
    starting = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if re.search(r"(?m)^\s*import subprocess", path.read_text())
    }
    assert starting == {
        Path(git_module.__file__).relative_to(package).as_posix(),
        "online/auth.py",
        "online/closure.py",
        "fleet/worker.py",
        "verify/engine.py",
    }

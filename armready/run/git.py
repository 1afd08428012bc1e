"""Ask git, and read what lies in `.git`, without letting the repository decide anything. No other module starts git.

What stands in a file of known form is read here: where the repository begins, which files are tracked. git itself is started only for what
needs its objects, and then it never sees the folder of the repository: it is given a folder of our own, with a configuration that we wrote,
copies of the references, and the repository's objects to read from. So nothing counts of what a repository can configure: remotes and their
transports, includes, hooks, monitors, filters, external programs, another work tree. `_ENVIRONMENT` and `_ARGUMENTS` switch the same things
off once more.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Timer
from time import monotonic
from typing import IO, cast

from armready.core.errors import ParseProblem, UsageError
from armready.core.startup import dataclass
from armready.run.programs import environment, program

# For every call; what the user has set with GIT_ in front is left out.
_ENVIRONMENT = {
    # No connection, and no program that stands for one: objects that are missing stay missing.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    # Of configuration, only ours: not that of the system, not that of a home folder that may lie in the tree.
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    # An object is what its name says, not what refs/replace says.
    "GIT_NO_REPLACE_OBJECTS": "1",
    # Nothing is written.
    "GIT_OPTIONAL_LOCKS": "0",
    # Nobody is asked for a password, by no program.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    # No program shows the output.
    "GIT_PAGER": "cat",
    # Messages in one language.
    "LC_ALL": "C",
}
_ARGUMENTS = (
    "--no-pager",
    "--literal-pathspecs",
    # Programs that a configuration can name.
    *("-c", "core.hooksPath=" + os.devnull),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.pager=cat"),
    *("-c", "core.askPass="),
    *("-c", "core.sshCommand=false"),
    *("-c", "core.alternateRefsCommand=false"),
    *("-c", "credential.helper="),
    *("-c", "diff.external="),
    # No transport, whatever the version of git knows of GIT_ALLOW_PROTOCOL.
    *("-c", "protocol.allow=never"),
    # A large object is passed through, not held in memory.
    *("-c", "core.bigFileThreshold=16m"),
)

_TIMEOUT = 120
# Above this git's answer is not taken: a few objects can describe a tree that has no end.
_MOST_BYTES = 256 << 20
# Files of `.git` are read up to this size, the index up to `_MOST_BYTES`.
_SMALL = 64 << 10
_LARGE = 16 << 20
_OBJECT_FORMAT = re.compile(rb"^[ \t]*objectformat[ \t]*=[ \t]*sha256[ \t\r]*$", re.IGNORECASE | re.MULTILINE)
# What `main@{upstream}` needs: names of branches, nothing that is run or asked.
_UPSTREAMS = r"^(branch\..*\.(remote|merge)|remote\..*\.fetch)$"


@dataclass(frozen=True, slots=True)
class GitFolder:
    """Where the data of a repository lies.

    Attributes:
        top: the folder that holds `.git`.
        own: what belongs to this work tree: HEAD, the index.
        common: what all work trees share: references, objects, configuration.
    """

    top: Path
    own: Path
    common: Path

    @property
    def sha256(self) -> bool:
        """Whether objects are named by SHA-256."""
        return bool(_OBJECT_FORMAT.search(read(self.common / "config", _LARGE) or b""))


def read(path: Path, limit: int = _SMALL) -> bytes | None:
    """A regular file of at most `limit` bytes; None when there is none. Pipes and devices are not opened."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb", buffering=0) as handle:
            status = os.fstat(descriptor)
            return handle.readall() if stat.S_ISREG(status.st_mode) and status.st_size <= limit else None
    except (OSError, ValueError):
        return None


def git_folder(root: Path) -> GitFolder | None:
    """The data of the repository that `root` is in, if it is in one."""
    return next((found for each in (root, *root.parents) if (found := folder_of(each))), None)


def folder_of(top: Path) -> GitFolder | None:
    """The data of the repository whose top is this folder; `.git` may be a file that says where they are."""
    own = top / ".git"
    line = read(own)
    if line is not None:
        if not line.startswith(b"gitdir:"):
            return None
        own = top / os.fsdecode(line[7:].strip(b" \r\n"))
    common = read(own / "commondir")
    shared = own if common is None else own / os.fsdecode(common.strip(b" \r\n"))
    if not (shared / "objects").is_dir() or read(own / "HEAD") is None:
        return None
    return GitFolder(top, own, shared)


def pattern_files(top: Path) -> list[Path]:
    """What a walker that heeds `info/exclude` may open in `.git`, or where a file `.git` points from here or from the current folder."""
    line = read(top / ".git")
    if line is None:
        return [top / ".git" / "info" / "exclude"]
    found = []
    own = os.fsdecode(line.partition(b"\n")[0].partition(b":")[2].strip())
    for place in (Path(own), top / own):
        found.append(place / "commondir")
        shared = os.fsdecode((read(place / "commondir") or b"").partition(b"\n")[0])
        found += [Path(shared, "info", "exclude"), place / shared / "info" / "exclude"]
    return found


def tracked(root: Path) -> list[str]:
    """The files that git tracks in the repository whose top is `root`, as its index has them; none when it cannot be read."""
    folder = folder_of(root)
    index = read(folder.own / "index", _MOST_BYTES) if folder else None
    if folder is None or index is None:
        return []
    from armready.run.git_index import names_in

    def shared(name: str) -> bytes:
        return read(folder.own / f"sharedindex.{name}", _MOST_BYTES) or b""

    try:
        names = names_in(index, 32 if folder.sha256 else 20, shared)
    except ParseProblem:
        return []
    return [os.fsdecode(name) for name in names if {b"", b".", b".."}.isdisjoint(name.split(b"/"))]


def bare_folder(path: Path) -> GitFolder | None:
    """The data of a bare repository, which are the folder itself."""
    if not (path / "objects").is_dir() or not (path / "refs").is_dir() or read(path / "HEAD") is None:
        return None
    return GitFolder(path, path, path)


def head_commit(folder: GitFolder) -> str:
    """The commit that is checked out, as the files of references have it; empty where there is none."""
    name = (read(folder.own / "HEAD") or b"").strip()
    for _ in range(5):
        if not name.startswith(b"ref:"):
            break
        name = name[4:].strip()
        parts = name.split(b"/")
        if {b"", b".", b".."} & set(parts) or parts[0] != b"refs":
            return ""
        loose = next((data for each in (folder.own, folder.common) if (data := read(each / os.fsdecode(name)))), None)
        name = loose.strip() if loose else _packed(folder, name)
    return name.decode("ascii", "replace") if re.fullmatch(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?", name) else ""


def _packed(folder: GitFolder, name: bytes) -> bytes:
    """A reference of the file that holds those which no file of their own holds."""
    lines = (line.split(b" ") for line in (read(folder.common / "packed-refs", _MOST_BYTES) or b"").splitlines())
    return next((line[0] for line in lines if len(line) == 2 and line[1] == name), b"")


# How a repository is fetched that the user names: by the user's git and configuration, credentials included. Transports that run a program
# of the address's choice are never among the allowed ones, nothing is checked out, no hook of a template is copied.
_CLONE_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_PAGER": "cat", "LC_ALL": "C"}
_CLONE = (
    "--no-pager",
    *("-c", "core.hooksPath=" + os.devnull),
    *("-c", "core.fsmonitor=false"),
    *("-c", "protocol.allow=never"),
    *(option for name in ("https", "ssh", "file") for option in ("-c", f"protocol.{name}.allow=always")),
    "clone",
    *("--bare", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--template="),
)


def clone(url: str, target: Path, seconds: float) -> None:
    """Fetch the last commit of a repository, without its history, into a bare one.

    Args:
        url: https, ssh or a folder; nothing else is spoken.
        target: a folder that does not exist.
        seconds: how long it may take.

    Raises:
        UsageError: there is no git, or it fails or takes too long.
    """
    path = program("git", None)
    if path is None:
        raise UsageError("git is needed for this, and is not installed")
    own = environment(None) | _CLONE_ENVIRONMENT
    with TemporaryFile() as errors:
        command = [path, *_CLONE, "--", url, str(target)]
        process = subprocess.Popen(command, env=own, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise UsageError(f"git clone took longer than {seconds:.0f} seconds") from None
        finally:
            _end_group(process)
        errors.seek(0)
        lines = errors.read(_SMALL).decode("utf-8", "replace").strip().splitlines()
    if code:
        raise UsageError(f"git clone: {next((line for line in lines if line.startswith('fatal:')), 'failed')}")


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a group of its own, with what it has started."""
    if process.poll() is None:
        with suppress(OSError, AttributeError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()


class Repository:
    """The objects and references of a repository, to be asked for by git's own names."""

    def __init__(self, root: Path, *, shorthand: bool = False, bare: bool = False) -> None:
        """Find the repository that `root` is in.

        Args:
            root: a folder.
            shorthand: names of commits such as `@{upstream}` and `main@{yesterday}` will be asked for.
            bare: `root` is a bare repository itself.

        Raises:
            UsageError: there is no git, or no repository.
        """
        found = bare_folder(root) if bare else git_folder(root)
        if found is None:
            raise UsageError(f"{root}: not a git repository")
        self._folder = found
        path = program("git", found.top)
        if path is None:
            raise UsageError("git is needed for this, and is not installed")
        self._program = path
        prefix = root.relative_to(found.top).as_posix()
        # The folder of `root` in a commit, as git writes it.
        self.prefix = "" if prefix == "." else prefix
        self._shorthand = shorthand
        self._environment = {key: value for key, value in environment(found.top).items() if not key.startswith("GIT_")}
        self._private: TemporaryDirectory[str] | None = None

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git answers.

        Args:
            arguments: of git.
            stdin: what it reads.

        Raises:
            UsageError: git fails, takes too long, or says more than anybody has use for.
        """
        done, output, problem = self._run(arguments, stdin)
        if done != 0:
            raise UsageError(f"git {arguments[0]}: {problem or 'failed'}")
        return output

    def _run(self, arguments: Sequence[str], stdin: bytes = b"") -> tuple[int, bytes, str]:
        private = self._private_folder()
        own = self._environment | _ENVIRONMENT | {"GIT_DIR": private, "GIT_OBJECT_DIRECTORY": str(self._folder.common / "objects")}
        with TemporaryFile() as errors, TemporaryFile() as lines_in:
            lines_in.write(stdin)
            lines_in.seek(0)
            process = subprocess.Popen(
                [self._program, *_ARGUMENTS, *arguments],
                cwd=private,
                env=own,
                stdin=lines_in,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            output = _output(process, arguments[0])
            errors.seek(0)
            lines = errors.read(_SMALL).decode("utf-8", "replace").strip().splitlines()
        return process.returncode, output, next((line for line in lines if not line.startswith("warning:")), "")

    def _private_folder(self) -> str:
        """A git folder with the references of the repository and nothing else of it."""
        if self._private is None:
            try:
                self._private = TemporaryDirectory(prefix="armready-git-", ignore_cleanup_errors=True)
                self._fill(Path(self._private.name))
            except OSError as error:
                raise UsageError(f"no folder for git's temporary files: {error.strerror}") from error
        return self._private.name

    def _fill(self, private: Path) -> None:
        sha256 = self._folder.sha256
        extension = (
            "\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n" if sha256 else "\trepositoryformatversion = 0\n"
        )
        (private / "config").write_text(f"[core]\n\tbare = true\n{extension}", encoding="utf-8")
        (private / "refs").mkdir()
        for name in ("packed-refs", "shallow"):
            _copy(self._folder.common / name, private / name, _MOST_BYTES)
        for name in _names_of_heads(self._folder.own):
            _copy(self._folder.own / name, private / name)
        _copy_tree(self._folder.common / "refs", private / "refs")
        if self._shorthand:
            _copy_tree(self._folder.common / "logs", private / "logs")
            _copy(self._folder.own / "logs" / "HEAD", private / "logs" / "HEAD", _LARGE)
            self._copy_upstreams(private)

    def _copy_upstreams(self, private: Path) -> None:
        """Write down which branch follows which."""
        own = read(self._folder.common / "config", _LARGE)
        if own is None:
            return
        (private / "foreign").write_bytes(own)
        _, output, _ = self._run(("config", "--file", str(private / "foreign"), "--no-includes", "--null", "--get-regexp", _UPSTREAMS))
        lines = []
        for pair in output.decode("utf-8", "surrogateescape").split("\0"):
            key, separator, value = pair.partition("\n")
            section, _, rest = key.partition(".")
            name, _, variable = rest.rpartition(".")
            if separator:
                lines.append(f"[{section} {_quoted(name)}]\n\t{variable} = {_quoted(value)}\n")
        with (private / "config").open("ab") as handle:
            handle.write("".join(lines).encode("utf-8", "surrogateescape"))


def _quoted(text: str) -> str:
    """A name or a value in a configuration file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _names_of_heads(folder: Path) -> Iterator[str]:
    """HEAD, FETCH_HEAD and the like."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    yield from (name for name in names if name == "HEAD" or (name.endswith("_HEAD") and name.isupper()))


def _copy(source: Path, target: Path, limit: int = _SMALL) -> None:
    data = read(source, limit)
    if data is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _copy_tree(source: Path, target: Path) -> None:
    for folder, _, names in os.walk(source):
        for name in names:
            path = Path(folder, name)
            _copy(path, target / path.relative_to(source), _LARGE)


def _output(process: subprocess.Popen[bytes], command: str) -> bytes:
    """What a process writes until it ends.

    Raises:
        UsageError: it is too much, or takes too long; the process is ended then.
    """
    late = Timer(_TIMEOUT, process.kill)
    late.start()
    begin = monotonic()
    try:
        with cast("IO[bytes]", process.stdout) as stream:
            output = stream.read(_MOST_BYTES + 1)
        if len(output) <= _MOST_BYTES:
            process.wait()
    finally:
        late.cancel()
        process.kill()
        process.wait()
    if len(output) > _MOST_BYTES:
        raise UsageError(f"git {command} answers more than {_MOST_BYTES >> 20} MB")
    if monotonic() - begin >= _TIMEOUT:
        raise UsageError(f"git {command} took longer than {_TIMEOUT} seconds")
    return output

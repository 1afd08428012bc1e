"""`armready init`: a commented configuration, a pre-commit entry, and a gate for the CI that the repository uses.

Nothing is overwritten. A file that is there is only added to where the result is proven to be the old one with an entry more; else the
entry is printed, to be put there by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from armready.core.bounded import MAX_CONFIG, read_bounded
from armready.core.config import CONFIG_FILE, PYPROJECT, Settings, read_table
from armready.core.distribution import PACKAGE, RAW, REPOSITORY, TAG
from armready.core.errors import ConfigError, ParseProblem, UsageError
from armready.core.source import Source
from armready.core.startup import dataclass
from armready.run import git
from armready.run.writing import check_place, write_file

if TYPE_CHECKING:
    from armready.core.file import File
    from armready.core.fix import Edit
    from armready.languages.yaml.edit import Value
    from armready.languages.yaml.nodes import Node

_CONFIG = """\
# How armready looks at this repository; `armready config` shows what is in effect. Every key has its default.

# The Kubernetes service that the manifests run on: eks, gke, aks, ack or other.
# platform = "other"

# mixed: amd64 and arm64 side by side; arm64: only arm64; audit: only report what is tied to amd64.
# target = "mixed"

# What fails a run: error, warning, info or never.
# fail-on = "error"

# How fixed pipelines build arm64: emulate (QEMU in one job) or native (arm runners).
# ci-mode = "emulate"

# Globs to leave out.
# exclude = ["third_party/"]

# Rules to leave out, everywhere or by glob.
# ignore = []
# per-file-ignores = { "legacy/**" = ["DF101"] }

# What is known of images of your own registry; a decision to stay on amd64 needs a reason.
# images = { "registry.example.com/base/*" = ["amd64", "arm64"] }

# Runner tags or labels of your own machines.
# runners = { "build-arm" = "arm64" }
"""

_WORKFLOW = f"""\
name: armready

on:
  push:
    branches: [$default-branch]
  pull_request:

permissions: {{}}

jobs:
  armready:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      security-events: write
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: armready/armready@{TAG}
"""

_JENKINS = f"""\
stage('armready') {{
  agent {{ docker {{ image 'python:3.13-slim' }} }}
  steps {{
    sh '''
      python -I -m venv "$WORKSPACE_TMP/armready"
      "$WORKSPACE_TMP/armready/bin/pip" install --quiet {PACKAGE}
      "$WORKSPACE_TMP/armready/bin/armready" scan --report sarif=armready.sarif
    '''
  }}
  post {{
    always {{ recordIssues tool: sarif(pattern: 'armready.sarif') }}
  }}
}}
"""

_OTHER = f"""\
pip install {PACKAGE}
armready scan
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that init does, or leaves to the user.

    Attributes:
        path: the file, relative to the root.
        action: `write` a new file, `add` to one that is there, `keep` it as it is, or `show` what to put there by hand.
        text: the content of a new file, the whole new content, or what to put there.
        old: what the file held, for `add`.
    """

    path: str
    action: str
    text: str = ""
    old: bytes = b""


def plan(root: Path) -> list[Step]:
    """What `init` would do in a repository."""
    return [_config(root), _pre_commit(root), *_gates(root)]


def carry_out(root: Path, steps: list[Step]) -> None:
    """Write what the plan says. New files only where there is none; others only if they are still what they were.

    Raises:
        UsageError: a file cannot be written, or has changed meanwhile.
    """
    for step in steps:
        path = root / step.path
        if step.action in ("write", "add"):
            check_place(path, root)
        try:
            if step.action == "write":
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as handle:
                    handle.write(step.text.encode())
            elif step.action == "add":
                if _read(root, step.path) != step.old:
                    raise UsageError(f"{step.path}: changed meanwhile")
                write_file(path, step.text.encode(), root)
        except ParseProblem as problem:
            raise UsageError(f"{step.path}: {problem}") from problem
        except OSError as error:
            raise UsageError(f"{step.path}: {error.strerror}") from error


def _config(root: Path) -> Step:
    project = root / PYPROJECT
    if (root / CONFIG_FILE).exists():
        return Step(CONFIG_FILE, "keep")
    if not project.is_file() or project.is_symlink():
        return Step(CONFIG_FILE, "write", _CONFIG)
    try:
        if read_table(project, root) is not None:
            return Step(PYPROJECT, "keep")
    except ConfigError:
        return Step(CONFIG_FILE, "write", _CONFIG)
    old = _read(root, PYPROJECT)
    newline = "\r\n" if b"\r\n" in old else "\n"
    table = f"\n[tool.armready]\n{_CONFIG}".replace("\n", newline)
    text = old.decode("utf-8")
    return Step(PYPROJECT, "add", f"{text}{'' if text.endswith(newline) or not text else newline}{table}", old)


def _pre_commit(root: Path) -> Step:
    path = ".pre-commit-config.yaml"
    entry: Value = {"repo": REPOSITORY, "rev": TAG, "hooks": [{"id": "armready"}]}
    shown = f"  - repo: {REPOSITORY}\n    rev: {TAG}\n    hooks:\n      - id: armready\n"
    hint = "        # pre-commit hides what a hook that passes prints; `verbose: true` here shows warnings\n"
    if not (root / path).exists():
        return Step(path, "write", f"repos:\n{shown}{hint}")

    def add(file: File, document: Node) -> Iterator[Edit | None]:
        from armready.languages.yaml.edit import append_pairs_item
        from armready.languages.yaml.nodes import get

        repos = get(document, "repos")
        yield None if repos is None else append_pairs_item(file, repos, entry)

    return _added(root, path, add, shown)


def _gates(root: Path) -> Iterator[Step]:
    found = False
    if (root / ".github").is_dir():
        found = True
        yield _workflow(root)
    if (root / ".gitlab-ci.yml").is_file():
        found = True
        yield _gitlab(root)
    if (root / "Jenkinsfile").is_file():
        found = True
        yield Step("Jenkinsfile", "show", _JENKINS)
    if not found:
        yield Step("the pipeline of your CI", "show", _OTHER)


def _workflow(root: Path) -> Step:
    folder = root / ".github" / "workflows"
    if folder.is_dir() and any(_names_armready(root, each) for each in sorted(folder.glob("*.y*ml"))):
        return Step(".github/workflows", "keep")
    return Step(".github/workflows/armready.yml", "write", _WORKFLOW.replace("$default-branch", _default_branch(root)))


def _names_armready(root: Path, workflow: Path) -> bool:
    try:
        return b"armready" in _read(root, workflow.relative_to(root).as_posix())
    except ParseProblem:
        return False


def _read(root: Path, path: str) -> bytes:
    """The bytes of a small file of the repository.

    Raises:
        ParseProblem: it is none.
    """
    return read_bounded(root / path, MAX_CONFIG, root=root)


def _default_branch(root: Path) -> str:
    """The branch that the remote's HEAD names, else the one that is checked out, else main."""
    folder = git.folder_of(root)
    if folder is None:
        return "main"
    heads = ((folder.common / "refs/remotes/origin/HEAD", "ref: refs/remotes/origin/"), (folder.own / "HEAD", "ref: refs/heads/"))
    for path, prefix in heads:
        content = (git.read(path) or b"").decode("utf-8", "replace").strip()
        branch = content.removeprefix(prefix)
        if branch != content and branch.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum():
            return branch
    return "main"


def _gitlab(root: Path) -> Step:
    path = ".gitlab-ci.yml"
    remote = {"remote": f"{RAW}/templates/gitlab-ci.yml"}
    shown = f"include:\n  - remote: {remote['remote']}\n"

    def add(file: File, document: Node) -> Iterator[Edit | None]:
        from armready.languages.yaml.edit import append_pairs_item, insert_pair
        from armready.languages.yaml.nodes import get, strings

        include = get(document, "include")
        yield insert_pair(file, document, "include", [remote]) if include is None else append_pairs_item(file, include, remote)
        stages = get(document, "stages")
        names = [] if stages is None else list(strings(stages))
        if names and "test" not in names:
            yield insert_pair(file, document, "armready", {"stage": names[0]})

    return _added(root, path, add, shown)


def _added(root: Path, path: str, add: Callable[[File, Node], Iterator[Edit | None]], shown: str) -> Step:
    """Add to a YAML file, if the result parses and differs by the addition only."""
    from armready.core.classify import Kind
    from armready.core.file import File
    from armready.core.fix import apply_edits
    from armready.fixing.proof import problem_with
    from armready.languages.yaml.nodes import parse_yaml

    full = root / path
    try:
        old = _read(root, path)
        if b"armready" in old:
            return Step(path, "keep")
        source = Source.decode(path, old)
        file = File(source, Kind.YAML, Settings())
        wanted = list(add(file, file.parse(parse_yaml)[0]))
        edits = [edit for edit in wanted if edit is not None]
        if full.is_symlink() or len(edits) < len(wanted):
            return Step(path, "show", shown)
        text = apply_edits(source.text, edits)
        if problem_with(file, File(Source(path, text), Kind.YAML, Settings()), edits):
            return Step(path, "show", shown)
        return Step(path, "add", source.encode(text).decode("utf-8"), old)
    except (OSError, ParseProblem, IndexError, UnicodeDecodeError):
        return Step(path, "show", shown)

"""Input that was made to hurt: every run ends soon, says what it did not read, and follows nothing out of the root."""

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.limits import MAX_LINES, MAX_MARKS
from armready.core.results import Failure
from armready.core.tree import DiskTree, MemoryTree
from armready.fixing.fixer import write
from armready.run import first_pass, parallel
from armready.run.cache import Cache
from armready.run.passes import analyse
from armready.run.registry import Registry
from armready.testing import analyse_files

REGISTRY = Registry(Settings())
POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {kubernetes.io/arch: amd64}\n"
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: docker push x\n"
ALIASES = "a: &a [x]\n" + "".join(f"{chr(98 + at)}: &{chr(98 + at)} [{','.join(['*' + chr(97 + at)] * 9)}]\n" for at in range(20))
LEVELS = 400_000

FIXABLE = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n"

CASES = {
    "k8s/aliases.yaml": POD + ALIASES,
    ".github/workflows/aliases.yml": WORKFLOW + ALIASES,
    ".gitlab-ci.yml": "a: &a\n  script: [docker push x]\n"
    + "".join(f"b{at}: &b{at}\n  <<: [{','.join(['*b' + str(at - 1) if at else '*a'] * 9)}]\n" for at in range(15)),
    "k8s/brackets.yaml": POD + "x: " + "[" * LEVELS,
    "k8s/braces.yaml": POD + "x: " + "{a: " * LEVELS,
    "k8s/dashes.yaml": POD + "x: " + "- " * LEVELS,
    "k8s/indents.yaml": POD + "x:\n" + "".join(" " * level + "- \n" for level in range(1, 2_000)),
    "docker-bake.hcl": 'target "a" { x = ' + "[" * LEVELS,
    "Dockerfile.nested": "FROM amd64/debian\nRUN echo " + "$(" * LEVELS,
    "Dockerfile.long": "FROM amd64/debian\nRUN curl -O https://x/amd64 " + "a" * 2_000_000,
    "Dockerfile.many": "FROM amd64/debian\n" + "RUN x\n" * 60_000,
    "Dockerfile.doubling": "FROM amd64/debian\nARG A0=amd64\n"
    + "".join(f"ARG A{at}=${{A{at - 1}}}${{A{at - 1}}}\n" for at in range(1, 60)),
    "setup.py": "x = 'x86_64'\ny = " + "(" * LEVELS,
    "minus.py": "x = 'x86_64'\ny = " + "-" * LEVELS + "1",
    "pyproject.toml": "x = " + "[" * LEVELS,
    "uv.lock": "x = " + "[" * LEVELS,
    "Pipfile.lock": "[" * LEVELS,
    "requirements.txt": "numpy==1.16.0 ; " + "(" * LEVELS + "platform_machine",
    "dev/requirements.txt": "numpy==1.16.0 ; " + "(" * 900 + "platform_machine == 'x86_64'" + ")" * 900,
    "deep/requirements.txt": "-r requirements.txt\n" * 50_000,
    "k8s/documents.yaml": POD + "---\n" * 100_000,
    "k8s/escapes.yaml": POD + 'x: "' + "\\n" * 500_000 + '"\n',
    "k8s/tabs.yaml": POD + "x: " + "\t" * 1_000_000,
    "k8s/comments.yaml": POD + "# armready: ignore[KUB101] x\n" * 50_000,
    "chart/templates/a.yaml": POD + "{{- if x }}\n" * 20_000,
    "cloudbuild.yaml": "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [" + "'build'," * 400_000 + "]\n",
    "docker-compose.yml": "services:\n  a:\n    platform: linux/amd64\n" * 50_000,
    "setup.cfg": "[options]\ninstall_requires =\n" + "    numpy==1.16.0\n" * 5_000,
    "Dockerfile.heredocs": "FROM amd64/debian\nRUN " + "<<A " * 90_000,
    "Earthfile": "VERSION 0.8\n" + "a:\n  FROM amd64/debian\n" * 100_000,
    "justfile": "a:\n  docker push x\n" * 200_000,
    "tabs.sh": "docker push x" + "\t" * 1_000_000,
}


@pytest.mark.parametrize("path", CASES)
def test_a_hostile_file_is_read_or_refused(path):
    tree = MemoryTree({path: CASES[path].encode(), "Dockerfile": FIXABLE.encode()})
    analysis = analyse(tree, sorted(tree.files), REGISTRY, complete=True, today=None)
    assert not analysis.all_failures
    assert not analysis.problems
    assert [finding.code for finding in analysis.findings if finding.path == "Dockerfile"] == ["DF101"]


@pytest.fixture
def repository(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text(FIXABLE)
    return tmp_path


def codes(output: str):
    return [(each["path"], each["code"]) for each in json.loads(output)["findings"]]


def test_links_pipes_and_names_that_lead_astray(repository, run, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "Dockerfile").write_text("FROM amd64/secret\n")
    (repository / "loop").symlink_to(repository)
    (repository / "self").symlink_to("self")
    (repository / "Dockerfile.out").symlink_to(outside / "Dockerfile")
    os.mkfifo(repository / "Dockerfile.pipe")
    (repository / "Dockerfile.null").symlink_to("/dev/zero")
    name = "a\n\x1b[31mb"
    (repository / name).mkdir()
    (repository / name / "Dockerfile").write_text(FIXABLE)
    for output_format in ("text", "concise", "json", "github", "sarif", "gitlab", "junit", "markdown", "html"):
        code, out, err = run("scan", "--format", output_format, "--color", "never", cwd=repository)
        assert code == 1
        assert "secret" not in out
        assert "\x1b" not in out + err
    _, out, _ = run("scan", "--format", "json", cwd=repository)
    assert len(codes(out)) == 2


def test_a_file_that_is_gone_or_changed_costs_nothing_else(repository):
    tree = DiskTree(repository)
    (repository / "Dockerfile.gone").symlink_to("nothing")
    analysis = analyse(tree, ["Dockerfile", "Dockerfile.gone"], REGISTRY, complete=True, today=None)
    assert [finding.path for finding in analysis.findings] == ["Dockerfile"]
    assert analysis.results["Dockerfile.gone"].problems


def test_a_file_that_changed_since_the_scan_is_not_written(repository):
    failed = write(repository, {"Dockerfile": (b"FROM scratch\n", b"FROM new\n")})
    assert "changed" in failed["Dockerfile"]
    assert (repository / "Dockerfile").read_text() == FIXABLE


def test_a_read_only_file_is_named_and_kept(repository, run):
    (repository / "Dockerfile").chmod(0o444)
    code, out, err = run("fix", cwd=repository)
    assert code == 1
    assert "Dockerfile: not written: it is read-only" in err
    assert "DF101" in out
    assert "Applied" not in out
    assert (repository / "Dockerfile").read_text() == FIXABLE


BIG = {f"d{number}/Dockerfile": FIXABLE + "# x\n" * 20_000 for number in range(12)}


def is_whole(text: str, old: str) -> bool:
    return text in (old, old.replace("--platform=linux/amd64 ", ""))


def test_a_fix_that_is_killed_leaves_old_files_or_new_ones(repository):
    """Killed at many moments of writing; no file is ever torn."""
    for path, text in BIG.items():
        (repository / path).parent.mkdir()
        (repository / path).write_text(text)
    writer = (
        "import sys; from pathlib import Path; from armready.fixing.fixer import write; root = Path(sys.argv[1]);"
        "files = {str(p.relative_to(root)): p.read_bytes() for p in root.glob('d*/Dockerfile')};"
        "print('ready', flush=True);"
        "[write(root, {n: (p.read_bytes(), d)}) for _ in range(1000) for n, o in files.items() for p in [root / n]"
        " for d in [o.replace(b'--platform=linux/amd64 ', b'') if b'--platform' in p.read_bytes() else o]]"
    )
    for moment in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", writer, str(repository)], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.004 * moment)
            process.send_signal(signal.SIGKILL)
        for path, text in BIG.items():
            assert is_whole((repository / path).read_text(), text)
            (repository / path).write_text(text)


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(repository):
    text = FIXABLE + "# x\n" * 20_000
    (repository / "Dockerfile").write_text(text)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, before[1]))
        failed = write(repository, {"Dockerfile": (text.encode(), text.replace("amd64", "arm64").encode())})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert "Dockerfile" in failed
    assert (repository / "Dockerfile").read_text() == text
    assert sorted(each.name for each in repository.iterdir()) == [".git", "Dockerfile"]


def test_a_fix_on_uncommitted_changes_says_so(tmp_path, run):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "Dockerfile").write_text(FIXABLE)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "a"], check=True)
    assert "not committed" not in run("fix", cwd=tmp_path)[2]
    (tmp_path / "Dockerfile").write_text(FIXABLE + "# mine\n")
    assert "Dockerfile had changes that are not committed" in run("fix", cwd=tmp_path)[2]


def test_the_same_bytes_whatever_the_circumstances(tmp_path, run):
    (tmp_path / ".git").mkdir()
    for number in range(260):
        folder = tmp_path / f"s{number}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(FIXABLE + (f"# é {number}\n" * 800 if number % 2 else ""))
    folders = [f"s{number}" for number in range(260)]
    arguments = ("scan", "--format", "json", "--exit-zero")
    _, alone, _ = run(*arguments, "--jobs", "1", "--no-cache", cwd=tmp_path)
    same = {
        "jobs": run(*arguments, "--jobs", "2", "--no-cache", cwd=tmp_path)[1],
        "cold": run(*arguments, cwd=tmp_path)[1],
        "warm": run(*arguments, cwd=tmp_path)[1],
        "locale": run(*arguments, "--no-cache", cwd=tmp_path, env={"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"})[1],
    }
    assert {name: output == alone for name, output in same.items()} == dict.fromkeys(same, True)
    forwards = run(*arguments, *folders[:20], cwd=tmp_path)[1]
    assert forwards == run(*arguments, *folders[:20][::-1], cwd=tmp_path)[1]
    whole = [each for each in json.loads(alone)["findings"] if each["path"] == "s7/Dockerfile"]
    single = json.loads(run(*arguments, "s7/Dockerfile", cwd=tmp_path)[1])["findings"]
    assert single == whole


DEADLY = "# deadly\n"


@pytest.fixture
def several_processes(monkeypatch):
    """The first pass as it runs over many files, with a file in it that kills whoever reads it."""
    real = first_pass.read_and_check

    def read_and_check(tree, path, *rest, **options):
        if multiprocessing.parent_process() is not None and tree.read(path).startswith(DEADLY.encode()):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(tree, path, *rest, **options)

    monkeypatch.setattr(parallel, "read_and_check", read_and_check)
    monkeypatch.setattr(first_pass, "WORTH_A_POOL", 0)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="what is patched is inherited by fork only")
def test_a_process_that_dies_costs_one_file(repository, several_processes):
    paths = [f"d{number}/Dockerfile" for number in range(40)]
    deadly = {paths[0], paths[17], paths[39]}
    for path in paths:
        (repository / path).parent.mkdir()
        (repository / path).write_text(DEADLY * (path in deadly) + FIXABLE)
    read = first_pass.first_pass(DiskTree(repository), paths, REGISTRY, jobs=2)
    assert list(read) == paths
    assert {path for path, result in read.items() if not result.findings} == deadly
    assert {path: result.failures for path, result in read.items() if result.failures} == {
        path: (Failure(path, "the reader", "its process was killed by signal 9"),) for path in deadly
    }


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_a_file_that_can_be_read_again_is_read_again(repository, monkeypatch):
    cache = Cache(repository, Settings())
    file = repository / "Dockerfile"
    os.utime(file, (1, 1))
    tree = DiskTree(repository)
    monkeypatch.setattr(tree, "read", lambda path, limit: (_ for _ in ()).throw(ParseProblem("cannot be read: Permission denied")))
    assert first_pass.first_pass(tree, ["Dockerfile"], REGISTRY, cache=cache)["Dockerfile"].problems
    again = first_pass.first_pass(DiskTree(repository), ["Dockerfile"], REGISTRY, cache=Cache(repository, Settings()))
    assert again["Dockerfile"].findings


@pytest.mark.parametrize("path", ["a.sh", "Makefile", ".gitlab-ci.yml", "Jenkinsfile", "docker-bake.hcl", "Dockerfile.x"])
@pytest.mark.parametrize("text", ["docker push x\n" * (MAX_LINES + 1), "docker push x;" * (MAX_MARKS + 1)])
def test_what_nobody_writes_is_refused_with_a_note(path, text):
    tree = MemoryTree({path: text.encode()})
    (problem,) = analyse(tree, [path], REGISTRY, complete=True, today=None).results[path].problems
    assert problem.startswith("not read: more than ")


SMALL_BOMBS = {
    "references to references": "".join(f"a{at}:\n  script:\n{f'  - !reference [a{at + 1}, script]{chr(10)}' * 9}" for at in range(11))
    + "a11:\n  script: [docker push x]\n",
    "a script that refers to itself": "a:\n  script:\n" + "  - !reference [a, script]\n" * 9 + "  - docker push x\n",
    "parents of parents": "".join(f"a{at}:\n  extends: [{', '.join([f'a{at + 1}'] * 9)}]\n" for at in range(11))
    + "a11:\n  script: [docker push x]\n",
}


@pytest.mark.parametrize("name", SMALL_BOMBS)
def test_a_short_pipeline_that_would_never_end(name):
    tree = MemoryTree({".gitlab-ci.yml": SMALL_BOMBS[name].encode()})
    analysis = analyse(tree, sorted(tree.files), REGISTRY, complete=True, today=None)
    assert not analysis.all_failures


def test_many_findings_and_many_ignore_comments():
    lines = "# armready: ignore[DF101] x\nFROM --platform=linux/amd64 alpine:3.20\n" * 3_000
    tree = MemoryTree({"Dockerfile": (lines + "# armready: ignore[" * 1_000).encode()})
    analysis = analyse(tree, ["Dockerfile"], REGISTRY, complete=True, today=date(2026, 11, 24))
    assert not [finding for finding in analysis.findings if finding.code == "DF101"]
    assert [finding for finding in analysis.silenced if finding.code == "DF101"]


@pytest.mark.parametrize(
    "name", ["archlinux" + "x86_64/" * 15_000, "x86_64/" * 15_000 + "a:1", "a:1" + "-amd64" * 15_000, "a" + "-amd64" * 60 + ":1"]
)
def test_a_name_of_many_architectures_is_judged_or_left(name):
    _, _, analysis = analyse_files({"Dockerfile": f"FROM {name}\n"}, Settings())
    assert not analysis.all_failures

"""Work grows in proportion to a file: calls are counted, so that no clock is needed."""

import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from armready.core.config import Settings
from armready.core.embedded import Embedded
from armready.core.errors import ParseProblem
from armready.core.fix import Applicability, Edit
from armready.core.source import Source, Span
from armready.core.tree import DiskTree
from armready.dockerfiles import go_targets
from armready.fixing import fixer
from armready.fixing.batch import Batch
from armready.fixing.fixer import fix
from armready.knowledge import arch
from armready.languages.shell.script import parse_shell
from armready.languages.shell.tree import MAX_NESTING
from armready.python import reporting
from armready.python.project import PythonProject
from armready.run.session import open_session
from armready.systems import github_setup
from armready.testing import analyse_files

FILES = {
    "build.sh": ("#!/bin/bash\n", "docker build -t app .\ndocker tag app acme/a{n}:1\ndocker push acme/a{n}:1\n"),
    "push.sh": ("#!/bin/bash\n", "if [ $A = {n} ]; then\n  docker build -t acme/a{n} . && docker push acme/a{n}\nfi\n"),
    "azure-pipelines.yml": (
        "pool:\n  vmImage: ubuntu-latest\nsteps:\n",
        "- script: docker build -t acme/a{n} . && docker push acme/a{n}\n",
    ),
    ".gitlab-ci.yml": (
        "",
        "b{n}:\n  image: docker:24\n  script: [docker build -t acme/a{n} .]\np{n}:\n  image: docker:24\n  script: [docker push acme/a{n}]\n",
    ),
    "Makefile": ("", "b{n}:\n\tdocker build -t acme/a{n} .\n\tdocker push acme/a{n}\n"),
    "requirements.txt": ("", "package{n}=={n}.0\nmkl==2024.0\n"),
}


def calls(path: str, blocks: int) -> int:
    before, block = FILES[path]
    files = {path: before + "".join(block.format(n=number) for number in range(blocks))}
    return calls_of(lambda: analyse_files(files, Settings()))


def calls_of(run: Callable[[], object]) -> int:
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


def steps_of(run: Callable[[], object]) -> int:
    """How many instructions of Python a run takes: loops count that call nothing."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return counted

    sys.settrace(counted)
    try:
        run()
    finally:
        sys.settrace(None)
    return count


# Other files, the path, and what it holds: a text, or one that is repeated with numbers.
GROWING = {
    "builds of a description": (
        {"docker-bake.hcl": 'target "app" {\n  tags = ["acme/app"]\n}\n'},
        "release.sh",
        ("", "docker buildx bake --push app\n"),
    ),
    "compilers": (
        {},
        "Dockerfile",
        (
            "FROM --platform=$BUILDPLATFORM golang:1.22 AS build\n",
            "RUN go build -o /a{n}.so\n",
            "FROM alpine:3.20\n",
            "COPY --from=build /a{n}.so /b\n",
        ),
    ),
    "downloads and their checksums": (
        {},
        "Dockerfile",
        (
            "FROM debian:12\n",
            "RUN curl -o a{n}.tgz https://example.com/a{n}-amd64.tgz\nRUN echo '" + "0" * 64 + "  b{n}.tgz' | sha256sum -c\n",
        ),
    ),
    "recipes of one name": (
        {},
        "Makefile",
        (
            "",
            "image{n}:\n\tdocker buildx build --platform linux/amd64,linux/arm64 -t acme/app .\npush{n}: image{n}\n\tdocker push acme/app\n",
        ),
    ),
    "stages by digest": ({}, "Dockerfile", ("", "FROM debian:12@sha256:" + "0" * 64 + "\nRUN echo {n}\n")),
    "copies of an image": (
        {},
        "copy.sh",
        ("set -e\n", "docker pull -q a/b:1\ndocker tag a/b:1 c/d:1\ndocker push c/d:1\ndocker rmi a/b:1 c/d:1\n"),
    ),
    "downloads of one command": (
        {},
        "Dockerfile",
        ("FROM debian:12\nRUN true", " && \\\n  curl -o a{n}.tgz https://example.com/a{n}-amd64.tgz", "\n"),
    ),
}


@pytest.mark.parametrize("shape", GROWING)
def test_four_times_the_file_is_four_times_the_steps(shape):
    files, path, parts = GROWING[shape]

    def work(blocks: int) -> int:
        text = "".join(part.format(n=number) for place, part in enumerate(parts) for number in range(blocks if place % 2 else 1))
        return steps_of(lambda: analyse_files({**files, path: text}, Settings()))

    work(2)
    small, large = work(100), work(400)
    assert large <= 5 * small


def test_the_text_of_a_stage_is_searched_once_however_many_of_its_instructions_ask(monkeypatch):
    def searches(lines: int) -> int:
        pattern = mock.Mock(search=mock.Mock(return_value=None))
        monkeypatch.setattr(go_targets, "_ARM64", pattern)
        files = {"Dockerfile": "FROM golang:1.22\n" + "RUN GOARCH=amd64 go build\n" * lines}
        analyse_files(files, Settings())
        return pattern.search.call_count

    assert searches(40) == searches(5) > 0


def test_a_word_that_repeats_itself_is_looked_at_once():
    arch._names_foreign.cache_clear()
    assert len(arch.tokens("amd64-" * 5_000)) == 5_000
    assert arch._names_foreign.cache_info().misses < 500


@pytest.mark.parametrize("path", FILES)
def test_four_times_the_file_is_four_times_the_work(path):
    calls(path, 2)
    small, large = calls(path, 40), calls(path, 160)
    assert large <= 4.4 * small


@pytest.mark.parametrize(
    "line",
    [
        "FROM --platform=linux/amd64 python:3.12-slim-bookworm\n",
        "FROM --platform=linux/amd64 python:3.12 AS a\n",
        "FROM amd64/alpine:3.20\n",
    ],
)
def test_four_times_the_fixes_are_four_times_the_work(line):
    def work(lines: int) -> int:
        files = {"Dockerfile": line * lines}
        tree, registry, analysis = analyse_files(files, Settings())
        options = {"allowed": Applicability.UNSAFE, "wanted": lambda finding: True, "today": None}
        return calls_of(lambda: fix(tree, analysis, registry, **options))

    work(2)
    assert work(280) <= 4.4 * work(70)


def test_edits_are_compared_with_their_neighbours_only():
    """A line of many edits, as of a file without line ends."""
    source = Source("a.json", "x " * 4_000)

    def work(edits: int) -> int:
        batch = Batch()

        def take() -> None:
            for at in range(edits):
                edit = Edit(source.location(Span(2 * at, 2 * at + 1)), "y")
                assert batch.admits("X1", [edit])
                batch.add("X1", [edit])

        return calls_of(take)

    assert work(2_000) <= 5 * work(500)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ((0, 2, ""), (2, 4, ""), True),
        ((0, 3, ""), (2, 4, ""), False),
        ((0, 9, ""), (2, 4, ""), False),
        ((2, 2, "x"), (2, 2, "x"), True),
        ((2, 2, "x"), (2, 2, "y"), False),
        ((2, 2, "x"), (2, 4, ""), False),
        ((2, 4, ""), (4, 4, "x"), True),
        ((2, 4, ""), (3, 3, "x"), False),
        ((2, 4, ""), (2, 4, ""), True),
        ((2, 4, ""), (2, 4, "x"), False),
    ],
)
def test_which_edits_are_made_in_one_go(one, other, together):
    source = Source("a", "0123456789\n0123456789\n")

    def edit(start, end, text):
        return Edit(source.location(Span(start, end)), text)

    for first, second in ((one, other), (other, one)):
        batch = Batch()
        batch.add("X1", [edit(*first)])
        assert batch.admits("X1", [edit(*second)]) == together
        assert batch.admits("X2", [edit(*second)]) == (first == second)
        assert batch.admits("X2", [edit(12, 13, "x")])


def test_variables_are_looked_up_once_however_often_they_are_set():
    def work(lines: int) -> int:
        files = {"Dockerfile": "FROM debian:12\nRUN " + "arch=amd64; " * lines + "curl -LO https://example.com/a-$arch.tar.gz\n"}
        return calls_of(lambda: analyse_files(files, Settings()))

    work(2)
    assert work(240) <= 4.6 * work(60)


@pytest.mark.parametrize("line", ["x)", "x) echo\n", "]] "])
def test_brackets_that_close_nothing_are_read_up_to_a_number(line):
    """The grammar's recovery takes time and memory with the square of them."""
    assert parse_shell(Embedded.whole("case a in\n" + line * 200)).text
    with pytest.raises(ParseProblem, match="close nothing"):
        parse_shell(Embedded.whole("case a in\n" + line * 2_000))


class Counted(list):
    """A list that counts what is taken out of it."""

    taken = 0

    def __iter__(self):
        for each in super().__iter__():
            Counted.taken += 1
            yield each


@pytest.mark.parametrize("named", ["", "COPY requirements.txt .\nRUN pip install -r requirements.txt\n"])
def test_the_images_are_looked_through_once_however_many_manifests_ask(monkeypatch, named):
    real = PythonProject.images.func
    monkeypatch.setattr(PythonProject, "images", property(lambda self: Counted(real(self))))
    folders = [f"s{number}" for number in range(30)]
    dockerfiles = {f"{folder}/Dockerfile": f"FROM python:3.12\n{named}RUN pip install flask\n" for folder in folders}
    analyse_files(dockerfiles | {f"{folder}/requirements.txt": "numpy==1.16.0\nmkl==2024.0\n" for folder in folders}, Settings())
    assert 0 < Counted.taken <= 5 * len(folders)


def test_a_job_is_looked_through_once_however_many_of_its_steps_build():
    head = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    step = "    - uses: docker/build-push-action@v6\n      with: {push: true, tags: acme/a%d, platforms: 'linux/amd64,linux/arm64'}\n"

    def looks(steps: int) -> int:
        with mock.patch.object(github_setup, "places", side_effect=github_setup.places) as asked:
            analyse_files({".github/workflows/a.yml": head + "".join(step % number for number in range(steps))}, Settings())
        return asked.call_count

    assert looks(40) == looks(5) > 0


@pytest.mark.parametrize("open_, close", [("if a; then\n", "fi\n"), ("{\n", "}\n"), ("echo $(", ")"), ("for a in b; do\n", "done\n")])
def test_shell_is_read_to_a_depth(open_, close):
    commands = parse_shell(Embedded.whole(open_ * 90 + "docker push x\n" + close * 90)).commands
    assert max(len(command.context) for command in commands) <= MAX_NESTING
    with pytest.raises(ParseProblem, match="nested more than"):
        parse_shell(Embedded.whole(open_ * 2_000 + "docker push x\n" + close * 2_000))


SERVICE = {
    "services/s{n}/Dockerfile": "FROM python:3.12\nRUN pip install -r requirements.txt\nCOPY a-amd64 /a\n",
    "services/s{n}/requirements.txt": "mkl==2024.0\n",
    "services/s{n}/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n"
    "      nodeSelector: {{kubernetes.io/arch: amd64}}\n      containers: [{{name: a, image: acme/s{n}}}]\n",
    ".github/workflows/s{n}.yml": "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    "    - run: docker build -t acme/s{n} services/s{n} && docker push acme/s{n}\n",
}


@pytest.mark.parametrize(
    ("named", "read"),
    [(path, {path}) for path in SERVICE if "workflows" not in path]
    + [(".github/workflows/s{n}.yml", {".github/workflows/s{n}.yml", "services/s{n}/Dockerfile"})],
)
def test_a_run_on_one_file_reads_what_it_names_however_large_the_repository(tmp_path, monkeypatch, named, read):
    """As a hook does."""
    reads: set[str] = set()
    of_disk = DiskTree.read
    monkeypatch.setattr(DiskTree, "read", lambda tree, path, limit=None: reads.add(path) or of_disk(tree, path, limit))

    def scan(services: int) -> int:
        root = tmp_path / str(services)
        for number in range(services):
            for name, text in SERVICE.items():
                file = root / name.format(n=number)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text.format(n=number))
        (root / ".git").mkdir()
        reads.clear()
        return calls_of(lambda: open_session([Path(root / named.format(n=0))], {}).analyse())

    scan(1)
    small = scan(2)
    assert scan(80) <= 1.02 * small
    missing = {path for path in reads if not (tmp_path / "80" / path).exists()}
    assert reads - missing == {path.format(n=0) for path in read}


def test_fixes_that_do_not_hold_cost_a_bounded_number_of_scans(monkeypatch):
    """Each of them is found by halves; in a file of many the rest is left, with the reason."""
    monkeypatch.setattr(fixer, "_regression", lambda before, after, batch, changed: "no" if "a/Dockerfile" in changed else "")
    files = {
        f"{folder}/Dockerfile": "".join(f"FROM --platform=linux/amd64 alpine:3.{number}\n" for number in range(200)) for folder in "ab"
    }
    tree, registry, analysis = analyse_files(files, Settings())
    with mock.patch.object(fixer, "analyse", side_effect=fixer.analyse) as scans:
        outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda finding: finding.code == "DF101", today=None)
    assert scans.call_count < 150
    assert list(outcome.changes) == ["b/Dockerfile"]
    assert len(outcome.not_applied) >= 1
    assert {each.reason for each in outcome.not_applied} <= {"no", fixer._LEFT}


def test_a_file_is_searched_once_for_what_all_comparisons_ask(monkeypatch):
    def searches(lines: int) -> int:
        pattern = mock.Mock(search=mock.Mock(return_value=None))
        monkeypatch.setattr(reporting, "_URL", pattern)
        analyse_files({"a.py": "import os\n" + "arch = 'arm64' if os.uname().machine == 'arm64' else 'amd64'\n" * lines}, Settings())
        return pattern.search.call_count

    assert searches(20) == searches(2) == 1

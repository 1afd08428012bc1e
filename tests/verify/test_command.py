"""The command: what it starts, what it asks, what it says and what it keeps."""

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from armready.core.errors import UsageError
from armready.verify import engine as engines
from armready.verify.engine import Order, find_engine, inside
from armready.verify.images import Image, images_of
from tests.verify.layouts import AMD64, ARM64, Layout, layer
from tests.verify.logs import buildkit, metadata

DOCKERFILE = "FROM debian:12\nCOPY tool /tool\n"

# Stands for an engine: notes how it is called, says LOG, ends with CODE, and writes the prepared layout where it is told to.
FAKE = """#!/bin/sh
echo "${{0##*/}} $*" >> {notes}
case "$*" in
  "buildx version") exit 0 ;;
  *FAIL*) exit 1 ;;
esac
for word in "$@"; do case "$word" in
  type=oci,*dest=*) cp -r {layout} "${{word##*dest=}}" ;;
  oci:*:latest) word=${{word#oci:}}; cp -r {layout} "${{word%:latest}}" ;;
  */layout) case " $* " in *" save "*) cp -r {layout} "$word" ;; esac ;;
esac; done
case "$*" in *"--platform linux/arm64"*) cat {log}; exit $(cat {code}) ;; esac
"""


class Fake:
    """The folder of a fake engine, what it was called with, and what it will say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes = folder / "notes"
        self.notes.touch()
        self.says("", 0)
        layout = Layout(folder / "layout")
        history = lambda tool: [("base", layer({"bin/sh": tool})), ("COPY tool /tool # buildkit", layer({"tool": tool}))]  # noqa: E731
        layout.write(layout.image("arm64", history(ARM64)), layout.image("amd64", history(AMD64)))

    def says(self, log: str, code: int) -> None:
        (self.folder / "log").write_text(log)
        (self.folder / "code").write_text(str(code))

    def install(self, *names: str) -> None:
        (self.folder / "bin").mkdir()
        for name in names:
            path = self.folder / "bin" / name
            values = {"notes": self.notes, "layout": self.folder / "layout", "log": self.folder / "log", "code": self.folder / "code"}
            path.write_text(FAKE.format(**values))
            path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self.notes.read_text().splitlines()


@pytest.fixture
def fake(tmp_path, monkeypatch):
    made = Fake(tmp_path / "fake")
    monkeypatch.setenv("PATH", f"{tmp_path / 'fake' / 'bin'}:/usr/bin:/bin")
    return made


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "shop"
    root.mkdir()
    (root / ".git").mkdir()
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "tool").write_bytes(AMD64)
    return root


@pytest.fixture
def fakes(tmp_path):
    folder = tmp_path / "fake"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _folder(fakes):
    """The folder of the fake engine is there in front of it."""


def order(repository, work) -> Order:
    image = Image(dockerfile="Dockerfile", context=".", target="app", arguments=("A=1",))
    work.mkdir(exist_ok=True)
    return Order(image=image, platform="linux/arm64", root=repository, work=work, options=("--pull",))


def test_docker_builds_into_a_folder_and_pushes_nothing(fake, repository, tmp_path):
    fake.install("docker")
    wanted = order(repository, tmp_path / "work")
    assert find_engine(repository, "mine").build(wanted).good
    assert (wanted.layout / "index.json").exists()
    assert fake.calls[-1] == (
        f"docker buildx build --progress plain --builder mine --platform linux/arm64 --output type=oci,tar=false,dest={wanted.layout} "
        f"--file {repository}/Dockerfile --target app --build-arg A=1 --pull {repository}"
    )
    assert "push" not in " ".join(fake.calls)


def test_docker_runs_a_command_in_the_image(fake, repository, tmp_path):
    fake.install("docker")
    wanted = order(repository, tmp_path / "work")
    find_engine(repository).run(wanted, "sha256:abc", ("tool", "--version"))
    assert (wanted.work / "run" / "Dockerfile").read_text() == 'FROM armready-verified\nRUN ["tool", "--version"]\n'
    assert f"--build-context armready-verified=oci-layout://{wanted.layout}@sha256:abc" in fake.calls[-1]


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_podman_and_buildah_leave_no_image(fake, repository, tmp_path, name):
    fake.install(name)
    wanted = order(repository, tmp_path / "work")
    engine = find_engine(repository)
    assert engine.name == name
    assert engine.build(wanted).good
    assert (wanted.layout / "index.json").exists()
    verbs = [call.split()[1] for call in fake.calls]
    assert verbs == ["build", "save" if name == "podman" else "push", "rmi"]
    tags = {word for call in fake.calls for word in call.split() if word.startswith("localhost/armready-verify:")}
    assert len(tags) == 1
    assert not any(word.startswith(("docker://", "registry")) for call in fake.calls for word in call.split())
    engine.run(wanted, "sha256:abc", ("tool", "--version"))
    assert fake.calls[-1].split()[1] in ("rmi", "rm", "pull")


def test_an_engine_of_the_tree_is_not_started(fake, repository, monkeypatch):
    (repository / "bin").mkdir()
    (repository / "bin" / "docker").write_text("#!/bin/sh\ntouch owned\n")
    (repository / "bin" / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{repository / 'bin'}:/nowhere")
    with pytest.raises(UsageError, match="there is no docker, podman or buildah"):
        find_engine(repository)


def test_what_takes_too_long_is_ended(repository, tmp_path):
    outcome = engines._call(["/bin/sh", "-c", "echo begun; sleep 60 & sleep 60"], repository, tmp_path, 0.5)
    assert (outcome.timed_out, outcome.good, outcome.log) == (True, False, "begun\n")


def test_a_context_does_not_lead_out(repository, tmp_path):
    (repository / "out").symlink_to("/etc")
    for path in ("out", "../", "nothing"):
        with pytest.raises(UsageError):
            inside(repository, path)
    assert inside(repository, ".") == repository


def test_nothing_runs_without_consent(fake, repository, run):
    fake.install("docker")
    code, out, err = run("verify", cwd=repository)
    assert (code, out) == (2, "")
    assert "Say --yes" in err
    assert all("buildx version" in call for call in fake.calls)


def test_a_good_run(fake, repository, run):
    fake.install("docker")
    code, out, err = run("verify", "--yes", cwd=repository)
    assert code == 0, err
    assert out.splitlines()[-1] == "2 of 2 builds good."
    assert not (repository / ".armready-learned.json").exists()
    assert [call.count("linux/amd64") for call in fake.calls if " build " in call] == [1, 0]


def test_a_foreign_program_fails(fake, repository, run):
    fake.install("docker")
    layout = Layout(fake.folder / "other")
    history = [("base", layer({"bin/sh": ARM64})), ("COPY tool /tool # buildkit", layer({"tool": AMD64}))]
    layout.write(layout.image("arm64", history))
    for name in ("blobs", "index.json"):
        os.system(f"cp -r {layout.folder}/{name} {fake.folder}/layout/")
    code, out, _ = run("verify", "--yes", "--platform", "linux/arm64", cwd=repository)
    assert code == 1
    assert "/tool is for amd64, brought by Dockerfile:2: COPY tool /tool" in out


@pytest.mark.parametrize("name", ["text", "json", "markdown", "junit"])
def test_a_failure_in_every_format(fake, repository, run, name):
    fake.install("docker")
    fake.says(buildkit("RUN ./tool", "/bin/sh: 1: ./tool: Exec format error\x1b[31m<&|", line=2, code=126), 1)
    code, out, _ = run("verify", "--yes", "--format", name, "--output", "report", cwd=repository)
    assert (code, out) == (1, "")
    text = (repository / "report").read_text()
    assert "foreign-program" in text
    assert "\x1b" not in text
    if name == "json":
        build = json.loads(text)["builds"][1]
        assert (build["built"], build["explanations"][0]["line"], build["explanations"][0]["path"]) == (False, 2, "Dockerfile")
    if name == "junit":
        suite = ElementTree.fromstring(text)
        assert (suite.get("tests"), suite.get("failures"), len(suite.findall(".//failure"))) == ("2", "1", 1)


def test_a_failure_without_explanation_shows_the_end_of_the_log(fake, repository, run):
    fake.install("docker")
    fake.says(buildkit("RUN npm test", "1 failing"), 1)
    _, out, _ = run("verify", "--yes", cwd=repository)
    assert "nothing in the log speaks of the architecture; it ends with" in out


def test_what_is_learned_is_used_by_scans_and_forgotten_when_it_is_gone(fake, repository, run):
    fake.install("docker")
    (repository / "Dockerfile").write_text("FROM acme/old:1.2\nCOPY tool /tool\n")
    assert "DF114" not in run("scan", cwd=repository)[1]
    fake.says(metadata("acme/old:1.2", "no match for platform in manifest: not found", line=1), 1)
    _, _, err = run("verify", "--yes", cwd=repository)
    assert ".armready-learned.json" in err
    (entry,) = json.loads((repository / ".armready-learned.json").read_text())["learned"]
    assert (entry["kind"], entry["name"], entry["path"], entry["source"]) == ("image", "docker.io/acme/old:1.2", "Dockerfile", "verify")
    assert "DF114" in run("scan", cwd=repository)[1]
    fake.says("", 0)
    assert run("verify", "--yes", cwd=repository)[0] == 0
    assert "DF114" not in run("scan", cwd=repository)[1]


def test_a_damaged_file_of_learned_facts_is_one_line(repository, run):
    (repository / ".armready-learned.json").write_text("[")
    code, out, err = run("scan", cwd=repository)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_log_is_explained_without_an_engine(repository, run, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    log = buildkit("COPY tool /tool", "exec /tool: exec format error")
    code, out, _ = run("verify", "--log", "-", cwd=repository, stdin=log.encode())
    assert code == 1
    assert out.startswith("Dockerfile:2: /tool is a program for another processor than linux/arm64. [foreign-program]")
    (repository / "build.log").write_text("all good\n")
    assert run("verify", "--log", "build.log", cwd=repository)[:2] == (0, "Nothing in the log speaks of the architecture.\n")
    assert run("verify", "--log", "nothing.log", cwd=repository)[0] == 2


def test_findings_of_the_scan_stand_beside_the_explanation(repository, run):
    (repository / "Dockerfile").write_text("FROM --platform=linux/amd64 debian:12\nRUN true\n")
    log = buildkit("RUN true", "exec /bin/sh: exec format error", line=1)
    _, out, _ = run("verify", "--log", "-", cwd=repository, stdin=log.encode())
    assert "DF101 at Dockerfile:1: Remove" in out
    assert "(armready fix)" in out


def test_images_come_from_the_pipelines(repository):
    from armready.run.session import open_session

    (repository / "svc").mkdir()
    (repository / "svc" / "Dockerfile").write_text("FROM debian:12 AS app\nARG V\nRUN make\n")
    (repository / "win").mkdir()
    (repository / "win" / "Dockerfile").write_text("FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\n")
    workflow = repository / ".github" / "workflows"
    workflow.mkdir(parents=True)
    (workflow / "ci.yml").write_text(
        "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: docker build -t acme/svc --build-arg V=1.2 --build-arg W=$GITHUB_SHA -f svc/Dockerfile --target app .\n"
        "      - run: docker push acme/svc\n"
    )
    (repository / "compose.yaml").write_text(
        "services:\n  a:\n    image: acme/a\n    build:\n      context: svc\n      target: app\n      args:\n        V: 3\n        TARGETARCH: amd64\n"
    )
    session = open_session([repository], {})
    found = images_of(session.analyse().results)
    assert [(each.dockerfile, each.context, each.target, each.arguments, each.source) for each in found] == [
        ("Dockerfile", ".", "", (), ""),
        ("svc/Dockerfile", ".", "app", ("V=1.2",), ".github/workflows/ci.yml"),
        ("svc/Dockerfile", "svc", "app", ("V=3",), "compose.yaml"),
    ]
    assert [each.dockerfile for each in images_of(session.analyse().results, ["Dockerfile"])] == ["Dockerfile"]


FIXABLE = "FROM --platform=linux/amd64 debian:12\nCOPY tool /tool\n"


def test_fix_keeps_what_builds(fake, repository, run):
    fake.install("docker")
    (repository / "Dockerfile").write_text(FIXABLE)
    (repository / "tool").write_text("#!/bin/sh\n")
    code, _, err = run("fix", "--unsafe-fixes", "--verify", "--yes", cwd=repository)
    assert code == 0, err
    assert (repository / "Dockerfile").read_text() == DOCKERFILE
    assert sum(" build " in call for call in fake.calls) == 2


def test_fix_takes_back_what_does_not_build(fake, repository, run):
    fake.install("docker")
    (repository / "Dockerfile").write_text(FIXABLE)
    fake.says(buildkit("COPY tool /tool", "exec /bin/tool: exec format error"), 1)
    code, out, err = run("fix", "--unsafe-fixes", "--verify", "--yes", cwd=repository)
    assert code == 1
    assert (repository / "Dockerfile").read_text() == FIXABLE
    assert "Dockerfile: taken back: Dockerfile does not build for linux/arm64: /bin/tool is a program" in err
    assert "DF101" in out


def test_fix_writes_nothing_without_consent(fake, repository, run):
    fake.install("docker")
    (repository / "Dockerfile").write_text(FIXABLE)
    code, _, err = run("fix", "--unsafe-fixes", "--verify", cwd=repository)
    assert code == 2
    assert "Say --yes" in err
    assert (repository / "Dockerfile").read_text() == FIXABLE

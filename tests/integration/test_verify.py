"""`armready verify` with a real Docker engine: what builds, what brings a foreign program, what fails and why, and what is learned."""

import json

import pytest

from tests.conftest import _python
from tests.proof.conftest import engine  # noqa: F401

GOOD = "FROM alpine:3.20\nRUN uname -m > /machine\nCOPY start.sh /start.sh\n"
FOREIGN = (
    'FROM alpine:3.20 AS tools\nRUN true\n\nFROM alpine:3.20\nARG V=1\nWORKDIR /opt\nCOPY --chmod=755 bin/ /usr/local/bin/\nCMD ["tool"]\n'
)
RUNS_IT = 'FROM alpine:3.20\nCOPY --chmod=755 bin/tool /usr/local/bin/tool\nRUN ["/usr/local/bin/tool", "true"]\n'
# A machine that is none of those that run here, natively or under an emulator.
S390X = (22).to_bytes(2, "little")


@pytest.fixture
def repository(engine, tmp_path):  # noqa: F811
    root = tmp_path / "shop"
    for name, text in {"good": GOOD, "foreign": FOREIGN, "runs": RUNS_IT, "old": "FROM acme/old:1.2\nRUN true\n"}.items():
        folder = root / name
        (folder / "bin").mkdir(parents=True)
        (folder / "Dockerfile").write_text(text)
        (folder / "start.sh").write_text("#!/bin/sh\n")
        (folder / "bin" / "tool").write_bytes(engine.busybox["amd64"])
    tool = engine.busybox["amd64"]
    (root / "runs" / "bin" / "tool").write_bytes(tool[:18] + S390X + tool[20:])
    (root / ".git").mkdir()
    engine.registry.push_image("acme/old", "1.2", {"amd64": _layer(engine)})
    return root


def _layer(engine):  # noqa: F811
    from tests.proof.engine import _rootfs

    return _rootfs(engine.busybox["amd64"], {})


def verify(engine, root, *arguments):  # noqa: F811
    network = ("--build-option=--network=host", "--build-option=--allow=network.host")
    path = f"{engine.work / 'path'}:/usr/local/bin:/usr/bin:/bin"
    environment = {**engine.environment(), "PATH": path}
    code, out, err = _python("-m", "armready", "verify", "--yes", "--format", "json", *network, *arguments, cwd=root, env=environment)
    assert code in (0, 1), err
    builds = json.loads(out)["builds"]
    return code, {(each["dockerfile"], each["platform"]): each for each in builds}, err


def test_a_good_image_is_good(engine, repository):  # noqa: F811
    code, builds, _ = verify(engine, repository, "--run", "/bin/sh -c 'test $(uname -m) = $(cat /machine)'", "good")
    assert code == 0, builds
    assert {key[1] for key in builds} == {"linux/amd64", "linux/arm64"}
    assert all(each["programs"] == 1 and each["command"] == {"code": 0, "timed_out": False} for each in builds.values())


def test_the_line_that_brings_a_foreign_program(engine, repository):  # noqa: F811
    code, builds, _ = verify(engine, repository, "foreign")
    assert code == 1
    assert builds["foreign/Dockerfile", "linux/amd64"]["good"]
    found = builds["foreign/Dockerfile", "linux/arm64"]["foreign"]
    assert [(each["path"], each["architecture"], each["line"]) for each in found] == [("usr/local/bin/tool", "amd64", 7)]


def test_a_failure_is_explained_and_learned(engine, repository):  # noqa: F811
    code, builds, _ = verify(engine, repository, "runs", "old")
    assert code == 1
    why = builds["runs/Dockerfile", "linux/arm64"]["explanations"]
    assert [(each["cause"], each["subject"], each["line"]) for each in why] == [("foreign-program", "/usr/local/bin/tool", 3)]
    why = builds["old/Dockerfile", "linux/arm64"]["explanations"]
    assert [(each["cause"], each["subject"], each["line"]) for each in why] == [("no-platform-in-manifest", "acme/old:1.2", 1)]
    assert builds["old/Dockerfile", "linux/amd64"]["good"]
    learned = json.loads((repository / ".armready-learned.json").read_text())["learned"]
    assert [(each["kind"], each["name"]) for each in learned] == [("image", "docker.io/acme/old:1.2")]
    code, out, _ = _python("-m", "armready", "scan", "--format", "concise", "old", cwd=repository)
    assert code == 1
    assert "DF114" in out


def test_a_command_that_fails_fails(engine, repository):  # noqa: F811
    code, builds, _ = verify(engine, repository, "--platform", "linux/arm64", "--run", "/bin/sh -c 'exit 3'", "good")
    assert code == 1
    assert builds["good/Dockerfile", "linux/arm64"]["command"]["code"] != 0


def test_nothing_is_left_behind(engine, repository):  # noqa: F811
    before = engine.docker("image", "ls", "--all").stdout
    verify(engine, repository, "good")
    assert engine.docker("image", "ls", "--all").stdout == before

import subprocess
from dataclasses import replace

import pytest

from armready.core.config import Settings
from armready.core.known import ClosurePackage, Known, PackageAnswer, PackageFile
from armready.online import closure as module
from armready.online.closure import closure, parse_pins
from armready.online.errors import UnansweredError
from armready.online.gather import resolvable
from armready.online.indexes import Index, Indexes
from armready.testing import analyse_files

OUTPUT = """click==8.5.1
    # via
    #   Flask
    #   uvicorn
flask==2.3.2
    # via -r requirements.in
h11==0.16.0
    # via httpcore
httpcore==1.0
    # via uvicorn
uvicorn[standard]==0.20.0
    # via -r requirements.in
"""


def test_pins_and_who_brings_them() -> None:
    assert parse_pins(OUTPUT) == (
        ClosurePackage("click", "8.5.1", "flask"),
        ClosurePackage("h11", "0.16.0", "uvicorn"),
        ClosurePackage("httpcore", "1.0", "uvicorn"),
    )


def test_uv_gets_the_requirements_alone_and_builds_nothing(monkeypatch) -> None:
    asked = []

    def run(command, *, cwd, env, **_):
        asked.append((command, (module.Path(cwd) / "requirements.in").read_text(), env))
        return subprocess.CompletedProcess(command, 0, OUTPUT.encode(), b"")

    monkeypatch.setattr(module, "program", lambda name, root: f"/usr/bin/{name}")
    monkeypatch.setattr(module.subprocess, "run", run)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    places = Indexes(
        (
            Index("https://mine.example/simple", "me", "p@ss", of_user=True),
            Index("https://evil.example/simple"),
            Index("https://two.example/simple", of_user=True),
        )
    )
    assert len(closure(["flask==2.3.2"], "3.12", places, None)) == 3
    command, text, env = asked[0]
    assert "--no-build" in command
    assert text == "flask==2.3.2\n"
    assert env["UV_DEFAULT_INDEX"] == "https://me:p%40ss@mine.example/simple"
    assert env["UV_INDEX"] == "https://two.example/simple"
    assert not any("evil" in value for value in env.values())
    assert not any("p%40ss" in word for word in command)
    assert [word for each, _, _ in asked for word in each if word.endswith("2_28")] == ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"]


def test_without_uv_or_without_a_solution(monkeypatch) -> None:
    monkeypatch.setattr(module, "program", lambda name, root: None)
    with pytest.raises(UnansweredError, match="needs uv"):
        closure(["x"], "3.12", Indexes(()), None)
    monkeypatch.setattr(module, "program", lambda name, root: "/usr/bin/uv")
    monkeypatch.setattr(module.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, b"", b"secret"))
    with pytest.raises(UnansweredError, match="no solution") as raised:
        closure(["x"], "3.12", Indexes(()), None)
    assert "secret" not in str(raised.value)


def test_only_plain_requirements_reach_the_resolver() -> None:
    from armready.core.classify import Kind
    from armready.core.file import File
    from armready.core.source import Source

    text = "uvicorn[standard]>=0.20 ; python_version > '3.8'\n-e .\n./local\nflask==2.3.2 --hash=sha256:00\nx @ https://x.example/x.whl\n"
    file = File(Source.decode("requirements.txt", text.encode()), Kind.REQUIREMENTS, Settings())
    assert resolvable(file) == ("uvicorn[standard]>=0.20 ; python_version > '3.8'", "flask==2.3.2")


def test_what_comes_along_is_reported_where_it_is_asked_for() -> None:
    files = (PackageFile("native-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"), PackageFile("native-1.0.tar.gz"))
    known = Known(
        packages={"native": PackageAnswer("native", files, (), "2026-11-24")},
        closures={"requirements.txt": (ClosurePackage("native", "1.0", "app"),)},
    )
    settings = replace(Settings(pythons=("3.12",)), known=known)
    _, _, analysis = analyse_files({"requirements.txt": "app==1\n"}, settings)
    found = [(finding.code, finding.message, finding.fix) for finding in analysis.findings]
    assert found == [
        (
            "PY102",
            "`native==1.0` has no wheel for Linux arm64 on Python 3.12 where x86-64 has one, so it is compiled; "
            "it comes with app (resolved by uv, index of 2026-11-24).",
            None,
        )
    ]

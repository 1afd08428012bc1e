"""What people call things, and the commands that compile: each a table, read by one module."""

import pytest

from armready.knowledge.compilers import compiling, heavy, own_output
from armready.knowledge.idioms import Idiom, checking_function, file_for_all, helper_stage, meanings
from armready.knowledge.tables import table


def test_every_idiom_has_rows_with_a_reason_and_a_source() -> None:
    rows = table("idioms").rows()
    assert {row["kind"] for row in rows} == set(Idiom)
    assert all(row["reason"] and row["source"] for row in rows)
    assert rows == tuple(sorted(rows, key=lambda row: (row["kind"], row["word"])))
    assert all(row["reason"] for row in table("compilers").rows())


@pytest.mark.parametrize("idiom", Idiom)
def test_no_word_stands_twice(idiom: Idiom) -> None:
    words = [row["word"] for row in table("idioms").rows() if row["kind"] == idiom]
    assert len(words) == len(meanings(idiom))


def test_names() -> None:
    assert meanings(Idiom.PACKAGE_INSTALLER)["install_packages"] == "apt"
    assert checking_function().match("verify_release")
    assert not checking_function().match("verifying")
    assert file_for_all().search("https://example.com/de.xpi?x=1")
    assert not file_for_all().search("https://example.com/a.xpit")
    assert helper_stage().search("run-Tests")
    assert not helper_stage().search("contest")


@pytest.mark.parametrize(
    ("command", "compiles", "is_heavy"),
    [
        ("go build ./...", True, True),
        ("go test ./...", False, True),
        ("go version", False, False),
        ("cargo +nightly build --release", True, True),
        ("cmake ..", True, False),
        ("cmake --build .", True, True),
        ("cc -o a a.c", True, False),
        ("./mvnw package", False, True),
        ("yarn run build", False, True),
        ("dotnet publish", False, True),
        ("clang++ a.cc", True, True),
        ("cat make.log", False, False),
        ("go-build x", False, False),
    ],
)
def test_commands(command: str, compiles: bool, is_heavy: bool) -> None:
    assert (bool(compiling().search(command)), bool(heavy().search(command))) == (compiles, is_heavy)


def test_compilers_whose_output_is_for_the_job_s_own_machine() -> None:
    assert own_output()["dotnet"] == "publish"
    assert own_output()["gcc"] == ""
    assert "make" not in own_output()

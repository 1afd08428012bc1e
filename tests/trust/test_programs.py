"""Programs of the scanned tree that stand on `PATH`, as those of a committed virtual environment that is active."""

import json
import os
from pathlib import Path

import pytest

from armready.online.auth import Credential, Credentials
from armready.online.closure import closure
from armready.online.errors import UnansweredError
from armready.online.indexes import Indexes
from armready.run.programs import environment, program

HELPER = "docker-credential-mine"
OWN = '#!/bin/sh\necho "{\\"Username\\":\\"$PATH\\",\\"Secret\\":\\"${VIRTUAL_ENV:-none} $PWD\\"}"\n'
PINS = "click==8.5.1\n    # via flask\nflask==2.3.2\n    # via -r requirements.in\n"


def put(folder: Path, name: str, text: str = "#!/bin/sh\nexit 1\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def own(tmp_path):
    return tmp_path / "own"


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / ".venv" / "bin").mkdir(parents=True)
    return root


def search(monkeypatch, *folders: object) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"]))


def folder_in_the_tree(tree: Path, tmp_path: Path) -> Path:
    return tree / ".venv" / "bin"


def link_to_a_folder_in_the_tree(tree: Path, tmp_path: Path) -> Path:
    (tmp_path / "link").symlink_to(tree / ".venv" / "bin")
    return tmp_path / "link"


def link_in_the_tree_to_a_folder_elsewhere(tree: Path, tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    (tree / "bin").symlink_to(tmp_path / "elsewhere")
    return tree / "bin"


def link_by_way_of_the_tree(tree: Path, tmp_path: Path) -> Path:
    (tmp_path / "far").symlink_to(link_in_the_tree_to_a_folder_elsewhere(tree, tmp_path))
    return tmp_path / "far"


def folder_below_a_link_to_the_tree(tree: Path, tmp_path: Path) -> Path:
    (tmp_path / "near").symlink_to(tree)
    link_in_the_tree_to_a_folder_elsewhere(tree, tmp_path)
    return tmp_path / "near" / "bin"


HOSTILE = (
    folder_in_the_tree,
    link_to_a_folder_in_the_tree,
    link_in_the_tree_to_a_folder_elsewhere,
    link_by_way_of_the_tree,
    folder_below_a_link_to_the_tree,
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_folder_that_the_tree_supplies_is_passed_over(tree, own, tmp_path, monkeypatch, hostile) -> None:
    folder = hostile(tree, tmp_path)
    put(folder, "uv")
    good = put(own, "uv")
    search(monkeypatch, folder, own)
    assert program("uv", None) == str(folder / "uv")
    assert program("uv", tree) == str(good)
    assert environment(tree)["PATH"] == os.pathsep.join([str(own), "/usr/bin", "/bin"])


@pytest.mark.parametrize("relative", ["", ".", "bin", ".venv/bin"])
def test_a_relative_folder_is_passed_over(tree, own, monkeypatch, relative) -> None:
    monkeypatch.chdir(tree)
    put(tree / relative, "uv")
    good = put(own, "uv")
    search(monkeypatch, relative, own)
    assert program("uv", tree) == program("uv", None) == str(good)


def test_a_program_that_is_a_link_into_the_tree_or_a_folder_is_passed_over(tree, own, tmp_path, monkeypatch) -> None:
    good = put(own, "uv")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "uv").symlink_to(put(tree, "uv"))
    (tmp_path / "b" / "uv").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tree / "there").symlink_to(good)
    (tmp_path / "c" / "uv").symlink_to(tree / "there")
    search(monkeypatch, tmp_path / "a", tmp_path / "b", tmp_path / "c", own)
    assert program("uv", tree) == str(good)


def test_links_of_the_user_s_own_count(tree, own, tmp_path, monkeypatch) -> None:
    good = put(own, "uv")
    (tmp_path / "mine").symlink_to(own)
    (tmp_path / "named").mkdir()
    (tmp_path / "named" / "uv").symlink_to(good)
    for folder in ("mine", "named"):
        search(monkeypatch, tmp_path / folder)
        assert program("uv", tree) == str(tmp_path / folder / "uv")


def test_variables_that_name_places_in_the_tree_do_not_reach_programs(tree, own, monkeypatch) -> None:
    monkeypatch.setenv("UV_PYTHON", str(tree / ".venv" / "bin" / "python"))
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tree}/lib:{own}")
    monkeypatch.setenv("UV_INDEX_URL", "https://mine.example:8443/simple")
    found = environment(tree)
    assert "UV_PYTHON" not in found
    assert found["LD_LIBRARY_PATH"] == str(own)
    assert found["UV_INDEX_URL"] == "https://mine.example:8443/simple"


@pytest.mark.parametrize("key", ["credHelpers", "credsStore"])
def test_a_credential_helper_of_the_tree_is_not_started(tree, own, tmp_path, monkeypatch, trap, key) -> None:
    (tree / ".venv" / "bin" / HELPER).symlink_to(trap.program)
    config = {"credHelpers": {"reg.example": "mine"}} if key == "credHelpers" else {"credsStore": "mine"}
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(config))
    monkeypatch.chdir(tree)
    monkeypatch.setenv("VIRTUAL_ENV", str(tree / ".venv"))
    search(monkeypatch, tree / ".venv" / "bin", own)

    def ask() -> Credential | None:
        return Credentials({"HOME": str(tmp_path)}, tree).of("reg.example")

    assert ask() is None
    put(own, HELPER, OWN)
    assert ask() == Credential(f"{own}:/usr/bin:/bin", "none /")
    assert not trap.sprung()


def test_uv_of_the_tree_is_not_started(tree, own, tmp_path, monkeypatch, trap) -> None:
    (tree / ".venv" / "bin" / "uv").symlink_to(trap.program)
    (tree / ".venv" / "bin" / "python3").symlink_to(trap.program)
    monkeypatch.setenv("PATH", f"{tree / '.venv' / 'bin'}")
    with pytest.raises(UnansweredError, match="needs uv"):
        closure(["flask==2.3.2"], "3.12", Indexes(()), tree)
    search(monkeypatch, tree / ".venv" / "bin", own)
    put(own, "uv", f"#!/bin/sh\npython3 -c 1 >&2\nprintf '{PINS.replace(chr(10), chr(92) + 'n')}'\n")
    assert [package.name for package in closure(["flask==2.3.2"], "3.12", Indexes(()), tree)] == ["click"]
    assert not trap.sprung()

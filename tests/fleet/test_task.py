"""One repository as a row: the same however it is reached, and nothing that it does costs more than its own row."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from armready.fleet.task import Memory, scan
from armready.fleet.worker import scan_one
from tests.fleet.conftest import PINNED, git

FILES = {
    "Dockerfile": PINNED,
    "vendor/lib/x.yaml": "a: 1\n",
    "ignored/Dockerfile": PINNED,
    ".gitignore": "ignored/\n",
    "CODEOWNERS": "* @team\n/ignored/ @other\n",
    "docs/readme.txt": "text\n",
}


def task(kind: str, location: Path | str, **more) -> dict:
    base = {"id": str(location), "kind": kind, "location": str(location), "name": "o/n", "known": "", "overrides": {}, "config": ""}
    return {**base, "seconds": 60, "megabytes": 1024, **more}


def told(row: dict) -> dict:
    return {key: value for key, value in row.items() if key not in ("location", "seconds", "key", "commit", "files", "paths")}


def test_a_folder_a_bare_repository_and_a_clone_say_the_same(bare, checked_out) -> None:
    place = bare("a", FILES)
    folder = place.parent.parent / "src" / "a"
    rows = [scan(task("folder", folder), Memory()), scan(task("bare", place), Memory()), scan(task("url", f"file://{place}"), Memory())]
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert told(rows[0]) == told(rows[1]) == told(rows[2])
    findings = {(each["path"], each["code"]): each["owners"] for each in rows[1]["findings"]}
    assert findings["Dockerfile", "DF101"] == ["@team"]
    assert findings["ignored/Dockerfile", "DF101"] == ["@other"]
    assert rows[1]["commit"] == rows[2]["commit"] == git("rev-parse", "HEAD", cwd=folder).strip()


def test_what_did_not_change_is_not_scanned_again(bare) -> None:
    place = bare("a", FILES)
    folder = place.parent.parent / "src" / "a"
    for kind, where in (("bare", place), ("folder", folder)):
        first = scan(task(kind, where), Memory())
        assert scan(task(kind, where, known=first["key"]), Memory())["status"] == "same"
    (folder / "Dockerfile").write_text("FROM debian:12\n# longer\n")
    again = scan(task("folder", folder, known=first["key"]), Memory())
    assert (again["status"], [each for each in again["findings"] if each["path"] == "Dockerfile"]) == ("ok", [])


def test_content_that_occurs_again_is_judged_once_and_says_the_same(bare) -> None:
    one, other = bare("one", FILES), bare("other", {**FILES, "Dockerfile": "FROM debian:12\n"})
    memory = Memory()
    scan(task("bare", one), memory)
    shared = scan(task("bare", other), memory)
    alone = scan(task("bare", other), Memory())
    assert shared["shared"] > 0 == alone["shared"]
    assert {**told(shared), "shared": 0} == told(alone)


def test_what_is_no_repository_is_a_row(tmp_path: Path) -> None:
    assert scan(task("folder", tmp_path / "gone"), Memory())["reason"] == "no such folder"
    assert scan(task("bare", tmp_path / "gone"), Memory())["status"] == "failed"


def test_a_repository_without_a_commit_is_a_row(tmp_path: Path) -> None:
    git("init", "-q", "--bare", str(tmp_path / "empty"), cwd=tmp_path)
    assert scan(task("bare", tmp_path / "empty"), Memory())["status"] == "empty"


def test_a_configuration_that_cannot_be_used_is_a_row(bare) -> None:
    row = scan(task("bare", bare("a", {"armready.toml": "nonsense = 1\n", "Dockerfile": PINNED})), Memory())
    assert (row["status"], "nonsense" in row["reason"]) == ("failed", True)


def test_an_address_that_fails_is_tried_again_and_then_a_row(monkeypatch, tmp_path: Path) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("armready.fleet.task.time.sleep", lambda seconds: pauses.append(seconds) if seconds > 1 else None)
    row = scan(task("url", f"file://{tmp_path}/gone"), Memory())
    assert (row["status"], row["reason"].startswith("git clone: fatal:"), pauses) == ("failed", True, [2.0, 8.0])


def hash_object(place: Path, data: bytes, kind: str) -> str:
    done = subprocess.run(
        ["git", "hash-object", "-w", "--literally", "-t", kind, "--stdin"], cwd=place, input=data, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize("name", [b"..", b".git", b".GIT", b"a\\b", b""])
def test_names_that_lead_elsewhere_are_not_written(name: bytes, bare, tmp_path: Path) -> None:
    place = bare("a", {"Dockerfile": PINNED})
    blob = bytes.fromhex(hash_object(place, b"FROM debian\n", "blob"))
    inner = bytes.fromhex(hash_object(place, b"100644 Dockerfile\0" + blob, "tree"))
    outer = hash_object(place, b"40000 " + name + b"\0" + inner + b"100644 Dockerfile\0" + blob, "tree")
    commit = hash_object(place, f"tree {outer}\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx\n".encode(), "commit")
    (place / "packed-refs").unlink(missing_ok=True)
    (place / "refs" / "heads").mkdir(parents=True, exist_ok=True)
    (place / "refs" / "heads" / "main").write_text(commit + "\n")
    row = scan(task("bare", place), Memory())
    assert [each["path"] for each in row.get("paths", [])] in ([], ["Dockerfile"])
    assert row["status"] in ("ok", "failed")


def test_links_of_a_commit_are_not_written(bare, checked_out, tmp_path: Path) -> None:
    root = checked_out("l", {"Dockerfile": "FROM debian:12\n"})
    (root / "out").symlink_to("/etc")
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "two", cwd=root)
    git("clone", "-q", "--bare", str(root), str(tmp_path / "l.git"), cwd=tmp_path)
    assert [each["path"] for each in scan(task("bare", tmp_path / "l.git"), Memory())["paths"]] == ["Dockerfile"]


def test_hooks_and_filters_of_a_cloned_repository_do_not_run(bare, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    place = bare("a", {"Dockerfile": PINNED, ".gitattributes": "* filter=evil\n"})
    with (place / "config").open("a") as config:
        config.write(f'[filter "evil"]\n\tsmudge = touch {mark}\n[core]\n\tfsmonitor = touch {mark}\n\thooksPath = hooks\n')
    (place / "hooks").mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (place / "hooks" / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (place / "hooks" / name).chmod(0o755)
    assert scan(task("bare", place), Memory())["status"] == "ok"
    assert scan(task("url", f"file://{place}"), Memory())["status"] == "ok"
    assert not mark.exists()


def test_a_repository_that_takes_too_long_or_too_much_costs_its_own_row(bare) -> None:
    good = bare("good", {"Dockerfile": PINNED})
    large = bare("large", {"Dockerfile": PINNED} | {f"k/{number}.yaml": f"kind: Pod\nx: {number}\n" for number in range(4000)})
    assert scan_one(task("bare", large, seconds=0.05))["status"] == "timeout"
    assert scan_one(task("bare", good))["status"] == "ok"
    assert scan_one(task("bare", large, megabytes=64))["status"] in ("memory", "killed", "failed")
    assert scan_one(task("bare", good))["status"] == "ok"

"""The tool that rebuilds rows of the table of packages, on the file lists of a small index."""

import json
import sys
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import refresh_packages  # noqa: E402

X86, ARM = "manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_28_aarch64"
COLUMNS = (
    *("name", "imports", "kind", "x86_only", "arm_glibc", "arm_musl", "x86_from", "last_without", "holes", "by_python", "x86_by_python"),
    *("alike", "sdist", "arm_floor", "x86_floor", "confidence", "alternative", "note", "needs"),
)


def answer(*files: str) -> dict[str, object]:
    return {"name": "Demo", "files": [{"filename": each, "yanked": False} for each in files]}


def wheels(release: str, *tags: str) -> list[str]:
    return [f"demo-{release}.tar.gz", *(f"demo-{release}-{tag}.whl" for tag in tags)]


HISTORY = answer(
    *wheels("1.0", f"cp38-cp38-{X86}"),
    *wheels("1.1", f"cp38-cp38-{X86}", f"cp38-cp38-{ARM}", f"cp39-cp39-{X86}", f"cp39-cp39-{ARM}"),
    *wheels("1.2", f"cp38-cp38-{X86}", f"cp39-cp39-{X86}"),
    *wheels("2.0", f"cp39-cp39-{X86}", f"cp39-cp39-{ARM}", "cp39-cp39-musllinux_1_2_aarch64"),
    *wheels("3.0rc1", f"cp39-cp39-{X86}"),
)


def test_first_holes_and_pythons() -> None:
    found = refresh_packages.facts(refresh_packages.files_of(HISTORY))
    assert (found["arm_glibc"], found["last_without"], found["holes"], found["arm_musl"]) == ("1.1", "1.0", "1.2", "2.0")
    assert found["by_python"] == "cp38:1.1;cp39:1.1"
    assert found["x86_by_python"] == "cp38:1.0..1.2;cp39:1.1"
    assert (found["sdist"], found["arm_floor"], found["x86_floor"]) == ("yes", "2.28", "2.17")


def test_releases_without_wheels_for_x86_are_no_difference() -> None:
    files = answer(*wheels("1.0", f"cp38-cp38-{X86}"), *wheels("1.1"), *wheels("1.2", f"cp38-cp38-{X86}"), *wheels("2.0"))
    found = refresh_packages.facts(refresh_packages.files_of(files))
    assert (found["alike"], found["x86_by_python"], found["arm_glibc"]) == ("1.1,2.0", "cp38:1.0..1.2", "")


def test_a_placeholder_is_no_wheel_for_arm64() -> None:
    files = answer("demo-0.0.1-py3-none-any.whl", *wheels("1.0", f"cp38-cp38-{X86}"))
    found = refresh_packages.facts(refresh_packages.files_of(files))
    assert (found["arm_glibc"], found["x86_from"], found["x86_by_python"]) == ("", "1.0", "cp38:1.0")
    pure_today = answer(*wheels("1.0", f"cp38-cp38-{X86}"), "demo-2.0-py3-none-any.whl")
    assert refresh_packages.facts(refresh_packages.files_of(pure_today))["arm_glibc"] == "2.0"


def test_a_lone_early_wheel_for_arm64_is_no_beginning() -> None:
    between = [each for minor in range(1, 10) for each in wheels(f"0.{minor}", f"cp38-cp38-{X86}")]
    files = answer(*wheels("0.0", f"cp38-cp38-{X86}", f"cp38-cp38-{ARM}"), *between, *wheels("1.0", f"cp38-cp38-{X86}", f"cp38-cp38-{ARM}"))
    found = refresh_packages.facts(refresh_packages.files_of(files))
    assert (found["arm_glibc"], found["last_without"], found["holes"], found["alike"]) == ("1.0", "0.9", "", "0.0")
    assert found["by_python"] == "cp38:1.0"


def test_no_fact_is_lost_to_an_index_without_final_releases() -> None:
    row = dict.fromkeys(COLUMNS, "") | {"name": "demo", "kind": "native", "arm_glibc": "1.0", "confidence": "lock"}
    table = "\t".join(COLUMNS) + "\n" + "\t".join(row[each] for each in COLUMNS) + "\n"
    assert refresh_packages.refreshed(table, [answer(*wheels("2.0rc1", f"cp38-cp38-{X86}"))]) == table


def test_wheels_for_arm64_end_x86_only() -> None:
    row = dict.fromkeys(COLUMNS, "") | {"name": "demo", "kind": "x86_only", "x86_only": "yes", "confidence": "lock"}
    table = "\t".join(COLUMNS) + "\n" + "\t".join(row[each] for each in COLUMNS) + "\n"
    new = dict(zip(COLUMNS, refresh_packages.refreshed(table, [HISTORY]).splitlines()[1].split("\t"), strict=True))
    assert (new["kind"], new["x86_only"]) == ("native", "")


def test_a_row_keeps_what_no_index_tells() -> None:
    row = dict.fromkeys(COLUMNS, "") | {"name": "demo", "imports": "demo", "kind": "native", "needs": "a C compiler", "confidence": "lock"}
    table = "# as-of: 2026-01-01\n" + "\t".join(COLUMNS) + "\n" + "\t".join(row[each] for each in COLUMNS) + "\n"
    new = dict(zip(COLUMNS, refresh_packages.refreshed(table, [HISTORY]).splitlines()[2].split("\t"), strict=True))
    assert (new["imports"], new["needs"], new["confidence"], new["arm_glibc"]) == ("demo", "a C compiler", "index", "1.1")


def test_what_was_withdrawn_or_has_no_wheels_for_linux() -> None:
    files = answer("demo-1.0.tar.gz", f"demo-1.0-cp39-cp39-{ARM}.whl")
    assert isinstance(files["files"], list)
    files["files"][1]["yanked"] = True
    assert refresh_packages.facts(refresh_packages.files_of(files))["arm_glibc"] == ""


@pytest.fixture
def index() -> Iterator[str]:
    """A small index of its own: it has the package demo."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(HISTORY).encode() if self.path == "/simple/demo/" else b""
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def test_one_command_asks_the_index_for_every_row(index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [dict.fromkeys(COLUMNS, "") | {"name": name, "kind": "native", "confidence": "lock"} for name in ("demo", "gone")]
    text = "# as-of: 2026-01-01\n" + "\n".join(["\t".join(COLUMNS), *("\t".join(row[each] for each in COLUMNS) for row in rows)]) + "\n"
    (table := tmp_path / "table.tsv").write_text(text)
    monkeypatch.setattr(refresh_packages, "TABLE", table)
    monkeypatch.setattr(sys, "argv", ["refresh_packages.py", "--index", index])
    refresh_packages.main()
    lines = table.read_text().splitlines()
    assert lines[0] == f"# as-of: {date.today().isoformat()}"
    assert list(refresh_packages.rows_of(table.read_text())) == ["demo", "gone"]
    assert lines[2].split("\t")[4] == "1.1"
    assert lines[3] == "\t".join(rows[1][each] for each in COLUMNS)


def test_a_table_that_would_lose_a_fact_is_not_written() -> None:
    def table(*rows: str) -> str:
        return "\n".join(["# as-of: 2026-01-01", "\t".join(COLUMNS), *rows]) + "\n"

    good, bare = "a\t\tnative\t\t1.0", "a\t\tnative\t\t"
    assert refresh_packages.lost(table(good), table(good)) == []
    assert refresh_packages.lost(table(good), table(bare)) == ["a"]
    assert refresh_packages.lost(table(good), table()) == ["a"]
    assert refresh_packages.lost(table(bare), table(good)) == []

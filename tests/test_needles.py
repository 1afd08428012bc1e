"""Needles follow the tables and patterns from which they are made."""

import importlib
import re

import pytest

from armready.core.classify import Kind
from armready.core.collector_needles import X86_MODULES
from armready.core.config import Settings
from armready.core.file import File
from armready.core.needles import Finder, Lowered, both, literals, needles_of, whole_words, word_starts
from armready.core.rule import FileRule
from armready.core.source import Source
from armready.knowledge import images, tables, tools
from armready.python.imports import x86_modules
from armready.run.needle_sources import sources_of
from armready.run.registry import all_rules
from armready.testing import analyse_files
from tests.conftest import ROOT


def codes(path: str, text: str) -> set[str]:
    _, _, analysis = analyse_files({path: text}, Settings())
    return {finding.code for finding in analysis.findings}


def rule(code: str) -> type:
    return next(each for each in all_rules() if each.code == code)


def test_a_text_that_holds_another_one_is_left_out() -> None:
    assert needles_of(["MKL", "mkl_fft", "daal"]) == (b"daal", b"mkl")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", (b"abc",)),
        ("ab|cd", (b"ab", b"cd")),
        ("(?:intel|amd64)-microcode|ucode-\\w+", (b"microcode", b"ucode")),
        ("msr-tools|linux-image-\\w+", (b"linux-image-", b"msr-tools")),
        ("a\\w*bcd", (b"bcd",)),
        ("x?abc", (b"abc",)),
        ("(?:x|)abc", (b"abc",)),
        ("(?:abc)+d", (b"abc",)),
        (".*(?:foo|bar\\d)", (b"bar0", b"bar1", b"bar2", b"bar3")),
        ("lib[12]x", (b"lib1x", b"lib2x")),
        ("\\bab(?=cd)", (b"ab",)),
        ("AVX", (b"avx",)),
    ],
)
def test_what_stands_in_every_match(pattern: str, expected: tuple[bytes, ...]) -> None:
    found = literals(pattern)
    if pattern.startswith(".*"):
        assert set(found) == {b"foo", b"bar"}
    else:
        assert found == expected


@pytest.mark.parametrize("pattern", ["a*", "\\w+", "ab|\\d", "(?:ab)?"])
def test_nothing_stands_in_every_match(pattern: str) -> None:
    with pytest.raises(ValueError, match="nothing stands in every match"):
        literals("abc", pattern)


@pytest.mark.parametrize(
    ("needle", "text", "there"),
    [
        (b"sse", b"assert", True),
        (b"\bsse", b"assert message", False),
        (b"\bsse", b"flags = 'sse4_2'", True),
        (b"\bmkl\b", b"import mkl.service", True),
        (b"\bmkl\b", b"import mkl_rt", False),
        (b"mkl\b", b"numpy_mkl", True),
        (both((b"channel", b"playwright"), (b"chrome", b"msedge")), b"chrome of a channel", True),
        (both((b"channel", b"playwright"), (b"chrome", b"msedge")), b"a channel", False),
        (both((b"channel",), (b"\bchrome\b",)), b"channel='chromeless'", False),
    ],
)
def test_a_word_and_two_at_once(needle: bytes, text: bytes, there: bool) -> None:
    assert Lowered(text, Finder((needle,))).may_hold((needle,)) is there


def test_needles_of_dockerfiles_are_plain() -> None:
    """They are also asked of each script by itself (`HostedScript.holds`)."""
    rules = [each for each in all_rules() if each.code.startswith("DF")]
    assert not [each.code for each in rules for needle in getattr(each, "needles", ()) if needle.strip(b"\b") != needle or b"\0" in needle]


def test_how_matches_begin() -> None:
    assert word_starts("sse[234]?|ssse3|avx(?:2|512\\w*)?") == (b"\bavx", b"\bsse", b"\bssse3")
    assert word_starts("(?:chrome|msedge)(?:-beta)?") == (b"\bchrome", b"\bmsedge")
    with pytest.raises(ValueError, match="anything may begin"):
        word_starts("\\w*sse")


def with_row(monkeypatch, of: str, **cells: str) -> None:
    """Add a row to a table for the time of a test."""
    known = tables.table(of)
    line = "\t".join(cells.get(column, "-") for column in known.columns).encode()
    more = tables.Table(known.name, known.as_of, known.columns, line + b"\n" + known.body)
    for module in (images, tools):
        monkeypatch.setattr(module, "table", lambda asked, old=tables.table: more if asked == of else old(asked))
    for cached in CACHES:
        cached.cache_clear()


def seen(made: type[FileRule], text: str) -> bool:
    """Whether a rule finds something in a Dockerfile that holds one of its needles."""
    file = File(Source.decode("Dockerfile", text.encode()), Kind.DOCKERFILE, Settings())
    return Lowered(text.lower().encode(), Finder(made.needles)).may_hold(made.needles) and bool(list(made().check(file)))


CACHES = (
    images._other_rows,
    images._embedded,
    images.arch_in_name,
    tools.tools,
    tools.hidden_names,
    tools._by_repository,
    tools._patterns,
    tools.identify,
)


@pytest.fixture
def reload(monkeypatch):
    """Have a rule made anew, and forget it afterwards."""
    made = []

    def again(code: str):
        module = importlib.import_module(rule(code).__module__)
        made.append(module)
        return importlib.reload(module)

    yield again
    monkeypatch.undo()
    for cached in CACHES:
        cached.cache_clear()
    for module in made:
        importlib.reload(module)


def test_a_new_image_with_a_cpu_baseline_is_found(monkeypatch, reload) -> None:
    text = "FROM example/zebra:9\n"
    assert "DF115" not in codes("Dockerfile", text)
    with_row(monkeypatch, "other_images", image="example/zebra", tags="*", arm64="cpu", note="needs ARMv9", confidence="read", as_of="2026")
    assert seen(reload("DF115").ImageCpuBaseline, text)


def test_a_new_tool_without_arm64_is_found(monkeypatch, reload) -> None:
    url = "https://github.com/some/zebratool/releases/download/v1.0/zebratool-v1.0-linux.tar.gz"
    cells = {"key": "some/zebratool", "name": "Zebra", "pairs": "zebratool->", "since": "never", "urls": "", "evidence": "read"}
    with_row(monkeypatch, "tools", **cells)
    assert seen(reload("DF142").DownloadNoArm64Build, f"FROM debian\nRUN curl -fLO {url}\n")


def test_every_table_s_own_rows_are_reached() -> None:
    """Each derived set holds a needle of each row of its table."""
    baseline = [row["image"] for row in images._other_rows() if row["arm64"] == "cpu"]
    assert all(any(needle in name.encode() for needle in rule("DF115").needles) for name in baseline)
    for tool in tools.tools().values():
        for name in tool.hidden:
            for code in ("DF140", "DF141", "DF142"):
                assert any(needle in name.encode() for needle in rule(code).needles), (code, name)


@pytest.mark.parametrize(
    ("code", "path", "text"),
    [
        ("DF120", "Dockerfile", "FROM alpine\nARG BUILDVARIANT=v8\nRUN echo $BUILDVARIANT\n"),
        ("DF111", "Dockerfile", "FROM example/app:1.0-s390x\n"),
        ("PY208", "app/start.py", "import cpuinfo\nflags = cpuinfo.flags\nif 'pclmulqdq' not in flags:\n    raise RuntimeError\n"),
        ("PY235", "app/start.py", "import auto_gptq\n"),
    ],
)
def test_what_a_table_knew_and_the_needles_did_not(code: str, path: str, text: str) -> None:
    assert code in codes(path, text)


def test_the_sources_of_needles_are_named() -> None:
    def sources(code: str) -> list[str]:
        family, name = rule(code).__module__.split(".")[-2:]
        return sources_of(ROOT / "rules" / family / f"{name}.py", ROOT / "rules")

    assert {"core/needles.py", "knowledge/data/other_images.tsv", "knowledge/images.py", "knowledge/tables.py"} <= set(sources("DF115"))
    assert {"downloads/reporting.py", "knowledge/data/tools.tsv", "knowledge/tools.py"} <= set(sources("DF142"))
    assert sources("DF101") == []


def test_the_modules_of_the_collector_are_those_of_the_table() -> None:
    assert whole_words(x86_modules()) == X86_MODULES


def test_needles_are_in_lower_case() -> None:
    pattern = re.compile(rb"[A-Z]")
    assert not [each.code for each in all_rules() for needle in getattr(each, "needles", ()) if pattern.search(needle)]

import pip_requirements_parser
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source
from armready.languages.requirements import RequirementsFile, parse_requirement, parse_requirements

CASES = [
    ("numpy==1.26.4", "numpy", "==1.26.4", "", ""),
    ("Foo.Bar_baz[x, Y] >= 1.0 , <2 ; python_version<'3.8'", "foo-bar-baz", ">=1.0,<2", "python_version<'3.8'", ""),
    ("six", "six", "", "", ""),
    ("foo (>=1.0)", "foo", ">=1.0", "", ""),
    ("a @ https://x/y-1.0-py3-none-any.whl ; os_name == 'nt'", "a", "", "os_name == 'nt'", "https://x/y-1.0-py3-none-any.whl"),
    ("https://x/torch-1.0-cp38-cp38-linux_x86_64.whl", "torch", "", "", "https://x/torch-1.0-cp38-cp38-linux_x86_64.whl"),
    ("git+https://github.com/x/y#egg=Foo_Bar", "foo-bar", "", "", "git+https://github.com/x/y#egg=Foo_Bar"),
    ("x==1.*", "x", "==1.*", "", ""),
]


@pytest.mark.parametrize(("text", "name", "specifier", "marker", "url"), CASES)
def test_requirement(text: str, name: str, specifier: str, marker: str, url: str) -> None:
    found = parse_requirement(text, 100)
    assert found is not None
    assert (found.name, found.specifier, found.marker, found.url) == (name, specifier, marker, url)
    written = text[found.specifier_span.start - 100 : found.specifier_span.end - 100]
    assert written.replace(" ", "") == specifier
    if found.marker_span is not None:
        assert text[found.marker_span.start - 100 : found.marker_span.end - 100] == marker


def test_file() -> None:
    text = (
        "# made by hand\n-r base.txt\n-cconstraints.txt\n--only-binary=:all:\n"
        "numpy==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "pandas # platform_machine\r\n-e git+https://h/x#egg=x\n\nscipy>=1 ; sys_platform == 'linux'  # end\n"
    )
    parsed = parse_requirements(File(Source("requirements.txt", text), Kind.REQUIREMENTS, Settings()))
    assert [(line.requirement.name, line.hashes, line.editable) for line in parsed.lines] == [
        ("numpy", 2, False),
        ("pandas", 0, False),
        ("x", 0, True),
        ("scipy", 0, False),
    ]
    assert [(option.name, option.value) for option in parsed.options][:3] == [
        ("--requirement", "base.txt"),
        ("--constraint", "constraints.txt"),
        ("--only-binary", ":all:"),
    ]
    for line in parsed.lines:
        span = line.requirement.span
        assert text[span.start : span.end].startswith(("numpy", "pandas", "git+", "scipy"))
    assert text[parsed.lines[0].requirement.span.start : parsed.lines[0].requirement.span.end] == "numpy==1.0"


def test_long_lines_take_linear_time() -> None:
    assert parse_requirement("a ==1" + " " * 20_000 + "x") is None


def read(text: str) -> RequirementsFile:
    return parse_requirements(File(Source("requirements.txt", text), Kind.REQUIREMENTS, Settings()))


def test_options_as_pip_takes_lines_apart() -> None:
    parsed = read(
        "-i 'https://a/x' --extra-index-url=\"https://b\"\ntorch==2.2.1 --no-binary a,b --hash=sha256:cc\n--pre -e 'git+https://h/x#egg=y'\n"
    )
    assert [(option.name, option.value) for option in parsed.options] == [
        ("--index-url", "https://a/x"),
        ("--extra-index-url", "https://b"),
        ("--no-binary", "a,b"),
        ("--pre", ""),
        ("--editable", "git+https://h/x#egg=y"),
    ]
    assert [(line.requirement.name, line.requirement.specifier, line.hashes, line.editable) for line in parsed.lines] == [
        ("torch", "==2.2.1", 1, False),
        ("y", "", 0, True),
    ]


REQUIREMENTS = ["numpy==1.26.4", "Foo.Bar_baz[x, Y] >= 1.0 , <2", "six", "a @ https://x/y-1.0-py3-none-any.whl", "foo (>=1.0)", "x==1.*"]
OPTIONS = ["-r base.txt", "-cother.txt", "--requirement=x.txt", "--pre", "-i https://h/s", '--find-links "./f"', "-e git+https://h/x#egg=y"]
BEHIND = ["", " ; python_version < '3.8'", " ;os_name=='nt'", " --hash=sha256:aa", " \\\n  --hash=sha256:bb", " # c", " \\\n", "  ", " #"]
LINES = st.one_of(
    st.builds("".join, st.tuples(st.sampled_from(REQUIREMENTS), *[st.sampled_from(BEHIND)] * 3)),
    st.builds("".join, st.tuples(st.sampled_from(OPTIONS), st.sampled_from(["", " # c", " \\\n", "  "]))),
    st.sampled_from(["", "# c", " # c", "#c", "  "]),
)
PIECES = st.lists(st.builds("".join, st.tuples(LINES, st.sampled_from(["\n", "\r\n"]))), max_size=6)


@hypothesis_settings(max_examples=300, deadline=None)
@given(PIECES)
def test_agrees_with_pip(tmp_path_factory, pieces: list[str]) -> None:
    """What pip takes for requirements, it is here too, each with its hashes; lines that it refuses are not compared."""
    text = "".join(pieces)
    path = tmp_path_factory.getbasetemp() / "requirements.txt"
    path.write_bytes(text.encode())
    expected = pip_requirements_parser.RequirementsFile.from_file(str(path))
    if expected.invalid_lines or not all(each.name for each in expected.requirements):
        return
    parsed = read(text)
    assert [
        (
            canonicalize_name(each.name or ""),
            str(each.specifier or ""),
            sorted(map(canonicalize_name, each.extras)),
            len(each.hash_options),
            each.is_editable,
        )
        for each in expected.requirements
    ] == [
        (line.requirement.name, str(SpecifierSet(line.requirement.specifier)), sorted(line.requirement.extras), line.hashes, line.editable)
        for line in parsed.lines
    ]
    markers = [each.marker for each in expected.requirements if not each.is_editable]
    assert markers == [Marker(line.requirement.marker) if line.requirement.marker else None for line in parsed.lines if not line.editable]
    included = [each.options for each in expected.options if {"requirements", "constraints"} & each.options.keys()]
    assert sum(len(each.get("requirements", ())) + len(each.get("constraints", ())) for each in included) == sum(
        option.name in ("--requirement", "--constraint") for option in parsed.options
    )

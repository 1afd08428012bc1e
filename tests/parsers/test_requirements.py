import pytest

from armready.classify import Kind
from armready.config import Settings
from armready.file import File
from armready.parsers.requirements import parse_requirement, parse_requirements
from armready.source import Source

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

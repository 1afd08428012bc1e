import tomllib

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source
from armready.languages.toml import Node, parse_toml

TEXT = """\
# comment with = and [brackets]
title = "a \\"quoted\\" \\u00e9" # behind
'literal key' = 'C:\\path'
a.b . c = [ 1, 2, # two
  [3], { x = "y", z = [ "w" ] },
]
multi = \"\"\"
first \\
   joined "two" ""three\"\"\"\"\"
raw = '''x\\n'''

[tool.poetry.dependencies]
python = "^3.9"
date = 2024-01-01T10:00:00

[[package]]
name = "one"
  [package.extras]
  all = ["x"]

[[package]]
name = "two"
"""


def file_of(text: str) -> File:
    return File(Source("pyproject.toml", text), Kind.PYPROJECT, Settings())


def compare(node: Node, value: object, text: str) -> None:
    if isinstance(value, dict):
        assert node.table is not None
        assert set(node.table) == set(value)
        for key, below in value.items():
            compare(node.table[key], below, text)
    elif isinstance(value, list):
        assert node.items is not None
        assert len(node.items) == len(value)
        for each, below in zip(node.items, value, strict=True):
            compare(each, below, text)
    elif isinstance(value, str):
        assert node.is_string
        assert node.value == value
        assert text[node.span.start] in "\"'"
        assert text[node.span.end - 1] in "\"'"
    else:
        assert node.value == text[node.span.start : node.span.end]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_scanner_agrees_with_tomllib(newline: str) -> None:
    text = TEXT.replace("\n", newline)
    parsed = parse_toml(file_of(text))
    value = tomllib.loads(TEXT)
    if newline == "\r\n":
        value["multi"] = parsed.root.get("multi").value  # type: ignore[union-attr]
    compare(parsed.root, value, text)


def test_spans_hold_the_values() -> None:
    node = parse_toml(file_of(TEXT)).root.get("tool", "poetry", "dependencies", "python")
    assert node is not None
    assert TEXT[node.span.start : node.span.end] == '"^3.9"'
    assert node.key_span is not None
    assert TEXT[node.key_span.start : node.key_span.end] == "python"


@pytest.mark.parametrize("text", ["a = ", "[a", "a = [1,", 'a = "x', "= 1", "a = 1\na = 2", "[" * 5000])
def test_what_is_not_toml_is_a_problem(text: str) -> None:
    with pytest.raises(ParseProblem):
        parse_toml(file_of(text))

"""The readers and the programs whose files they read, side by side, over every file of every rule's examples, before and after its fix."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pip_requirements_parser
import pytest
import yaml
from packaging.utils import canonicalize_name

from armready.core.classify import Kind, kind_by_name
from armready.core.config import Settings
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.rule import example_text
from armready.core.source import Source
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.requirements import parse_requirements
from armready.languages.shell.script import parse_shell
from armready.languages.toml import parse_toml
from armready.languages.yaml.nodes import parse_yaml
from armready.run.registry import all_rules
from armready.testing import example_files
from tests.languages.test_dockerfile import oracle
from tests.languages.test_toml import compare

SHFMT = Path(sys.executable).with_name("shfmt")
EXAMPLES = sorted(
    {
        (path, text)
        for rule in all_rules()
        for example in rule.examples
        for path, text in (*example_files(example)[0].items(), (example.path, example_text(example.fixed)))
    }
)


def texts(*kinds: Kind) -> list[str]:
    return sorted({text for path, text in EXAMPLES if text and kind_by_name(path) in kinds})


def read(text: str, kind: Kind) -> File:
    return File(Source("example", text), kind, Settings())


def test_dockerfiles() -> None:
    found = texts(Kind.DOCKERFILE)
    assert len(found) > 200
    for text, expected in zip(found, oracle(found), strict=True):
        assert expected is not None, text
        file = read(text, Kind.DOCKERFILE)
        ours = [(each.keyword, file.source.line_index(each.span.start)) for each in file.parse(parse_dockerfile).instructions]
        assert ours == [(word, line) for word, line, _, _ in expected], text


def nodes(root: object) -> list[tuple[object, ...]]:
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
        elif node is not None:
            plain = isinstance(node.value, str)
            found.append((type(node).__name__, node.start_mark.line, node.start_mark.column, node.value if plain else len(node.value)))
            stack.extend(() if plain else node.value)
    return found


def test_yaml() -> None:
    found = sorted({text for path, text in EXAMPLES if path.endswith((".yml", ".yaml")) and "{{-" not in text})
    compared = 0
    for text in found:
        try:
            expected = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
        except yaml.YAMLError:
            continue
        compared += 1
        assert [nodes(each) for each in read(text, Kind.YAML).parse(parse_yaml)] == [nodes(each) for each in expected], text
    assert compared > 300


def test_toml() -> None:
    found = sorted({text for path, text in EXAMPLES if path.endswith(".toml")})
    assert len(found) > 20
    for text in found:
        compare(read(text, Kind.PYPROJECT).parse(parse_toml).root, tomllib.loads(text), text)


def test_requirements(tmp_path: Path) -> None:
    found = texts(Kind.REQUIREMENTS)
    assert len(found) > 20
    path = tmp_path / "requirements.txt"
    for text in found:
        path.write_text(text)
        expected = pip_requirements_parser.RequirementsFile.from_file(str(path))
        ours = [line.requirement.name for line in read(text, Kind.REQUIREMENTS).parse(parse_requirements).lines]
        assert ours == [canonicalize_name(each.name or "") for each in expected.requirements], text


@pytest.mark.parametrize("text", texts(Kind.SHELL), ids=lambda text: text.split("\n")[0][:40])
def test_shell(text: str) -> None:
    result = subprocess.run([SHFMT, "--to-json"], input=text, capture_output=True, text=True, check=True)
    expected = set()
    stack: list[object] = [json.loads(result.stdout)]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if node.get("Type") == "CallExpr" and node.get("Args"):
                expected.add(node["Args"][-1]["End"]["Offset"])
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    ours = {each.words[-1].span.end for each in parse_shell(Embedded.whole(text)).commands if each.words}
    assert expected <= ours

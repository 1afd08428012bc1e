import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.fix import apply_edits
from armready.core.source import Source
from armready.languages.yaml.edit import append_item, insert_pair, move_pair, prune, remove_item, remove_pair, set_scalar, set_value
from armready.languages.yaml.nodes import get, pair_of, parse_yaml


def opened(text: str):
    file = File(Source("a.yaml", text), Kind.YAML, Settings())
    return file, parse_yaml(file)[0]


def edited(text: str, *edits) -> str | None:
    return None if any(edit is None for edit in edits) else apply_edits(text, edits)


SELECTOR = {"kubernetes.io/arch": "amd64"}


@pytest.mark.parametrize(
    "text, path, before, expected",
    [
        ("spec:\n  # c\n  containers:\n  - name: x\n", ("spec",), "containers", "spec:\n  nodeSelector:\n    kubernetes.io/arch: amd64\n  # c\n  containers:\n  - name: x\n"),
        ("spec:\n    a: 1 # c\n\n# end", ("spec",), None, "spec:\n    a: 1 # c\n    nodeSelector:\n        kubernetes.io/arch: amd64\n\n# end"),
        ("spec:\r\n  a: 1", ("spec",), None, "spec:\r\n  a: 1\r\n  nodeSelector:\r\n    kubernetes.io/arch: amd64"),
        ("- a: 1\n  b: 2\n", (0,), "a", "- nodeSelector:\n    kubernetes.io/arch: amd64\n  a: 1\n  b: 2\n"),
        ("spec: {a: 1}\n", ("spec",), None, "spec: {a: 1, nodeSelector: {kubernetes.io/arch: amd64}}\n"),
        ("spec: {}\n", ("spec",), None, "spec: {nodeSelector: {kubernetes.io/arch: amd64}}\n"),
        (
            '{\n  "spec": {\n    "a": 1\n  }\n}\n', ("spec",), None,
            '{\n  "spec": {\n    "a": 1,\n    "nodeSelector": {"kubernetes.io/arch": "amd64"}\n  }\n}\n',
        ),
        ("x: &x 1\nspec:\n  a: *x\nz: 1\n", ("spec",), None, "x: &x 1\nspec:\n  a: *x\n  nodeSelector:\n    kubernetes.io/arch: amd64\nz: 1\n"),
        ("spec:\n  a: |+\n    x\n\n", ("spec",), None, None),
        ("spec:\n  a:\n", ("spec",), None, "spec:\n  a:\n  nodeSelector:\n    kubernetes.io/arch: amd64\n"),
    ],
)  # fmt: skip
def test_insert_pair(text, path, before, expected):
    file, root = opened(text)
    mapping = get(root, *path)
    key = pair_of(mapping, before)[0] if before else None
    assert edited(text, insert_pair(file, mapping, "nodeSelector", SELECTOR, before=key)) == expected


def test_nested_sequences_follow_the_style_of_the_file():
    text = "a:\n    b:\n        - c: 1\n"
    file, root = opened(text)
    data = {"terms": [{"key": "x", "values": ["amd64", "1"]}]}
    assert edited(text, insert_pair(file, root, "m", data)) == text + 'm:\n    terms:\n        - key: x\n          values: [amd64, "1"]\n'


@pytest.mark.parametrize(
    "text, path, key, expected",
    [
        ("a:\n  b: 1 # x\n  # about c\n  c: 2\n", ("a",), "b", "a:\n  # about c\n  c: 2\n"),
        ("a:\n  b: 1\n  c:\n  - x\n  - y\n\n# z\nd: 1", ("a",), "c", "a:\n  b: 1\n\n# z\nd: 1"),
        ("- a: 1\n  b: 2\n", (0,), "a", "- b: 2\n"),
        ("- a: 1\n  b: 2\n", (0,), "b", "- a: 1\n"),
        ("a: {b: 1, c: 2, d: 3}\n", ("a",), "b", "a: {c: 2, d: 3}\n"),
        ("a: {b: 1, c: 2, d: 3}\n", ("a",), "d", "a: {b: 1, c: 2}\n"),
        ("a: {b: 1}\n", ("a",), "b", None),
        ('{\n  "a": 1,\n  "b": {"c": 1}\n}', (), "b", '{\n  "a": 1\n}'),
    ],
)
def test_remove_pair(text, path, key, expected):
    file, root = opened(text)
    mapping = get(root, *path) if path else root
    assert edited(text, remove_pair(file, mapping, pair_of(mapping, key)[0])) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("spec:\n  nodeSelector:\n    arch: amd64\n  c: 1\n", "spec:\n  c: 1\n"),
        ("spec:\n  nodeSelector: {arch: amd64, x: y}\n  c: 1\n", "spec:\n  nodeSelector: {x: y}\n  c: 1\n"),
        ("spec:\n  nodeSelector:\n    arch: amd64\n", "spec: {}\n"),
    ],
)
def test_prune(text, expected):
    file, root = opened(text)
    spec = get(root, "spec")
    selector = get(spec, "nodeSelector")
    chain = [(root, pair_of(root, "spec")[0]), (spec, pair_of(spec, "nodeSelector")[0]), (selector, pair_of(selector, "arch")[0])]
    assert edited(text, prune(file, *chain)) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: amd64\n", "a: arm64\n"),
        ('a: "amd64"\n', 'a: "arm64"\n'),
        ("a: &x 'amd64' # c\n", "a: &x 'arm64' # c\n"),
        ("a:\n", "a: arm64\n"),
        ("a: {b: c}\n", None),
    ],
)
def test_set_scalar(text, expected):
    file, root = opened(text)
    assert edited(text, set_scalar(file, get(root, "a"), "arm64")) == expected


def test_set_value():
    file, root = opened("a:\n  b: {}\n  c: 1\n")
    mapping = get(root, "a")
    assert (
        edited(file.text, set_value(file, mapping, pair_of(mapping, "b")[0], SELECTOR))
        == "a:\n  b:\n    kubernetes.io/arch: amd64\n  c: 1\n"
    )


@pytest.mark.parametrize(
    "text, appended, removed",
    [
        ("a: [amd64, x]\n", "a: [amd64, x, arm64]\n", "a: [x]\n"),
        ('a: ["amd64", "x"]\n', 'a: ["amd64", "x", "arm64"]\n', 'a: ["x"]\n'),
        ("a:\n- amd64 # c\n- x # d\nb: 1\n", "a:\n- amd64 # c\n- x # d\n- arm64\nb: 1\n", "a:\n- x # d\nb: 1\n"),
        ("a:\n  - 'amd64'\n  - 'x'", "a:\n  - 'amd64'\n  - 'x'\n  - 'arm64'", "a:\n  - 'x'"),
        ("a: [\n  amd64,\n  x\n]\n", "a: [\n  amd64,\n  x,\n  arm64\n]\n", "a: [\n  x\n]\n"),
    ],
)
def test_items(text, appended, removed):
    file, root = opened(text)
    assert edited(text, append_item(file, get(root, "a"), "arm64")) == appended
    assert edited(text, remove_item(file, get(root, "a"), 0)) == removed


def test_move_a_block_from_the_root():
    text = """\
spec:
  containers:
  - name: x
# why
nodeSelector:
  # inner
  kubernetes.io/arch: arm64

kind: Pod
"""
    file, root = opened(text)
    spec = get(root, "spec")
    edits = move_pair(file, root, pair_of(root, "nodeSelector")[0], spec, before=pair_of(spec, "containers")[0])
    assert (
        edited(text, *edits)
        == """\
spec:
  # why
  nodeSelector:
    # inner
    kubernetes.io/arch: arm64
  containers:
  - name: x

kind: Pod
"""
    )


def test_move_the_last_block_of_a_file_without_a_final_newline():
    text = "spec:\r\n    containers: []\r\nnodeSelector:\r\n  arch: arm64"
    file, root = opened(text)
    edits = move_pair(file, root, pair_of(root, "nodeSelector")[0], get(root, "spec"))
    assert edited(text, *edits) == "spec:\r\n    containers: []\r\n    nodeSelector:\r\n      arch: arm64"

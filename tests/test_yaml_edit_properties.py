"""Edits on generated YAML: what is read afterwards is what was meant, and nothing else has changed."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.fix import apply_edits
from armready.core.source import Source
from armready.languages.yaml.edit import append_item, dedent_pair, insert_pair, move_pair, remove_item, remove_pair, replace_pair, set_value
from armready.languages.yaml.nodes import MappingNode, ScalarNode, SequenceNode, key_of, parse_yaml

KEYS = st.sampled_from(["a", "b", "nodeSelector", "kubernetes.io/arch", "x y", "0", "true"])
SCALARS = st.sampled_from(["amd64", "1.2", "yes", "", "a: b", "# c", "it's", "é", "line\nline\n", "- x", "${X}"])
TREES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3), max_leaves=10
)  # fmt: skip


def dumped(tree, step: int, offset: int, flow: bool, crlf: bool, final: bool, comments: bool) -> str:
    yaml = YAML(typ="rt")
    yaml.indent(mapping=step, sequence=offset + 2, offset=offset)
    yaml.default_flow_style = flow
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(tree, stream)
    text = stream.getvalue()
    if comments and not flow:
        text = "".join(f"{line}  # why\n" if line.endswith(": amd64") else f"{line}\n" for line in text.splitlines())
    if not final:
        text = text.removesuffix("\n")
    return text.replace("\n", "\r\n") if crlf else text


def content(node):
    if isinstance(node, MappingNode):
        return {key_of(key): content(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [content(item) for item in node.value]
    return node.value


def reread(text: str):
    (root,) = parse_yaml(File(Source("a.yaml", text), Kind.YAML, Settings()))
    return content(root)


def paths(root):
    """Every collection with the keys and indexes that lead to it."""
    stack = [(root, ())]
    while stack:
        node, path = stack.pop()
        if isinstance(node, ScalarNode):
            continue
        yield path, node
        children = [(key_of(key), value) for key, value in node.value] if isinstance(node, MappingNode) else enumerate(node.value)
        stack += [(value, (*path, key)) for key, value in children]


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


NEW = {"k": ["amd64", "arm64"], "l": {"m": "x"}}


def remove(file, root, path, node, tree, pick):
    if isinstance(node, SequenceNode):
        index = pick(range(len(node.value)))
        at(tree, path).pop(index)
        return (remove_item(file, node, index),)
    key = pick([key for key, _ in node.value])
    at(tree, path).pop(key_of(key))
    return (remove_pair(file, node, key),)


def add(file, root, path, node, tree, pick):
    if isinstance(node, SequenceNode):
        at(tree, path).append("arm64")
        return (append_item(file, node, "arm64"),)
    at(tree, path)["new"] = NEW
    return (insert_pair(file, node, "new", NEW, before=pick([None, *(key for key, _ in node.value)])),)


def replace(file, root, path, node, tree, pick):
    if not isinstance(node, MappingNode):
        return (None,)
    key = pick([key for key, _ in node.value])
    if pick([True, False]):
        at(tree, path)[key_of(key)] = NEW
        return (set_value(file, node, key, NEW),)
    at(tree, path).pop(key_of(key))
    at(tree, path)["new"] = NEW
    return (replace_pair(file, node, key, "new", NEW),)


def move(file, root, path, node, tree, pick):
    """Out of a mapping into the root, or one level up."""
    if not isinstance(node, MappingNode) or not path:
        return (None,)
    key = pick([key for key, _ in node.value])
    name = key_of(key)
    if any(key_of(each) == name for each, _ in root.value):
        return (None,)
    if len(path) == 1 and pick([True, False]):
        edits = dedent_pair(file, root, next(each for each, value in root.value if value is node), node, key)
        tree[name] = at(tree, path).pop(name)
        if not at(tree, path):
            del tree[path[0]]
        return edits or (None,)
    tree[name] = at(tree, path).pop(name)
    return move_pair(file, node, key, root, before=pick([None, *(each for each, _ in root.value)])) or (None,)


@settings(max_examples=1200, deadline=None)
@given(
    tree=st.dictionaries(KEYS, TREES, min_size=1, max_size=4),
    step=st.sampled_from([2, 4]),
    offset=st.sampled_from([0, 2]),
    flow=st.booleans(),
    crlf=st.booleans(),
    final=st.booleans(),
    comments=st.booleans(),
    edit=st.sampled_from([remove, add, replace, move]),
    data=st.data(),
)
def test_edits(tree, step, offset, flow, crlf, final, comments, edit, data):
    text = dumped(tree, step, offset, flow, crlf, final, comments)
    file = File(Source("a.yaml", text), Kind.YAML, Settings())
    (root,) = parse_yaml(file)
    expected = content(root)
    choices = [(path, node) for path, node in paths(root) if node.value or edit is add]
    path, node = data.draw(st.sampled_from(choices))
    edits = edit(file, root, path, node, expected, lambda options: data.draw(st.sampled_from(list(options))))
    if all(each is not None for each in edits):
        assert reread(apply_edits(text, edits)) == expected

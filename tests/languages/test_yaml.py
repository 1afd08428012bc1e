import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source, Span
from armready.languages.yaml.nodes import (
    MappingNode,
    ScalarNode,
    embedded,
    find,
    get,
    is_alias,
    items,
    kind_of,
    merged_pairs,
    parse_yaml,
    parse_yaml_text,
    span,
    strings,
    text_of,
    walk,
)


def yaml_file(text: str) -> File:
    return File(Source("a.yaml", text), Kind.YAML, Settings())


def root(text: str):
    return parse_yaml(yaml_file(text))[0]


def spanned(text: str, *keys: str | int) -> str:
    node = get(root(text), *keys)
    return text[slice(*span(node))]


@pytest.mark.parametrize(
    "text, keys, expected",
    [
        ("a: hello # c\n", ("a",), "hello"),
        ("a: &x hello # c\n", ("a",), "hello"),
        ("a: !foo &x 'it''s'\n", ("a",), "'it''s'"),
        ("a: &x\n  # comment\n  b: 1\n\n# after\nc: 2\n", ("a",), "b: 1"),
        ("a:\n  - b\n  # inner\n\n# outer\nc: 2\n", ("a",), "- b"),
        ("a: |\n  text\n\n\nb: 1\n", ("a",), "|\n  text"),
        ("a: >-\n  folded\n  text", ("a",), ">-\n  folded\n  text"),
        ("a: [b, {c: d}] # x\n", ("a",), "[b, {c: d}]"),
        ("x: &x 1\na:\n  b: 2\n  c: *x # end\nd: 1\n", ("a",), "b: 2\n  c: *x"),
        ("x: &x 1\na:\n- *x\n- *x\n# end\nd: 1\n", ("a",), "- *x\n- *x"),
        ("a:\n  b:\n# end\nd: 1\n", ("a",), "b:"),
        ("\"é😀\": 'ü'\n", ("é😀",), "'ü'"),
        ("a: b\r\nc: d\r\n", ("c",), "d"),
        ("a: !!str\n  - b\n", ("a",), "- b"),
    ],
)
def test_span(text, keys, expected):
    assert spanned(text, *keys) == expected


def test_get_resolves_merge_keys_and_prefers_own_ones():
    node = root("base: &base {a: 1, b: 2}\nx:\n  <<: *base\n  b: 3\n  c: 4\n")
    assert [text_of(get(node, "x", key)) for key in "abc"] == ["1", "3", "4"]
    assert [key.value for key, _ in merged_pairs(get(node, "x"))] == ["b", "c", "a"]
    assert get(node, "x", "missing") is None
    assert get(node, "x", 0) is None


def test_an_alias_is_the_same_node():
    node = root("a: &a {x: 1}\nb: *a\n")
    assert get(node, "a") is get(node, "b")
    assert is_alias(node, get(node, "b"), node.value[1][0].end_mark.index)
    assert not is_alias(node, get(node, "a"), node.value[0][0].end_mark.index)


def test_find_with_wildcards():
    node = root("a:\n- b: 1\n- b: 2\n- c: 3\nd: {x: {b: 4}, y: {b: 5}}\n")
    assert [text_of(each) for each in find(node, "a", "*", "b")] == ["1", "2"]
    assert [text_of(each) for each in find(node, "d", "*", "b")] == ["4", "5"]


def test_strings_and_items():
    node = root("a: [x, 'y', [z]]\nb: one\nc:\n")
    assert strings(get(node, "a")) == ("x", "y", "z")
    assert strings(get(node, "b")) == ("one",)
    assert strings(get(node, "c")) == ()
    assert len(items(get(node, "a"))) == 3
    assert items(get(node, "b")) == ()


@pytest.mark.parametrize(
    "text, kind",
    [("yes", "bool"), ("True", "bool"), ("'yes'", "str"), ("1", "int"), ("0x1f", "int"), ("1.5", "float"), ("~", "null"), ("", "null"),
     ("1.2.3", "str"), ("!!str 1", "str"), ("[1]", "seq"), ("{a: 1}", "map"), ("amd64", "str")],
)  # fmt: skip
def test_kind_of(text, kind):
    assert kind_of(get(root(f"a: {text}\n"), "a")) == kind


def test_unknown_tags_and_duplicate_keys_are_read():
    node = root("a: !reference [x, y]\na: !Sub '${b}'\n")
    assert isinstance(node, MappingNode)
    assert text_of(get(node, "a")) == "${b}"
    assert node.value[0][1].tag == "!reference"


def test_documents_around_a_bad_one_are_kept():
    text = "a: 1\n---\nb: [1\nc: {\n---\nd: 4\n"
    stream = parse_yaml_text(text)
    assert len(stream.problems) == 1
    assert [each and each.value[0][0].value for each in stream.documents] == ["a", None, "d"]
    assert text[slice(*span(stream.documents[2]))] == "d: 4"


def test_a_bad_only_document_raises():
    with pytest.raises(ParseProblem, match="line 2"):
        parse_yaml(yaml_file("a: [1\n"))
    with pytest.raises(ParseProblem):
        parse_yaml(yaml_file("a: \x07\n"))


def test_an_empty_file_has_no_documents():
    assert parse_yaml(yaml_file("# nothing\n---\n")) == ()


def test_alias_bomb_is_cheap():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    node = root("\n".join(lines))
    assert sum(1 for _ in walk(node)) < 1_000
    assert strings(get(node, "a39"))


def test_a_recursive_alias_ends():
    node = root("a: &a\n  b: *a\n  <<: *a\n")
    assert get(node, "a", "missing") is None
    assert sum(1 for _ in walk(node)) == 5


@pytest.mark.parametrize(
    "text", ["'[' * 400_000", "'{a: ' * 400_000", "'- ' * 400_000", "'? ' * 400_000", "''.join(' ' * n + 'a:\\n' for n in range(3_000))"]
)
def test_deep_nesting_is_a_problem_and_not_a_crash(text):
    code = f"from armready.languages.yaml.nodes import parse_yaml_text; s = parse_yaml_text({text}); assert s.problems, s; print(s.problems[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
    assert "deep" in done.stdout


def test_many_brackets_side_by_side_are_fine():
    assert not parse_yaml_text("a: [" + "[], " * 5_000 + "]\n").problems


def decoded(text: str, *keys: str | int):
    file = yaml_file(text)
    node = get(parse_yaml(file)[0], *keys)
    return node, embedded(file, node)


@pytest.mark.parametrize(
    "text",
    [
        "a: plain text",
        "a: plain\n  over\n\n  lines\n",
        "a: &x plain\n",
        "a: !t\n  &x 'single ''quoted'''\n",
        "a: 'single\n\n  folded  \n  twice'\n",
        'a: "double \\"x\\" \\t \\u00e9 \\\n   joined\n  folded"\n',
        "a: |\n  one\n    two\n\n  three\n",
        "a: |\n  one\n  two",
        "a: |+\n  one\n\n\nb: 1\n",
        "a: |2-\n    one\n   two\n",
        "a: >\n  one\n  two\n\n  three\n    more\n  four\n",
        "a: >+\n\n  one\n  two\n\nb: 1\n",
        "a: |\n\n  one\n",
        "- a: | # comment\n   x\r\n",
        "a: |\r\n  one\r\n  two\r\nb: 1\r\n",
        "a: one\r\n  two\r\n",
        'a: "  \n x "\n',
        "a: |\n",
        "a: ''\n",
        "a: ${X}\n",
    ],
)
def test_embedded_reproduces_the_value(text):
    file = yaml_file(text)
    for node in walk(parse_yaml(file)[0]):
        if isinstance(node, ScalarNode):
            inner = embedded(file, node)
            assert inner is not None
            assert inner.text == node.value
            for segment in inner.segments:
                assert inner.text[segment.inner : segment.inner + segment.length] == text[segment.host : segment.host + segment.length]


def apply(text: str, edit) -> str:
    span, new = edit
    return text[: span.start] + new + text[span.end :]


def test_a_line_of_a_literal_is_replaced_by_two():
    text = "s: |\n    docker build .\n    docker push x\n"
    node, inner = decoded(text, "s")
    start = node.value.index("docker push")
    assert apply(text, inner.edit(Span(start, start + 13), "a\n\nb")) == "s: |\n    docker build .\n    a\n\n    b\n"
    assert apply(text, inner.edit(Span(0, start), "")) == "s: |\n    docker push x\n"
    assert apply(text, inner.edit(Span(start - 1, start + 13), "")) == "s: |\n    docker build .\n"


def test_text_that_would_end_a_plain_scalar_is_refused():
    _, inner = decoded("s: [docker build .]\n", "s", 0)
    assert inner.edit(Span(12, 12), " --platform a,b") is None
    _, inner = decoded("s: docker build .\n", "s")
    assert inner.edit(Span(12, 12), " --platform a,b") == (Span(15, 15), " --platform a,b")
    assert inner.edit(Span(12, 12), " a: b") is None
    assert inner.edit(Span(0, 0), '"x" ') is None
    assert inner.edit(Span(14, 14), " #") is None


words = st.text(alphabet="ab \n'\"\\:#,[]{}-|>&*!%é😀\t$", max_size=12)


def written(value: str, style: str) -> str | None:
    if style == "'":
        return "'" + value.replace("'", "''").replace("\n", "\n\n  ") + "'"
    if style == '"':
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if style:
        return f"{style}\n" + "\n".join("    " + line for line in value.split("\n")) + "\n"
    return value.replace("\n", "\n\n    ")


@settings(max_examples=1500, deadline=None)
@given(value=words, style=st.sampled_from(["", "'", '"', "|", ">"]), crlf=st.booleans(), flow=st.booleans(), data=st.data())
def test_decoding_after_an_encoded_edit_gives_the_intended_text(value, style, crlf, flow, data):
    scalar = written(value, style)
    text = f"[{scalar}, z]\n" if flow and style not in ("|", ">") else f"k: {scalar}\nz: 1\n"
    text = text.replace("\n", "\r\n") if crlf else text
    file = yaml_file(text)
    try:
        node = get(parse_yaml(file)[0], *((0,) if text[0] == "[" else ("k",)))
    except (ParseProblem, IndexError):
        return
    inner = embedded(file, node)
    if inner is None:
        begins = {line.lstrip()[:1] for line in value.split("\n")}
        assert "\t" in text or begins & {"!", "&"} or not isinstance(node, ScalarNode)
        return
    assert inner.text == node.value
    start = data.draw(st.integers(0, len(inner.text)))
    end = data.draw(st.integers(start, len(inner.text)))
    fragment = data.draw(words)
    edit = inner.edit(Span(start, end), fragment)
    if edit is None:
        return
    after = root(apply(text, edit))
    expected = inner.text[:start] + fragment + inner.text[end:]
    assert get(after, *((0,) if text[0] == "[" else ("k",))).value == expected
    if text[0] == "[":
        assert len(items(after)) == len(items(root(text)))
    else:
        assert text_of(get(after, "z")) == "1"


def test_an_anchor_that_is_set_again():
    text = "a: &x 1\nb: *x\nc: &x 2  # &x *x\nd: *x\ne: [&x 3, *x]\n---\nf: &x 4\ng: *x\n"
    first, second = parse_yaml_text(text).documents
    assert [text_of(get(first, key)) for key in "abcd"] == ["1", "1", "2", "2"]
    assert text_of(get(first, "e", 1)) == "3"
    assert text_of(get(second, "g")) == "4"
    assert text[slice(*span(get(first, "c")))].endswith("2")

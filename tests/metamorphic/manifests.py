"""Rewritings of Kubernetes manifests."""

import json
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.source import Span
from armready.core.suppressions import NEEDLE
from armready.languages.yaml.nodes import Node, content_start, items, kind_of, pairs, parse_yaml, span

from .rewriting import Change, Part, insert, rewriting

_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
_NOT_PLAIN = re.compile(r"(?m)^[ \t]*#|\s#|[&*]\w|<<:|\{\{|!|^---|^\.\.\.|^%")


def _is_manifest(file: File) -> bool:
    return file.path.endswith((".yaml", ".yml")) and NEEDLE.decode() not in file.text and "{{" not in file.text


def _one(file: File) -> Node | None:
    """The one document of a file that can be printed anew: no comment, anchor, tag or template, and no key twice."""
    if not _is_manifest(file) or _NOT_PLAIN.search(file.text):
        return None
    roots = parse_yaml(file)
    return roots[0] if len(roots) == 1 and _unambiguous(roots[0]) else None


def _unambiguous(node: Node) -> bool:
    keys = [key.value for key, _ in pairs(node)]
    children = [*(value for _, value in pairs(node)), *items(node)]
    return len(set(keys)) == len(keys) and all(map(_unambiguous, children))


def _scalar(file: File, node: Node) -> list[Part]:
    """A scalar as JSON, with its text in place where it can stay."""
    if kind_of(node) != "str":
        return [span(node)]
    start = content_start(node)
    inner = Span(start, start + len(node.value))
    if json.dumps(node.value) == f'"{file.source.slice(inner)}"':
        return ['"', inner, '"']
    return [json.dumps(node.value)]


def _flow(file: File, node: Node, indent: str) -> list[Part]:
    deeper = f"{indent}  "
    entries = [[*_scalar(file, key), ": ", *_flow(file, value, deeper)] for key, value in pairs(node)]
    entries += [_flow(file, each, deeper) for each in items(node)]
    if not entries:
        return ["{}" if kind_of(node) == "map" else "[]"] if kind_of(node) in ("map", "seq") else _scalar(file, node)
    opened, closed = ("{", "}") if pairs(node) else ("[", "]")
    out: list[Part] = [opened]
    for number, entry in enumerate(entries):
        out += [",\n" if number else "\n", deeper, *entry]
    return [*out, "\n", indent, closed]


def _block(file: File, node: Node, indent: str, *, backwards: bool = False) -> list[Part]:
    """Lines of four blanks a level, with lists as deep as maps, behind the text that is there."""
    if not pairs(node) and not items(node):
        return [" ", *_flow(file, node, "")]
    out: list[Part] = []
    for key, value in pairs(node)[:: -1 if backwards else 1]:
        out += ["\n", indent, *_plain(file, key), ":", *_block(file, value, f"{indent}    ", backwards=backwards)]
    for each in items(node):
        out += ["\n", indent, "-", *_block(file, each, f"{indent}    ", backwards=backwards)]
    return out


def _plain(file: File, node: Node) -> list[Part]:
    return [span(node)] if _PLAIN.fullmatch(file.source.slice(span(node))) else _scalar(file, node)


@rewriting(Kind.KUBERNETES, fixes=False)
def flow_style(file: File) -> Iterator[Change]:
    """One document in flow style, the form of JSON that YAML reads. A fix that moves lines may be refused there."""
    root = _one(file)
    if root is not None:
        yield Change(Span(0, len(file.text)), (*_flow(file, root, ""), "\n"), printed=True)


@rewriting(Kind.KUBERNETES, rename=lambda path: re.sub(r"\.ya?ml$", ".json", path), fixes=False)
def as_json(file: File) -> Iterator[Change]:
    """One document as JSON, with plain scalars only that JSON has too. A fix that moves lines may be refused there."""
    root = _one(file)
    if root is not None and not re.search(r"(?i):\s+(?:yes|no|on|off|~|\.inf|0x\w+|[\d.]*\.)\s*$", file.text):
        yield Change(Span(0, len(file.text)), (*_flow(file, root, ""), "\n"), printed=True)


@rewriting(Kind.KUBERNETES)
def block_style(file: File) -> Iterator[Change]:
    """One document in block style with other indents."""
    root = _one(file)
    if root is not None:
        yield Change(Span(0, len(file.text)), (*_block(file, root, "")[1:], "\n"), printed=True)


@rewriting(Kind.KUBERNETES)
def keys_in_another_order(file: File) -> Iterator[Change]:
    """Each map from its end to its beginning."""
    root = _one(file)
    if root is not None:
        yield Change(Span(0, len(file.text)), (*_block(file, root, "", backwards=True)[1:], "\n"), printed=True)


def _text_lines(file: File) -> Iterator[int]:
    yield from (start for start, line in zip(file.source.line_starts, file.source.lines, strict=True) if line.strip())


@rewriting(Kind.KUBERNETES)
def in_a_list(file: File) -> Iterator[Change]:
    """An object of the API as the item of a `List`."""
    if (
        _one(file) is None
        or "kind: List" in file.text
        or "eksctl.io" in file.text
        or not file.text.startswith(("apiVersion", "kind", "metadata"))
    ):
        return
    for number, start in enumerate(_text_lines(file)):
        yield insert(start, "  " if number else "apiVersion: v1\nkind: List\nitems:\n- ")


@rewriting(Kind.KUBERNETES)
def behind_another_document(file: File) -> Iterator[Change]:
    """A ConfigMap in front."""
    if _is_manifest(file) and "apiVersion" in file.text and not file.text.startswith(("---", "%", "#", "-")):
        yield insert(0, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n  a: b\n---\n")


@rewriting(Kind.KUBERNETES)
def in_front_of_another_document(file: File) -> Iterator[Change]:
    """A ConfigMap behind."""
    if _is_manifest(file) and "apiVersion" in file.text and not file.text.startswith("-"):
        yield insert(
            len(file.text),
            "\n"[file.text.endswith("\n") :] + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n  a: b\n",
        )


def _scalars(node: Node) -> Iterator[Node]:
    for _, value in pairs(node):
        yield from _scalars(value)
    for each in items(node):
        yield from _scalars(each)
    if kind_of(node) == "str":
        yield node


def _quoted(file: File, quote: str) -> Iterator[Change]:
    if not _is_manifest(file):
        return
    for root in parse_yaml(file):
        for place in sorted({span(node) for node in _scalars(root)}):
            if _PLAIN.fullmatch(file.source.slice(place)):
                yield Change(place, (quote, place, quote))


@rewriting(Kind.KUBERNETES)
def values_in_double_quotes(file: File) -> Iterator[Change]:
    """A plain text in quotes."""
    yield from _quoted(file, '"')


@rewriting(Kind.KUBERNETES)
def values_in_single_quotes(file: File) -> Iterator[Change]:
    """A plain text in quotes."""
    yield from _quoted(file, "'")


@rewriting(Kind.KUBERNETES)
def values_with_anchors(file: File) -> Iterator[Change]:
    """An anchor that nothing uses, in front of each plain text. An edit of an anchored value is refused."""
    if not _is_manifest(file) or "&" in file.text:
        return
    for root in parse_yaml(file):
        for number, place in enumerate(sorted({span(node) for node in _scalars(root)})):
            if _PLAIN.fullmatch(file.source.slice(place)):
                yield insert(place.start, f"&v{number} ")


@rewriting(Kind.KUBERNETES)
def comments_behind_lines(file: File) -> Iterator[Change]:
    """A comment behind each line of plain text, in files without block scalars and comments."""
    if not _is_manifest(file) or re.search(r"[|>#\"'\[{]", file.text):
        return
    for number, line in enumerate(file.source.lines):
        if line.strip() and not line.startswith(("---", "...")):
            yield insert(file.source.line_span(number).end, "  # why")


@rewriting(Kind.KUBERNETES)
def windows_line_ends(file: File) -> Iterator[Change]:
    """CRLF, in files without block scalars."""
    if _is_manifest(file) and "\r" not in file.text and not re.search(r"[|>][-+\d]*\n", file.text):
        yield from (insert(found.start(), "\r") for found in re.finditer("\n", file.text))


@rewriting(Kind.KUBERNETES, adds=lambda path: {"kustomization.yaml": f"resources:\n- {path}\n"})
def as_base_of_kustomize(file: File) -> Iterator[Change]:
    """A kustomization beside it that takes it as it is."""
    if _is_manifest(file):
        yield insert(0, "")


@rewriting(
    Kind.KUBERNETES,
    rename=lambda path: f"chart/templates/{path}",
    adds=lambda _: {"chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n", "chart/values.yaml": "replicas: 1\n"},
    fixes=False,
    levels=False,
)
def as_template_of_helm(file: File) -> Iterator[Change]:
    """A template of a chart that renders to the same text. What is said of a template is less sure, and less is edited."""
    if _is_manifest(file) and "/" not in file.path and not file.text.startswith(("---", "%")) and "eksctl.io" not in file.text:
        yield insert(0, "{{- /* of a chart */ -}}\n")

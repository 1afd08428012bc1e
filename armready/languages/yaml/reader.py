"""Reading YAML text to nodes: many documents, bad ones, unknown tags, and what would overflow the composer's stack."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import product
from string import ascii_letters
from typing import NamedTuple

from _ruamel_yaml import CParser  # type: ignore[import-not-found]
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

from armready.core.startup import regex

MAX_DEPTH = 1_000
# Nesting of so many levels is far from what overflows the stack.
_SAFE_BRACKETS = 4_000
_MAX_BAD_DOCUMENTS = 10

_EXPLICIT_TAG = regex(r"(?:^|[\s,\[{\-])!", re.MULTILINE)
# What the composer says of an anchor that is set twice.
_ANCHORED_AGAIN = "second occurrence"
_ANCHOR = regex(r"[&*]([\w-]+)")
_INDENT = regex(r"(?m)^[ \-?:]+")
_DEEP_INDENT = regex(rf"(?m)^[ \-?:]{{{MAX_DEPTH // 4}}}")
_DOCUMENT_START = regex(r"(?m)^(?:---|\.\.\.)(?=[ \t\r\n]|$)")


class _ImplicitTag(Tag):
    """The tag of all nodes of one text that name none."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__(suffix="")
        self.text = text


class _ExplicitTag(Tag):
    __slots__ = ("text",)

    def __init__(self, suffix: str, text: str) -> None:
        super().__init__(suffix=suffix)
        self.text = text


class _Parser(CParser):  # type: ignore[misc]
    """The C parser and composer, with a resolver that resolves nothing: three quarters of the stock loader's time go there."""

    def __init__(self, text: str, tag: Tag) -> None:
        CParser.__init__(self, text)
        self._tag = tag

    def resolve(self, _kind: object, _value: object, _implicit: object) -> Tag:
        return self._tag

    def descend_resolver(self, _parent: object, _index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


class Stream(NamedTuple):
    """The documents of a text, and what is wrong with those that could not be read (they stand as None)."""

    documents: tuple[Node | None, ...]
    problems: tuple[str, ...]


def parse_yaml_text(text: str) -> Stream:
    """Parse all documents of `text`; those that cannot be read stand as None."""
    tag = _ImplicitTag(text)
    problems: list[str] = []
    readable = text
    while True:
        try:
            roots = _compose(readable, tag)
            break
        except _BadDocument as bad:
            problems.append(bad.reason)
            blanked = _without_document(readable, bad.offset) if len(problems) < _MAX_BAD_DOCUMENTS else None
            if blanked is None:
                roots = ()
                break
            readable = blanked
    if "!" in text and _EXPLICIT_TAG.search(text):
        for root in roots:
            _tag_explicitly(root, text)
    return Stream(tuple(None if _is_empty(root) else root for root in roots), tuple(problems))


def _without_document(text: str, offset: int) -> str | None:
    """`text` with the document around an offset blanked out, so that the places of all others stay; None when that leaves nothing."""
    borders = [match.start() for match in _DOCUMENT_START.finditer(text)]
    index = bisect_right(borders, offset)
    if index and offset <= borders[index - 1] + 3:
        index -= 1
    start = borders[index - 1] + 3 if index else 0
    end = borders[index] if index < len(borders) else len(text)
    if not text[start:end].strip() and index < len(borders):
        start, end = borders[index] + 3, borders[index + 1] if index + 1 < len(borders) else len(text)
    if end <= start or not text[start:end].strip() or not (text[:start].strip("-. \r\n") or text[end:].strip("-. \r\n")):
        return None
    return text[:start] + re.sub(r"[^\r\n]", " ", text[start:end]) + text[end:]


class _BadDocument(Exception):
    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


_COLON_IN_FLOW = regex(r"(?<=[^\s,\[\]{}'\":]):(?=[^\s,\[\]{}])")
_COLON_MASK = "\ue03a"
_MAX_MASKED_LINES = 3


def _compose(text: str, tag: Tag) -> tuple[Node, ...]:
    """The roots of `text`.

    A plain scalar with a colon in a flow collection (`[docker:dind]`), which libyaml refuses, is read with the colon masked: at first in
    the lines that it complains of, then in all.
    """
    readable = text
    for _ in range(_MAX_MASKED_LINES):
        try:
            roots = _composed(readable, tag)
            break
        except _BadDocument as bad:
            start = readable.rfind("\n", 0, bad.offset) + 1
            end = readable.find("\n", bad.offset)
            line = readable[start : end if end >= 0 else len(readable)]
            masked = _COLON_IN_FLOW.sub(_COLON_MASK, line)
            if "found unexpected ':'" not in bad.reason or masked == line:
                raise
            readable = readable[:start] + masked + readable[start + len(line) :]
    else:
        readable = _COLON_IN_FLOW.sub(_COLON_MASK, readable)
        roots = _composed(readable, tag)
    if readable is not text:
        for root in roots:
            for node in walk(root):
                if isinstance(node, ScalarNode):
                    node.value = node.value.replace(_COLON_MASK, ":")
    return roots


def _composed(text: str, tag: Tag) -> tuple[Node, ...]:
    try:
        parser = _Parser(text, tag)
    except (YAMLError, ValueError, UnicodeError) as error:
        raise _BadDocument(0, f"not YAML: {error}") from error
    try:
        _check_depth(text)
        roots = []
        while parser.check_node():
            roots.append(parser.get_node())
        return tuple(roots)
    except YAMLError as error:
        unique = _with_unique_anchors(text) if getattr(error, "problem", None) == _ANCHORED_AGAIN else text
        if unique == text:
            raise _BadDocument(*_described(error, text)) from error
        return _composed(unique, tag)
    finally:
        parser.dispose()


def _with_unique_anchors(text: str) -> str:
    """`text` with new names of the same length for anchors that are set again, which YAML allows and this composer does not."""
    events = _Parser(text, Tag(suffix=""))
    parts: list[str] = []
    end = 0
    taken = set(_ANCHOR.findall(text))
    free: dict[int, Iterator[str]] = {}
    current: dict[str, str] = {}
    try:
        while events.check_event():
            event = events.get_event()
            if isinstance(event, DocumentStartEvent):
                current.clear()
            name = getattr(event, "anchor", None)
            if not name:
                continue
            if not isinstance(event, AliasEvent):
                current[name] = name if name not in current else next(free.setdefault(len(name), _free_names(len(name), taken)), "")
                if not current[name]:
                    return text
            start = text.index(f"{'*' if isinstance(event, AliasEvent) else '&'}{name}", event.start_mark.index) + 1
            parts += (text[end:start], current.get(name, name))
            end = start + len(name)
    except (YAMLError, ValueError):
        return text
    finally:
        events.dispose()
    return "".join((*parts, text[end:]))


def _free_names(length: int, taken: set[str]) -> Iterator[str]:
    """Names that no anchor has."""
    names = ("".join(letters) for letters in product(ascii_letters, repeat=length))
    return (name for name in names if name not in taken)


def _described(error: YAMLError, text: str) -> tuple[int, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    if mark is None:
        position = getattr(error, "position", 0) or 0
        return min(int(position), len(text)), f"not YAML: {problem}"
    return min(mark.index, len(text)), f"not YAML: line {mark.line + 1}: {problem}"


def _check_depth(text: str) -> None:
    """The composer recurses in C and would overflow the stack; the exact count is made only where the depth could be large."""
    brackets = text.count("[") + text.count("{")
    if brackets < MAX_DEPTH // 2 and not _DEEP_INDENT.search(text):
        return
    deepest = max((match.end() - match.start() for match in _INDENT.finditer(text)), default=0)
    if brackets + 2 * deepest < MAX_DEPTH:
        return
    if brackets < _SAFE_BRACKETS and _left_open(text) + 2 * deepest < MAX_DEPTH:
        return
    events = _Parser(text, Tag(suffix=""))
    depth = 0
    try:
        while events.check_event():
            event = events.get_event()
            if isinstance(event, CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark = event.start_mark
                    raise _BadDocument(mark.index, f"not read: line {mark.line + 1}: nested more than {MAX_DEPTH} levels deep")
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
    finally:
        events.dispose()


def _left_open(text: str) -> int:
    """How many brackets are left open by the lines they stand in: what closes them later does not count."""
    return sum(
        max(0, line.count("[") + line.count("{") - line.count("]") - line.count("}"))
        for line in text.split("\n")
        if "[" in line or "{" in line
    )


def _is_empty(root: Node) -> bool:
    return isinstance(root, ScalarNode) and not root.value and not root.style


def _tag_explicitly(root: Node, text: str) -> None:
    for node in walk(root):
        if not isinstance(node.ctag, _ImplicitTag):
            node.ctag = _ExplicitTag(str(node.ctag), text)


def has_tag(node: Node) -> bool:
    """Whether the node names its tag: `!!str 1`."""
    return not isinstance(node.ctag, _ImplicitTag)


def walk(root: Node | None) -> Iterator[Node]:
    """The node and all nodes below it, each once, however often it is aliased, in the order of the text."""
    stack = [] if root is None else [root]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, MappingNode):
            for key, value in reversed(node.value):
                stack.append(value)
                stack.append(key)
        elif isinstance(node, SequenceNode):
            stack.extend(reversed(node.value))

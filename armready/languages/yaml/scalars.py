"""The five notations of a YAML scalar: each decoded character with its place, and how inserted text is written.

Each decoder is checked against what the parser says the scalar holds; where they differ there is no map, and so no fix.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from armready.core.embedded import Embedded, Segment
from armready.core.source import Span
from armready.core.startup import regex

if TYPE_CHECKING:
    from ruamel.yaml.nodes import ScalarNode

_FOLD = regex(r"[ \t]*(?:\r?\n[ \t]*)+")
_HEADER = regex(r"[|>]([-+]?)([1-9]?)([-+]?)[ \t]*(?:#[^\n]*)?\r?\n?")
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}
_ORDINARY = {
    "": re.compile(r"[^\r\n \t]+|[ \t]+(?!\r?\n)"),
    "'": re.compile(r"[^'\r\n \t]+|[ \t]++(?!\r?\n)"),
    '"': re.compile(r"[^\"\\\r\n \t]+|[ \t]++(?!\r?\n)"),
}
_CONTROL = regex(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]|[\u2028\u2029\ufeff]")
_UNSAFE_PLAIN = regex(r"\n|:(?:\s|$)|\s#|^#")


class _Map:
    """Decoded text under construction."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.segments: list[Segment] = []

    def same(self, text: str, host: int) -> None:
        """Characters that stand in the host as they are."""
        last = self.segments[-1] if self.segments else None
        if last and last.inner + last.length == self.length and last.host + last.length == host:
            self.segments[-1] = Segment(last.inner, last.host, last.length + len(text))
        else:
            self.segments.append(Segment(self.length, host, len(text)))
        self.other(text)

    def other(self, text: str) -> None:
        """Characters that the host writes otherwise."""
        self.parts.append(text)
        self.length += len(text)

    @property
    def text(self) -> str:
        return "".join(self.parts)


class _Block(NamedTuple):
    style: str
    chomping: str
    indent: int
    newline: str


def decode(text: str, scalar: ScalarNode, span: Span, mark_end: int, *, in_flow: bool) -> Embedded | None:
    """The map of one scalar.

    Args:
        text: the text of the file.
        scalar: what the parser made of it.
        span: where it stands.
        mark_end: the parser's end mark, which for block scalars includes trailing blank lines.
        in_flow: it stands inside of `[]` or `{}`, where a plain scalar may not contain `,[]{}`.
    """
    style = scalar.style or ""
    if style in ("|", ">"):
        return _block(text, scalar.value, span.start, mark_end, style)
    quote = len(style)
    found = _flow(text, span.start + quote, span.end - quote, style)
    if found is None or found.text != scalar.value:
        return None

    quoted = _encode_single if style == "'" else _encode_double
    encode: Callable[[str], str | None] = quoted if style else partial(_encode_plain, in_flow)
    return Embedded(found.text, tuple(found.segments), encode, partial(_check_flow, text, span, style, in_flow))


def _check_flow(text: str, span: Span, style: str, in_flow: bool, edited: Span, new: str) -> str | None:
    changed = text[span.start : edited.start] + new + text[edited.end : span.end]
    return decoded_flow(changed, style, not style and in_flow)


def decoded_flow(written: str, style: str, in_flow: bool) -> str | None:
    """The value of a plain or quoted scalar as it is written; None when it would be read as something else."""
    quote = len(style)
    if style == "" and (not written or not _stays_plain(written, in_flow)):
        return None
    if quote and (len(written) < 2 or written[0] != style or written[-1] != style):
        return None
    found = _flow(written, quote, len(written) - quote, style)
    return None if found is None else found.text


def _stays_plain(written: str, in_flow: bool) -> bool:
    first = written[0]
    if first in ",[]{}#&*!|>'\"%@`" or written != written.strip() or re.match(r"[-?:](?:\s|$)|---|\.\.\.", written):
        return False
    if in_flow and re.search(r"[,\[\]{}]|^[?:]|^-(?![\w-])|(?<!\w):|:(?![\w/.$])", written):
        return False
    return not re.search(r":(?:\s|$)|\s#", written)


def _flow(text: str, start: int, end: int, style: str) -> _Map | None:
    result = _Map()
    ordinary = _ORDINARY[style]
    position = start
    while position < end:
        fold = _FOLD.match(text, position, end)
        if fold:
            breaks = fold.group().count("\n")
            result.other("\n" * (breaks - 1) or " ")
            position = fold.end()
            continue
        run = ordinary.match(text, position, end)
        if run:
            result.same(run.group(), position)
            position = run.end()
        elif style == "'" and text.startswith("''", position) and position + 2 <= end:
            result.other("'")
            position += 2
        elif style == '"' and text[position] == "\\":
            step = _escape(text, position + 1, end, result)
            if step is None:
                return None
            position = step
        else:
            return None
    return result


def _escape(text: str, position: int, end: int, result: _Map) -> int | None:
    line_break = re.compile(r"\r?\n[ \t]*").match(text, position, end)
    if line_break:
        return line_break.end()
    letter = text[position : position + 1] if position < end else ""
    if letter in _HEX:
        digits = text[position + 1 : position + 1 + _HEX[letter]]
        if not re.fullmatch(rf"[0-9a-fA-F]{{{_HEX[letter]}}}", digits) or int(digits, 16) > 0x10FFFF:
            return None
        result.other(chr(int(digits, 16)))
        return position + 1 + len(digits)
    if letter not in _ESCAPES:
        return None
    result.other(_ESCAPES[letter])
    return position + 1


def _encode_plain(in_flow: bool, fragment: str) -> str | None:
    if _CONTROL.search(fragment) or _UNSAFE_PLAIN.search(fragment) or (in_flow and re.search(r"[,\[\]{}]", fragment)):
        return None
    return fragment


def _encode_single(fragment: str) -> str | None:
    return None if _CONTROL.search(fragment) or "\n" in fragment else fragment.replace("'", "''")


def _encode_double(fragment: str) -> str | None:
    if _CONTROL.search(fragment):
        return None
    return fragment.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def _block(text: str, value: str, start: int, end: int, style: str) -> Embedded | None:
    header = _HEADER.match(text, start, end)
    if header is None:
        return None
    body = header.end()
    chomping = header[1] or header[3]
    newline = "\r\n" if header.group().endswith("\r\n") else "\n"
    for indent in _indents(text, body, end, bool(header[2])):
        block = _Block(style, chomping, indent, newline)
        found = _block_map(text, body, end, block)
        if found.text == value:
            break
    else:
        return None
    check = partial(_check_block, text, Span(body, end), block, bool(header[2]))
    return Embedded(found.text, tuple(found.segments), partial(_encode_block, block), check)


def _check_block(text: str, body: Span, block: _Block, explicit: bool, edited: Span, new: str) -> str | None:
    if edited.start < body.start:
        return None
    changed = text[body.start : edited.start] + new + text[edited.end : body.end]
    if not explicit and next(iter(_indents(changed, 0, len(changed), False)), None) != block.indent:
        return None
    if not explicit and (changed.lstrip(" \r\n").startswith("\t") or _begins_too_deep(changed, block.indent)):
        return None
    if any(line.strip(" \r") and len(line) - len(line.lstrip(" ")) < block.indent for line in changed.split("\n")):
        return None
    return _block_map(changed, 0, len(changed), block).text


def _encode_block(block: _Block, fragment: str) -> str | None:
    if _CONTROL.search(fragment) or (block.style == ">" and "\n" in fragment):
        return None
    return re.sub(r"\n+", lambda breaks: block.newline * len(breaks[0]) + " " * block.indent, fragment)


def _begins_too_deep(content: str, indent: int) -> bool:
    """Whether a blank line before the text has more blanks than the text's indentation, which YAML forbids."""
    for line in content.split("\n"):
        if line.strip(" \r"):
            return False
        if len(line.rstrip("\r")) > indent:
            return True
    return False


def _indents(text: str, start: int, end: int, explicit: bool) -> list[int]:
    """The indents that the content may have: that of its first line that is not blank, or with an indicator any smaller one."""
    leads = [len(line) - len(line.lstrip(" ")) for line in text[start:end].split("\n") if line.strip(" \r")]
    if not leads:
        blank = max((len(line.rstrip("\r")) for line in text[start:end].split("\n")), default=0)
        return [max(blank, 1)]
    return list(range(min(leads), 0, -1)) if explicit else [leads[0]] if leads[0] or start == end else [0]


def _block_map(text: str, start: int, end: int, block: _Block) -> _Map:
    """As libyaml reads it: a break between two lines that are not indented further folds in the folded style."""
    result = _Map()
    breaks, held, blank_before = 0, False, False
    position = start
    while position < end:
        stop = text.find("\n", position, end)
        has_break = stop >= 0
        stop = stop if has_break else end
        content_end = stop - 1 if has_break and stop > position and text[stop - 1] == "\r" else stop
        following = stop + 1 if has_break else end
        begin = position
        while begin < content_end and begin - position < block.indent and text[begin] == " ":
            begin += 1
        if begin == content_end:
            breaks += has_break
            position = following
            continue
        blank = text[begin] in " \t"
        if held:
            if block.style == ">" and not blank_before and not blank:
                if breaks == 0:
                    result.other(" ")
            else:
                result.other("\n")
        result.other("\n" * breaks)
        result.same(text[begin:content_end], begin)
        breaks, held, blank_before = 0, has_break, blank
        position = following
    if block.chomping != "-" and held:
        result.other("\n")
    if block.chomping == "+":
        result.other("\n" * breaks)
    return result

"""Places as an editor counts them: lines from 0, and columns in the units that client and server agreed on.

An editor ends a line at `\\n`, `\\r\\n` and at `\\r` alone; `Source` does not, so lines are counted anew here. Offsets count characters.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path

from armready.core.errors import ParseProblem
from armready.core.source import Location, Source, Span
from armready.core.tree import Tree
from armready.server.documents import Document

_LINE_END = re.compile(r"\r\n|\n|\r")
_CODECS = {types.PositionEncodingKind.Utf8: ("utf-8", 1), types.PositionEncodingKind.Utf16: ("utf-16-le", 2)}
_BOM = "\ufeff"


class Lines:
    """The lines of a text, for the way from offsets to positions and back.

    Args:
        text: as the editor has it, or as it is on disk.
        encoding: what columns count.
    """

    def __init__(self, text: str, encoding: types.PositionEncodingKind | str) -> None:
        self._text = text
        self._hidden = len(_BOM) if text.startswith(_BOM) else 0
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._codec, self._width = _CODECS.get(types.PositionEncodingKind(encoding), ("utf-32-le", 4))

    def position(self, offset: int) -> types.Position:
        """The position of an offset into the text without its byte order mark."""
        at = min(offset + self._hidden, len(self._text))
        line = bisect_right(self._starts, at) - 1
        before = self._text[self._starts[line] : at]
        return types.Position(line, len(before.encode(self._codec, "surrogatepass")) // self._width)

    def range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.position(span.start), self.position(span.end))

    def offset(self, position: types.Position) -> int:
        """The offset of a position; one beyond the end of its line, or of the text, is that end."""
        if position.line >= len(self._starts):
            return len(self._text) - self._hidden
        start = self._starts[position.line]
        end = self._starts[position.line + 1] if position.line + 1 < len(self._starts) else len(self._text)
        line = self._text[start:end].rstrip("\r\n").encode(self._codec, "surrogatepass")
        before = line[: position.character * self._width].decode(self._codec, "ignore")
        return max(start + len(before) - self._hidden, 0)

    def span(self, found: types.Range) -> Span:
        """The span of a range."""
        return Span(self.offset(found.start), self.offset(found.end))


class Places:
    """The places of one state of a folder.

    Args:
        root: the repository.
        tree: its files, those that are open as the editor has them.
        opened: the documents that are open, by path.
        encoding: what columns count.
    """

    def __init__(self, root: Path, tree: Tree, opened: Mapping[str, Document], encoding: types.PositionEncodingKind | str) -> None:
        self._root = root
        self._tree = tree
        self._opened = opened
        self._encoding = encoding
        self._lines: dict[str, Lines] = {}

    def uri(self, path: str) -> str:
        """The address of a file; of an open one the very one by which the editor knows it."""
        document = self._opened.get(path)
        return document.uri if document else from_fs_path(str(self._root / path)) or ""

    def version(self, path: str) -> int | None:
        """The version of an open document."""
        document = self._opened.get(path)
        return document.version if document else None

    def lines(self, path: str) -> Lines:
        """The lines of a file; a file that cannot be read any more has none."""
        if path not in self._lines:
            document = self._opened.get(path)
            self._lines[path] = Lines(document.text if document else self._on_disk(path), self._encoding)
        return self._lines[path]

    def range(self, location: Location) -> types.Range:
        """The range of a location."""
        return self.lines(location.path).range(location.span)

    def location(self, location: Location) -> types.Location:
        """A location with the address of its file."""
        return types.Location(self.uri(location.path), self.range(location))

    def _on_disk(self, path: str) -> str:
        try:
            return Source.decode(path, self._tree.read(path)).text
        except ParseProblem:
            return ""

"""Documents that are open in an editor: what their files would be if they were saved now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from armready.core.startup import dataclass, lazy
from armready.core.tree import DiskTree, MemoryTree


@dataclass(frozen=True)
class Document:
    """One state of an open document.

    Attributes:
        uri: its address, as the editor writes it.
        version: the editor's number of this state.
        text: what it holds, saved or not.
    """

    uri: str
    version: int
    text: str

    @lazy
    def data(self) -> bytes:
        """The bytes of the text, one character of the text for each of the decoded bytes."""
        return self.text.encode("utf-8", "replace")


def overlay(root: Path, opened: Mapping[str, Document]) -> MemoryTree:
    """The files below a folder, those that are open as the editor has them. Links are looked at anew: this tree is for one look."""
    return MemoryTree({path: document.data for path, document in opened.items()}, DiskTree(root))

"""Native libraries that Python code loads from beside itself: facts."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from armready.core.file import File
from armready.core.source import Location
from armready.core.startup import dataclass
from armready.knowledge.arch import amd64_tokens
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, sources

LOADERS = ("CDLL", "LoadLibrary", "dlopen", "load_library", "find_library", "ExtensionFileLoader", "PyDLL")

_FOLDER = re.compile(r"^(?:\{\}|\.)/+")
_LIBRARY = re.compile(r"\.so(?:\.\d+)*$")


@dataclass(frozen=True, slots=True)
class LoadedLibrary:
    """A library that is loaded by a path which does not name x86-64.

    Attributes:
        path: as seen from a folder that is not known, but is that of the source or one above it.
        location: the path in the source.
    """

    path: str
    location: Location


def loads(code: Sources) -> Iterator[tuple[ast.Call, ast.expr, str]]:
    """The calls that load a library on arm64, the argument that names it, and its text."""
    for call in code.module.of(ast.Call):
        loader = call.func.attr if isinstance(call.func, ast.Attribute) else called_name(call)
        position = 1 if loader == "ExtensionFileLoader" else 0
        if loader in LOADERS and len(call.args) > position and code.reaches(call) and not code.uncertain(call):
            yield call, call.args[position], code.text(call.args[position])


def library_facts(file: File) -> Iterator[LoadedLibrary]:
    """The collector."""
    if is_test(file.path):
        return
    code = file.parse(sources)
    for call, argument, text in loads(code):
        inner = posixpath.normpath(_FOLDER.sub("", text))
        is_beside = "/" in text and not text.startswith("/") and "{}" not in inner
        if is_beside and _LIBRARY.search(inner) and not amd64_tokens(posixpath.basename(inner)) and not _survives(code, call):
            yield LoadedLibrary(inner, file.location(code.span(argument)))


def _survives(code: Sources, node: ast.AST) -> bool:
    """Whether the program goes on when loading fails."""
    while (parent := code.module.parents.get(node)) is not None:
        if isinstance(parent, ast.Try) and node in parent.body and parent.handlers:
            return True
        node = parent
    return False

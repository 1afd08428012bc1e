"""Python code loads a library of the repository that is made for x86-64.

## What it finds

`ctypes.CDLL`, `dlopen`, `load_library` and their like with a path to a `.so` file that the repository holds beside the source and whose ELF header
says x86-64. Paths are followed through names, `os.path.join` and `Path`; one that is chosen by the architecture is taken as arm64 chooses it. A
load whose failure is caught, and tests, are left alone.

## Why it stops arm64

The library is copied into every wheel and image as it is. Loading it on arm64 fails: "wrong ELF class", or no such file.

## What to do

Build the library for arm64 too and choose it by `platform.machine()`, or build it where the package is installed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.errors import ParseProblem
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.arch import Arch
from armready.knowledge.elf import HEADER, arch_of
from armready.python.bundled import LoadedLibrary

_X86_64 = "\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0"


class PackagedX86Binary(ProjectRule):
    code = "PY166"
    name = "packaged-x86-binary"
    summary = "Python code loads a library of the repository that is made for x86-64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    reads = (LoadedLibrary,)
    examples = (
        Example(
            "beside the source",
            path="solver/core.py",
            bad="import ctypes, os\n\nHERE = os.path.dirname(__file__)\nlib = ctypes.CDLL(«os.path.join(HERE, 'lib', 'libsolve.so')»)\n",
            files={"solver/lib/libsolve.so": _X86_64},
        ),
        Example(
            "in a folder above",
            path="app/solver/core.py",
            bad="import ctypes\nfrom pathlib import Path\n\nlib = ctypes.CDLL(«str(Path(__file__).parents[1] / 'native' / 'libsolve.so.2')»)\n",
            files={"app/native/libsolve.so.2": _X86_64},
        ),
        Example(
            "chosen by the architecture",
            path="solver/core.py",
            good="import ctypes, os, platform\n\nlib = ctypes.CDLL(os.path.join(HERE, platform.machine(), 'libsolve.so'))\n",
            files={"solver/x86_64/libsolve.so": _X86_64},
        ),
        Example(
            "caught, and of the system",
            path="solver/core.py",
            good=(
                "import ctypes, os\n\ntry:\n    lib = ctypes.CDLL(os.path.join(HERE, 'libsolve.so'))\nexcept OSError:\n    lib = None\n"
                "other = ctypes.CDLL('libsolve.so')\n"
            ),
            files={"solver/libsolve.so": _X86_64},
        ),
        Example(
            "no program",
            path="solver/core.py",
            good="import ctypes, os\n\nlib = ctypes.CDLL(os.path.join(HERE, 'libsolve.so'))\n",
            files={"solver/libsolve.so": "INPUT(libsolve.so.1)\n"},
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for path, loaded in project.facts(LoadedLibrary):
            library = _find(project, posixpath.dirname(path), loaded.path)
            if library and _arch(project, library) is Arch.AMD64:
                message = f"{library} is made for x86-64 by its header, so arm64 cannot load it."
                yield self.finding(loaded.location, message)


def _find(project: Project, folder: str, path: str) -> str:
    """Where a path lies, as seen from a folder or one above it; empty when the repository does not hold it."""
    while True:
        candidate = posixpath.normpath(posixpath.join(folder, path))
        if not candidate.startswith("..") and project.exists(candidate):
            return candidate
        if not folder:
            return ""
        folder = posixpath.dirname(folder)


def _arch(project: Project, path: str) -> Arch | None:
    try:
        return arch_of(project.tree.read(path, HEADER))
    except ParseProblem:
        return None

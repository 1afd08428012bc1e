"""Fields of /proc/cpuinfo are read that arm64 does not have.

## What it finds

Python code that reads `/proc/cpuinfo` and looks for `model name`, `flags`, `cpu MHz`, `vendor_id`, `physical id`, `cpu cores` or
`siblings`. Counting `processor` lines is fine.

## Why it stops arm64

The file has other fields there: `Features` and `CPU part`, and no name of the model. What is looked for is never found.

## What to do

`os.cpu_count()`, psutil or py-cpuinfo give the same on both; else expect that the field is missing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, sources

_FIELDS = re.compile(r"\^?\s*(model name|flags|cpu MHz|vendor_id|physical id|cpu cores|siblings)\b(?:\W.*)?", re.DOTALL)
_COMMAND = re.compile(r"(?:grep|awk|sed)\b[^|;]{0,300}?\b(model name|flags|cpu MHz|vendor_id|physical id|cpu cores|siblings)\b")


class ProcCpuinfo(FileRule):
    code = "PY207"
    name = "proc-cpuinfo"
    summary = "Fields of /proc/cpuinfo are read that arm64 does not have"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = (b"/proc/cpuinfo",)
    examples = (
        Example(
            "name of the model",
            path="info.py",
            bad='for line in open("/proc/cpuinfo"):\n    if line.startswith(«"model name"»):\n        print(line)\n',
        ),
        Example(
            "by a command",
            path="info.py",
            bad="import os\n\nname = os.popen(«\"cat /proc/cpuinfo | grep 'model name' | uniq\"»).read()\n",
        ),
        Example(
            "number of processors",
            path="info.py",
            good='n = open("/proc/cpuinfo").read().count("processor")\n',
            breaks=("processor", "model name"),
        ),
        Example(
            "knows the fields of arm64",
            path="info.py",
            good='text = open("/proc/cpuinfo").read()\nflags = find(text, "flags") or find(text, "Features")\n',
            breaks=("Features", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or re.search(r"[\"']Features|CPU part|CPU implementer", file.text):
            return
        code = file.parse(sources)
        for node, text in code.strings():
            match = _FIELDS.fullmatch(text)
            if "/proc/cpuinfo" in text and not _is_shown(code, node):
                match = _COMMAND.search(text)
            if match and code.reaches(node) and not code.uncertain(node):
                message = f"`/proc/cpuinfo` has no `{match[1]}` on arm64, so this finds nothing there."
                yield self.finding(file.location(code.span(node)), message, confidence=Confidence.MEDIUM)
                return


def _is_shown(code: Sources, node: ast.Constant) -> bool:
    """Whether a command is run for what it prints, which the program does not read."""
    parent = code.module.parents.get(node)
    return isinstance(parent, ast.Call) and called_name(parent).endswith("system")

"""Python code starts a program that is built for x86-64.

## What it finds

`subprocess`, `os.system` and the like whose program is a path with an x86-64 Linux token: `./bin/linux-amd64/tool`,
`chromedriver_linux64/chromedriver`, also where the path is put together from parts of the same file; and `google-chrome`. Left alone: programs that merely have the architecture in their name and are found by `PATH`, such as
emulators and cross compilers, which exist for arm64 too; files that name arm64; tests; and code under a test of the architecture.

## Why it stops arm64

The kernel refuses the program: "Exec format error".

## What to do

Choose the program by `platform.machine()`, or look it up by its plain name with `shutil.which`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.startup import regex
from armready.knowledge.arch import amd64_tokens, names_arm64
from armready.python.branches import is_test
from armready.python.sources import keyword, sources

_STARTS = regex(
    r"(?:(?:subprocess|sp)\.)?(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)|os\.(?:system|popen|exec\w+|spawn\w+)"
    r"|(?:asyncio\.)?create_subprocess_(?:exec|shell)"
)
_OTHER_SYSTEM = regex(r"\.exe$|win|mac|darwin|osx")
_CHROME = regex(r"(?:/usr/bin/)?google-chrome(?:-stable|-beta)?")


class X86Process(FileRule):
    code = "PY231"
    name = "x86-process"
    summary = "Python code starts a program that is built for x86-64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON, Kind.NOTEBOOK})
    needles = (b"amd64", b"x86_64", b"x86-64", b"x64", b"linux64", b"google-chrome")
    examples = (
        Example(
            "a list", path="run.py", bad='import subprocess\n\nsubprocess.run([«"./bin/linux-amd64/tool"», "--version"], check=True)\n'
        ),
        Example("a command line", path="run.py", bad='import os\n\nos.system(«"vendor/tool-linux-x86_64 -q"»)\n'),
        Example(
            "a keyword", path="run.py", bad='from subprocess import Popen\n\nPopen(args=[«"/opt/chromedriver_linux64/chromedriver"»])\n'
        ),
        Example(
            "built from parts",
            path="run.py",
            bad=(
                'import os, subprocess\n\nTOOL = os.path.join(here, "bin", "linux-amd64", "tool")\nsubprocess.run([«TOOL», "-v"])\n'
                'subprocess.run(«f"{here}/tool-linux-amd64 -v"», shell=True)\n'
            ),
        ),
        Example("Google Chrome", path="run.py", bad='import subprocess\n\nsubprocess.Popen([«"google-chrome"», "--headless"])\n'),
        Example(
            "an emulator and a cross compiler",
            path="run.py",
            good='import subprocess\n\nsubprocess.run(["qemu-system-x86_64", "-m", "1G"])\nsubprocess.run(["/usr/bin/x86_64-linux-gnu-gcc", "a.c"])\n',
        ),
        Example("an argument", path="run.py", good='import subprocess\n\nsubprocess.run(["tar", "xf", "./tool-linux-amd64.tgz"])\n'),
        Example(
            "another system",
            path="run.py",
            good='import subprocess\n\nsubprocess.run(["bin/windows-amd64/tool.exe"])\n',
            breaks=("bin/windows-amd64/tool.exe", "bin/linux-amd64/tool"),
        ),
        Example("another run", path="run.py", good='app.run("docs/linux-amd64/page")\n', breaks=("app.run(", "subprocess.run(")),
        Example(
            "on x86-64 only",
            path="run.py",
            good='import platform, subprocess\n\nif platform.machine() == "x86_64":\n    subprocess.run(["./linux-amd64/tool"])\n',
            breaks=('if platform.machine() == "x86_64":\n    ', ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or names_arm64(file.text):
            return
        code = file.parse(sources)
        for call, name in code.calls():
            node = _program(call) if _STARTS.fullmatch(name) else None
            command = code.text(node)
            if node is None or not command or not code.reaches(call) or code.uncertain(call):
                continue
            if _is_x86(command):
                message = f"`{command.split()[0]}` is a program for x86-64, which arm64 cannot start."
            elif command.split()[:1] and _CHROME.fullmatch(command.split()[0]) and "chromium" not in file.text.lower():
                message = f"`{command.split()[0]}` is not made for Linux arm64 (known 2026-08-22); Chromium is."
            else:
                continue
            yield self.finding(file.location(code.span(node)), message, confidence=Confidence.MEDIUM)


def _program(call: ast.Call) -> ast.expr | None:
    """The expression that holds the program: the command, or the first word of a list."""
    command = call.args[0] if call.args else keyword(call, "args")
    if isinstance(command, ast.List | ast.Tuple):
        return command.elts[0] if command.elts else None
    return command


def _is_x86(command: str) -> bool:
    words = command.split()
    if not words or "/" not in words[0] or _OTHER_SYSTEM.search(words[0].lower()):
        return False
    base = words[0].rpartition("/")[2]
    return bool(amd64_tokens(words[0])) and not base.startswith(("x86_64-", "qemu-"))

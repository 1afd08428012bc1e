"""Playwright is told to use Google Chrome or Microsoft Edge.

## What it finds

`channel="chrome"` and `channel="msedge"` (with their `-beta` and `-dev`) in calls that launch a browser, in Python.

## Why it stops arm64

Neither browser exists for Linux arm64: "not supported on Linux Arm64". Chromium, Firefox and WebKit do.

## What to do

Leave the channel out: Playwright's own Chromium is used.

## Fix safety

The argument is removed: unsafe, because x86-64 gets another browser too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import both
from armready.core.rule import Example, FileRule
from armready.python.sources import Sources, constant, sources

_CHANNEL = re.compile(r"(?:chrome|msedge)(?:-(?:beta|dev|canary))?")
_INSTALL = re.compile(r"\bplaywright install(?: -[\w-]+)* ((?:chrome|msedge)(?:-(?:beta|dev|canary))?)(?![\w-])")


class BrowserChannel(FileRule):
    code = "PY246"
    name = "browser-channel"
    summary = "Playwright is told to use Google Chrome or Microsoft Edge"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (both((b"channel", b"playwright"), (b"chrome", b"msedge")),)
    examples = (
        Example(
            "launch",
            path="crawl.py",
            bad='browser = p.chromium.launch(headless=True, channel=«"chrome"»)\n',
            fixed="browser = p.chromium.launch(headless=True)\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "install",
            path="setup_browser.py",
            bad=(
                'import os, subprocess\n\nsubprocess.run(["playwright", "install", «"chrome"»])\n'
                'os.system(«"playwright install --with-deps msedge"»)\n'
            ),
        ),
        Example(
            "install Chromium",
            path="setup_browser.py",
            good='subprocess.run(["playwright", "install", "chromium"])\n',
            breaks=("chromium", "chrome"),
        ),
        Example("Chromium", path="crawl.py", good='p.chromium.launch(channel="chromium")\n', breaks=('"chromium', '"chrome')),
        Example(
            "another channel",
            path="bot.py",
            good='post(channel="chrome")\n',
            breaks=('post(channel="chrome")', 'playwright.chromium.launch(channel="chrome")'),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        code = file.parse(sources)
        for node, browser in _installs(code):
            if code.reaches(node) and not code.uncertain(node):
                yield self.finding(file.location(code.span(node)), f"Playwright cannot install `{browser}` on Linux arm64.")
        for call, name in code.calls():
            if name.rpartition(".")[2] not in ("launch", "launch_persistent_context"):
                continue
            for position, keyword in enumerate(call.keywords):
                if keyword.arg == "channel" and _CHANNEL.fullmatch(constant(keyword.value)) and code.reaches(call):
                    message = f"`{constant(keyword.value)}` does not exist for Linux arm64, so the browser does not start there."
                    yield self.finding(file.location(code.span(keyword.value)), message, fix=_fix(code, call, position))


def _installs(code: Sources) -> Iterator[tuple[ast.expr, str]]:
    """`playwright install chrome`, as a list of words and as a command line."""
    for listed in code.sequences():
        words = [constant(each) for each in listed.elts]
        if "playwright" in words and "install" in words[words.index("playwright") :]:
            yield from ((each, word) for each, word in zip(listed.elts, words, strict=True) if _CHANNEL.fullmatch(word))
    for string, text in code.strings():
        if match := _INSTALL.search(text):
            yield string, match[1]


def _fix(code: Sources, call: ast.Call, position: int) -> Fix | None:
    everything = sorted([*map(code.span, call.args), *map(code.span, call.keywords)])
    span = code.span(call.keywords[position])
    index = everything.index(span)
    if index:
        span = span._replace(start=everything[index - 1].end)
    elif len(everything) > 1:
        span = span._replace(end=everything[1].start)
    return Fix("Use Playwright's own Chromium", (code.file.delete(span),), Applicability.UNSAFE, ("x86-64 gets Chromium too",))

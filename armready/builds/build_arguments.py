"""Which build arguments a repository's scripts and pipelines pass."""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.facts import BuildArgumentFact
from armready.core.file import File
from armready.core.startup import regex
from armready.knowledge.arch import amd64_tokens

_OPTION = regex(r"--(?:opt[\"']?[= ]+[\"']?build-arg:|build[-_]arg[\"']?[= ]+)[\"']?(\w+)(?:=([^\s\"']*))?")
# A line of a `build-args:` or `args:` block; only names that speak of an architecture count, because the blocks look like any other.
_LINE = regex(r"(?mi)^[ \t]*(?:-[ \t]*)?[\"']?(\w{0,80}(?:arch|platform|target|triple)\w{0,80})[\"']?[ \t]*[=:][ \t]*[\"']?([^\s\"'#]+)")


def collect(file: File) -> Iterator[BuildArgumentFact]:
    """The arguments that a file passes to builds, except those with a constant value for amd64."""
    passed = [*_OPTION.findall(file.text), *_LINE.findall(file.text)]
    names = frozenset(name for name, value in passed if not amd64_tokens(value) or "$" in value or "{" in value)
    if names:
        yield BuildArgumentFact(names)

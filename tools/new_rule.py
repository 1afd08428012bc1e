"""Write the module of a new rule, with the next free code of a decade.

    python tools/new_rule.py DF11 image-of-a-vendor

The decades are those of the table in docs/writing-rules.md. What is written is a whole rule that passes its tests: put your own question,
words and examples in the place of those about `replace-me`, and run `make docs`.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "writing-rules.md"

SKELETON = '''"""{title}.

## What it finds

The word `replace-me`.

## Why it stops arm64

...

## What to do

Take it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.core.startup import regex

_WORD = regex(r"replace-me")


class {cls}(FileRule):
    code = "{code}"
    name = "{name}"
    summary = "{title}"
    severity = Severity.WARNING
    kinds = frozenset({{Kind.{kind}}})
    needles = (b"replace-me",)
    examples = (
        Example("word", path="{path}", bad={bad!r}),
        Example("another word", path="{path}", good={good!r}, breaks=("left-alone", "replace-me")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for match in _WORD.finditer(file.text):
            yield self.finding(file.location(Span(*match.span())), "This stops arm64.")
'''


class Decade(NamedTuple):
    """Ten codes of rules that ask about one thing.

    Attributes:
        prefix: a code without its last digit.
        family: the folder in `rules/`.
        about: what the rules ask about.
    """

    prefix: str
    family: str
    about: str


class Sample(NamedTuple):
    """A file of a family in which the skeleton finds its word."""

    kind: str
    path: str
    text: str


SAMPLES = {
    "dockerfile": Sample("DOCKERFILE", "Dockerfile", "FROM alpine:3.20\nRUN echo {}\n"),
    "ci": Sample(
        "GITHUB_WORKFLOW",
        ".github/workflows/a.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo {}\n",
    ),
    "kubernetes": Sample("KUBERNETES", "pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {}\nspec:\n  containers: []\n"),
    "python": Sample("PYTHON", "app.py", "print('{}')\n"),
}


def decades() -> dict[str, Decade]:
    """Read the table of decades in the guide, by prefix."""
    rows = re.findall(r"^\| `([A-Z]+\d+)x` \| ([a-z]+) \| (.+) \|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    return {prefix: Decade(prefix, family, about) for prefix, family, about in rows}


def free_code(decade: Decade, rules: Path) -> str:
    """Return the first code of a decade that no rule has.

    Raises:
        SystemExit: all ten are taken.
    """
    modules = "".join(path.read_text(encoding="utf-8") for path in rules.rglob("*.py"))
    used = set(re.findall(rf'^    code = "({decade.prefix}\d)"$', modules, re.MULTILINE))
    first = 1 if decade.prefix.endswith("0") else 0
    for digit in range(first, 10):
        if f"{decade.prefix}{digit}" not in used:
            return f"{decade.prefix}{digit}"
    sys.exit(f"all codes of {decade.prefix}x ({decade.about}) are taken: add a decade to {GUIDE.name}")


def write_rule(decade: Decade, name: str, rules: Path) -> Path:
    """Write the module and return its path.

    Raises:
        SystemExit: there is a rule of that name, or no free code.
    """
    path = rules / decade.family / f"{name.replace('-', '_')}.py"
    if path.exists():
        sys.exit(f"{path} is there already")
    sample = SAMPLES[decade.family]
    text = SKELETON.format(
        title=name.replace("-", " ").capitalize(),
        cls="".join(word.capitalize() for word in name.split("-")),
        code=free_code(decade, rules),
        name=name,
        kind=sample.kind,
        path=sample.path,
        bad=sample.text.format("«replace-me»"),
        good=sample.text.format("left-alone"),
    )
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    """Write a rule, and say what comes next."""
    known = decades()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("decade", choices=[prefix for prefix, each in known.items() if each.family in SAMPLES])
    parser.add_argument("name", help="what the rule finds, as words with hyphens")
    options = parser.parse_args()
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+", options.name):
        parser.error("a name is two words or more, in lower case, with hyphens")
    path = write_rule(known[options.decade], options.name, ROOT / "rules")
    print(f"{path.relative_to(ROOT)} is written. Then:\n  .venv/bin/python -m pytest tests/test_rules.py -k {options.name}\n  make docs")


if __name__ == "__main__":
    main()

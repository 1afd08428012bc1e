"""Everything that follows from the code: the pages of rules, the configuration keys, the schema, and the blocks of the README.

python tools/generate.py            write what is stale
python tools/generate.py --check    write nothing, name what is stale, exit 1
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from armready.builds.needles import build_needles
from armready.commands.rule_pages import markdown_page
from armready.core.config import KEYS, Origin, plain, schema
from armready.core.distribution import PACKAGE, TAG
from armready.core.needles import needles_of, whole_words
from armready.core.rule import Rule
from armready.python.imports import x86_modules
from armready.run import rule_index
from armready.run.registry import all_rules, rules_package
from armready.run.rule_index import entry_of
from armready.systems.tekton import CATALOG

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Made by tools/generate.py from the rule's module; edit that. -->\n\n"
FAMILIES = {
    "DF": "Dockerfiles",
    "CI": "CI and builds",
    "KUB": "Kubernetes",
    "PY": "Python",
    "ARM": "Ignore comments",
}
SAMPLE_LINES = 5
RELEASE = re.compile(r"(armready/armready(?:@|/archive/refs/tags/|/)|(?m:^ +rev: ))v[0-9]+(?:\.[0-9]+)+")
INSTALLED = re.compile(
    r"((?:(?:pipx?|uv tool) install (?:--[\w-]+ )*|ARMREADY_PACKAGE: ))(?:armready|https://github\.com/armready/armready/archive/\S+\.gz)(?![\w-])"
)


def outputs() -> Iterator[tuple[Path, str]]:
    """Every generated file with its text."""
    rules = all_rules()
    package = rules_package()
    own = [entry_of(rule) for rule in rules if rule.__module__.startswith(f"{package.__name__}.")]
    yield ROOT / "rules" / rule_index.INDEX, rule_index.render(own, package)
    yield ROOT / "armready" / "core" / "collector_needles.py", collector_needles()
    yield ROOT / "armready" / "core" / "kinds.py", kinds()
    for rule in rules:
        yield ROOT / "docs" / "rules" / f"{rule.name}.md", NOTE + markdown_page(rule)
    yield ROOT / "docs" / "rules.md", rules_page(rules)
    yield ROOT / "docs" / "armready.schema.json", json.dumps(schema(), indent=2) + "\n"
    blocks = {
        ROOT / "docs" / "configuration.md": {"keys": keys_table()},
        ROOT / "docs" / "usage.md": {"help": help_text()},
        ROOT / "README.md": {"sample": sample(), "rules": families_table(rules)},
    }
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "templates").iterdir())]:
        if path.name != "rules.md":
            yield path, page(path, blocks.get(path, {}))


class Head(NamedTuple):
    """What the head of a system's module says."""

    module: str
    globs: dict[str, tuple[str, ...]]
    is_ci: bool


def heads() -> list[Head]:
    """The heads of the modules that read a kind of file; CI systems come first."""
    found = []
    for path in sorted((ROOT / "armready" / "systems").glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        said = {ast.unparse(node.targets[0]): node.value for node in body if isinstance(node, ast.Assign)}
        if "GLOBS" in said:
            found.append(Head(path.stem, ast.literal_eval(said["GLOBS"]), "IS_CI" in said))
    return sorted(found, key=lambda head: not head.is_ci)


def kinds() -> str:
    """The module of kinds, with those of the systems and what reads them."""
    path = ROOT / "armready" / "core" / "kinds.py"
    names, rows = [], []
    for head in heads():
        for kind, patterns in head.globs.items():
            name = kind.upper().replace("-", "_")
            names.append(f'    {name} = "{kind}"')
            listed = "".join(f'            "{each}",\n' for each in patterns)
            globs = f"(\n{listed}        )" if len(patterns) > 1 else f'("{patterns[0]}",)' if patterns else "()"
            rows.append(f'    Kind.{name}: System(\n        "{head.module}",\n        {head.is_ci},\n        {globs},\n    ),')
    text = path.read_text(encoding="utf-8")
    for block, lines in (("kinds", names), ("systems", rows)):
        before, begin, rest = text.partition(f"    # begin: {block}\n")
        _, end, after = rest.partition(f"    # end: {block}\n")
        text = "".join((before, begin, *(f"{line}\n" for line in lines), end, after))
    return text


def collector_needles() -> str:
    """The module with the needles of collectors that follow from tables which are not read at the start of a run."""
    lines = ['"""Needles of collectors, made by tools/generate.py from the tables of what they look for; edit those."""', ""]
    tables = (
        ("BUILD_TOOLS", "Words of scripts and build descriptions that build images.", build_needles()),
        ("TEKTON_TASKS", "Tasks of Tekton's catalog that build images.", needles_of(CATALOG)),
        ("X86_MODULES", "Modules of packages that exist for x86-64 only.", whole_words(x86_modules())),
    )
    for name, what, needles in tables:
        lines += [f"# {what}", f"{name} = (", *(f'    b"{_escaped(needle)}",' for needle in needles), ")"]
    return "\n".join(lines) + "\n"


def _escaped(needle: bytes) -> str:
    return needle.decode().replace("\b", "\\b")


def page(path: Path, blocks: dict[str, str]) -> str:
    """A file with its blocks replaced, and with the release and the way to install it that hold now."""
    text = path.read_text(encoding="utf-8")
    for name, content in blocks.items():
        text = replaced(text, name, content)
    return INSTALLED.sub(rf"\1{PACKAGE}", RELEASE.sub(rf"\1{TAG}", text))


def replaced(text: str, name: str, content: str) -> str:
    """`text` with the lines between `<!-- begin: name -->` and `<!-- end: name -->` replaced."""
    pattern = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.S)
    if not pattern.search(text):
        raise SystemExit(f"no block {name!r}")
    return pattern.sub(lambda match: match[1] + content + match[2], text)


def family(rule: type[Rule]) -> str:
    return FAMILIES.get(rule.code.rstrip("0123456789"), "Others")


def rules_page(rules: tuple[type[Rule], ...]) -> str:
    """All rules, by family."""
    lines = [NOTE.strip(), "", "# Rules", "", f"{len(rules)} rules. *Fix* says whether armready can make the change itself."]
    for title in dict.fromkeys([*FAMILIES.values(), "Others"]):
        members = [rule for rule in rules if family(rule) == title]
        if members:
            lines += ["", f"## {title}", "", "| code | name | level | fix | finds |", "| --- | --- | --- | --- | --- |"]
            lines += map(rule_row, members)
    return "\n".join(lines) + "\n"


def rule_row(rule: type[Rule]) -> str:
    fix = "yes" if rule.fixable() else ""
    level = f"{rule.severity.value}{' (off)' if rule.off_by_default else ''}"
    summary = rule.summary.replace("|", "\\|")
    return f"| {rule.code} | [{rule.name}](rules/{rule.name}.md) | {level} | {fix} | {summary} |"


def families_table(rules: tuple[type[Rule], ...]) -> str:
    """What the README says of the rules."""
    lines = ["| family | rules | with a fix | such as |", "| --- | ---: | ---: | --- |"]
    for prefix, title in FAMILIES.items():
        members = [rule for rule in rules if family(rule) == title]
        if members:
            fixable = sum(rule.fixable() for rule in members)
            shown = ", ".join(f"[{rule.code}](docs/rules/{rule.name}.md) {rule.name}" for rule in members[:3])
            lines.append(f"| {title} (`{prefix}`) | {len(members)} | {fixable} | {shown} |")
    return "\n".join([*lines, "", "[All rules](docs/rules.md)"]) + "\n"


def keys_table() -> str:
    """Every configuration key with its default."""
    lines = ["| key | default | counts in | what it does |", "| --- | --- | --- | --- |"]
    for key, each in KEYS.items():
        default = each.default if not callable(each.default_factory) else each.default_factory()
        shown = "" if default is None else f"`{json.dumps(plain(default))}`"
        place = "your own" if each.metadata["needs"] is Origin.TRUSTED else ""
        lines.append(f"| `{key}` | {shown} | {place} | {str(each.metadata['doc']).replace('|', chr(92) + '|')} |")
    lines.append("| `extend` | | | Another configuration file whose values lie below these. |")
    return "\n".join(lines) + "\n"


def help_text() -> str:
    """The help of `scan`, as it is printed at 80 columns."""
    return f"```text\n{run('scan', '--help')}```\n"


def sample() -> str:
    """What the sample repository gives."""
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        shutil.copytree(ROOT / "fixtures" / "projects" / "before-migration" / "input", shop)
        (shop / ".git").mkdir()
        lines = run("scan", "--format", "concise", cwd=shop).splitlines()
    more = len(lines) - SAMPLE_LINES
    return "```text\n" + "\n".join(lines[:SAMPLE_LINES]) + f"\n... and {more} more\n```\n"


def run(*arguments: str, cwd: Path = ROOT) -> str:
    """What armready prints on standard output, without colour."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
        "LINES": "50",
        "TERM": "dumb",
        "HOME": tempfile.gettempdir(),
    }
    command = [sys.executable, "-m", "armready", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    path, text = ROOT / "armready" / "core" / "kinds.py", kinds()
    if not check and path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"written: {path.relative_to(ROOT)}", flush=True)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    expected = dict(outputs())
    leftover = set((ROOT / "docs" / "rules").glob("*.md")) - set(expected)
    stale = [path for path, text in expected.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in sorted([*stale, *leftover]):
        print(f"{'stale' if check else 'written' if path in expected else 'removed'}: {path.relative_to(ROOT)}")
        if check:
            continue
        if path in expected:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(expected[path], encoding="utf-8")
        else:
            path.unlink()
    return 1 if check and (stale or leftover) else 0


if __name__ == "__main__":
    raise SystemExit(main())

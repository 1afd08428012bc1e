"""Measure every regular expression of the package on text made to be hard: `python -m tests.fuzz.regexes`.

Each literal pattern is searched in repetitions of many seeds, its own words among them, at three sizes that grow fourfold. A pattern whose
time grows tenfold twice in a row is printed. Times are those of the process; a busy machine can still mislead, so nothing here is a test.
"""

import ast
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FUNCTIONS = ("regex", "re.compile", "re.search", "re.match", "re.fullmatch", "re.finditer", "re.sub", "re.split", "re.findall")
SEEDS = (
    *(
        "a",
        "0",
        " ",
        "\t",
        "\n",
        " \n",
        "-",
        "/",
        "\\",
        '"',
        "'",
        "$",
        "${",
        "$(",
        "{",
        "}",
        "{{",
        "[",
        "(",
        "#",
        "# ",
        "=",
        ":",
        ".",
        "_",
        "a ",
    ),
    *(
        "a=",
        "a/",
        "a-",
        "a.",
        "a,",
        "amd64",
        "amd64 ",
        "linux/",
        "docker ",
        "https://a/",
        "a\n",
        "- ",
        "@",
        "<",
        "<<",
        "|",
        ";",
        "%(",
        "\r\n",
    ),
    *("\\\n", '"a" ', "==", "0.", "*/", "/*", "''", '""'),
)
SIZE = 2_000
TENFOLD = 10
NOTICEABLE = 0.02


def literals() -> Iterator[tuple[str, str, int, bool]]:
    """Where it stands, the pattern, its flags, and whether it is only matched at one place."""
    for path in sorted((*ROOT.glob("armready/**/*.py"), *ROOT.glob("rules/**/*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or ast.unparse(node.func) not in FUNCTIONS:
                continue
            pattern = node.args[0]
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str):
                flags = [getattr(re, name) for name in re.findall(r"\bre\.([A-Z]+)\b", ast.unparse(node))]
                anchored = ast.unparse(node.func) in ("re.match", "re.fullmatch")
                yield f"{path.relative_to(ROOT)}:{node.lineno}", pattern.value, sum(set(flags)), anchored


def seconds(pattern: re.Pattern[str], text: str, *, anchored: bool) -> float:
    start = time.process_time()
    if anchored:
        pattern.match(text)
    else:
        for _ in pattern.finditer(text):
            pass
    return time.process_time() - start


def grows(pattern: re.Pattern[str], before: str, seed: str, *, anchored: bool) -> bool:
    """Whether the time grows faster than the text."""
    last = 0.0
    for factor in (1, 4, 16):
        text = before + (seed * (SIZE * factor // len(seed) + 1))[: SIZE * factor] + "\0!"
        spent = seconds(pattern, text, anchored=anchored)
        if factor > 1 and (spent < NOTICEABLE / 16 * factor or spent < last * TENFOLD):
            return False
        last = spent
    return True


def main() -> int:
    found = 0
    patterns = list(literals())
    for place, text, flags, anchored in patterns:
        pattern = re.compile(text, flags)
        words = re.findall(r"[A-Za-z0-9 _/.:=-]{2,}", text)[:12]
        cases = [(before, seed) for seed in (*SEEDS, *words) for before in ("", *words[:2])]
        slow = next((case for case in cases if grows(pattern, *case, anchored=anchored)), None)
        if slow is not None:
            found += 1
            print(f"{place} {slow!r} {text[:120]!r}", flush=True)
    print(f"{len(patterns)} patterns, {found} not linear")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Rebuild rows of armready/knowledge/data/python_packages.tsv from what an index says of the packages.

    python tools/refresh_packages.py [--index URL] [--check]           asks the index for every package of the table
    python tools/refresh_packages.py NAME.json... [--check]            answers of the simple API, also of packages that are new to the table

What an index tells replaces what was deduced from locks; the columns that no index tells (imports, kind, alternative, note, needs) stay. A
table that would lose a fact is not written. `--check` writes nothing and prints the rows that would change.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
from packaging.utils import canonicalize_name  # noqa: E402
from packaging.version import Version  # noqa: E402

from armready.core.known import PackageAnswer, PackageFile  # noqa: E402
from armready.knowledge.targets import AARCH64, GLIBC, MUSL, PYTHONS, X86_64, Target  # noqa: E402
from armready.knowledge.wheels import Outcome, is_sdist, outcome  # noqa: E402
from armready.python.resolution import releases  # noqa: E402

TABLE = ROOT / "armready/knowledge/data/python_packages.tsv"
_FLOOR = re.compile(r"manylinux(?:_2_(\d+)|(2014|2010|1))_(aarch64|x86_64)")
_NATIVE = re.compile(r"linux[\w.]*_(?:x86_64|aarch64)\.whl$")
_GAP = 8  # releases without a wheel for arm64
_LEGACY = {"2014": 17, "2010": 12, "1": 5}
Names = dict[Version, tuple[str, ...]]


def files_of(answer: Mapping[str, object]) -> Names:
    """The file names of each final release that was not withdrawn."""
    name = canonicalize_name(str(answer["name"]))
    listed = answer["files"]
    assert isinstance(listed, list)
    files = tuple(PackageFile(each["filename"]) for each in listed if not each.get("yanked"))
    known = releases(PackageAnswer(name, files, (), ""))
    return {release: tuple(each.name for each in found) for release, found in known.items() if not release.is_prerelease}


def has(names: Iterable[str], target: Target) -> bool:
    return outcome(names, target) is Outcome.WHEEL


def versions_with(files: Names, arch: str, libc: str, pythons: Iterable[tuple[int, int]] = PYTHONS) -> list[Version]:
    """The releases that have a wheel for a processor, for any of the Pythons."""
    targets = [Target(python, arch, libc) for python in pythons]
    return [release for release, names in files.items() if any(has(names, target) for target in targets)]


def begins(good: set[Version], judged: list[Version]) -> str:
    """The first good release from which on nine of ten judged ones are good; empty when there is none."""
    for index, release in enumerate(judged):
        rest = judged[index:]
        if release in good and sum(each in good for each in rest) * 10 >= len(rest) * 9:
            return str(release)
    return ""


def since_native(files: Names) -> Names:
    """The releases from the first one with machine code for Linux on: placeholders and pure beginnings tell nothing of later wheels."""
    first = min((release for release, names in files.items() if any(_NATIVE.search(name) for name in names)), default=None)
    return files if first is None else {release: names for release, names in files.items() if release >= first}


def lone_beginnings(x86: list[Version], arm: list[Version]) -> set[Version]:
    """The first releases with a wheel for arm64 that many without one followed: the steady ones began later."""
    early: set[Version] = set()
    for release, after in pairwise(arm):
        early.add(release)
        if sum(release < each < after for each in x86) >= _GAP:
            return early
    return set()


def floors(names: Iterable[str], arch: str) -> str:
    """The lowest glibc that the wheels for a processor need."""
    found = [int(new or _LEGACY[old]) for name in names for new, old, each in _FLOOR.findall(name) if each == arch]
    return f"2.{min(found)}" if found else ""


def facts(files: Names) -> dict[str, str]:
    """The columns that an index tells."""
    files = since_native(files)
    x86, arm = versions_with(files, X86_64, GLIBC), versions_with(files, AARCH64, GLIBC)
    musl = versions_with(files, AARCH64, MUSL)
    early = lone_beginnings(x86, arm)
    arm = [release for release in arm if release not in early]
    without = [release for release in x86 if release not in arm and release not in early]
    holes = [release for release in without if arm and release > arm[0]]
    before = [release for release in without if not arm or release < arm[0]]
    by_python, x86_by_python = {}, {}
    for python in PYTHONS:
        on_x86, on_arm = (versions_with(files, arch, GLIBC, [python]) for arch in (X86_64, AARCH64))
        wheels = [release for release in x86 if on_x86 and on_x86[0] <= release <= on_x86[-1]]
        x86_by_python[python] = _until(begins(set(on_x86), wheels), on_x86, files)
        on_arm = [release for release in on_arm if release not in early]
        steady = begins(set(on_arm), [release for release in on_x86 if release not in holes] or on_arm)
        by_python[python] = steady or (str(on_arm[0]) if on_arm else "")
    alike = [release for release in files if x86 and release >= x86[0] and release not in arm and (release in early or release not in x86)]
    built = [release for release in files if release in x86 or release in arm]
    sources = [release for release in built if any(map(is_sdist, files[release]))]
    latest = files[max(arm)] if arm else files[max(x86)] if x86 else ()
    return {
        "arm_glibc": str(arm[0]) if arm else "",
        "arm_musl": str(musl[0]) if musl else "",
        "x86_from": str(x86[0]) if x86 else "",
        "last_without": str(before[-1]) if before else "",
        "holes": ",".join(map(str, holes)),
        "by_python": _joined(by_python),
        "x86_by_python": _joined(x86_by_python),
        "alike": ",".join(map(str, alike)),
        "sdist": "yes" if sources == built else "some" if sources else "no",
        "arm_floor": floors(latest, AARCH64),
        "x86_floor": floors(latest, X86_64),
        "confidence": "index",
    }


def _until(first: str, having: list[Version], files: Names) -> str:
    """A first release, and the last one where later releases are without: `1.0..1.9`."""
    return f"{first}..{having[-1]}" if first and having[-1] != max(files) else first


def _joined(by_python: Mapping[tuple[int, int], str]) -> str:
    return ";".join(f"cp{python[0]}{python[1]}:{first}" for python, first in by_python.items() if first)


def refreshed(table: str, answers: Iterable[Mapping[str, object]]) -> str:
    """The text of the table with the rows of the answers replaced."""
    comments = [line for line in table.splitlines() if line.startswith("#")]
    columns = next(line for line in table.splitlines() if not line.startswith("#")).split("\t")
    rows = rows_of(table)
    for answer in answers:
        name = canonicalize_name(str(answer["name"]))
        new = {
            "kind": "native",
            **{key: value for key, value in rows.get(name, {}).items() if value},
            "name": name,
            **facts(files_of(answer)),
        }
        if name in rows and not new["arm_glibc"] and not new["x86_from"]:
            continue  # an index without final releases takes no fact away
        if new["arm_glibc"] and new.get("x86_only"):
            new |= {"x86_only": "", "kind": "native"}
        rows[name] = new
    cells = ("\t".join(rows[name].get(column, "") for column in columns) for name in sorted(rows))
    return "\n".join([*comments, "\t".join(columns), *cells]) + "\n"


def lost(old: str, new: str) -> list[str]:
    """The packages whose row, or whose first release with a wheel for arm64, a new table no longer has."""
    kept = {name: row["arm_glibc"] for name, row in rows_of(new).items()}
    return [name for name, row in rows_of(old).items() if name not in kept or (row["arm_glibc"] and not kept[name])]


def rows_of(table: str) -> dict[str, dict[str, str]]:
    """The rows of a table by package: column -> cell."""
    head, *lines = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {cells[0]: dict(zip(head, cells, strict=False)) for cells in lines}


def asked(index: str, wanted: Iterable[str]) -> Iterator[Mapping[str, object]]:
    """The answers of an index; packages that it does not have are left out.

    Raises:
        httpx.HTTPError: the index does not answer.
    """
    accepts = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with httpx.Client(headers=accepts, timeout=60, follow_redirects=True) as client:
        for name in wanted:
            answer = client.get(f"{index.rstrip('/')}/{name}/")
            if answer.status_code != httpx.codes.NOT_FOUND:
                yield answer.raise_for_status().json()


def main() -> None:
    """Rewrite the table, or show what would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("answers", nargs="*", type=Path, help="answers of the simple API; without any the index is asked for every row")
    parser.add_argument("--index", default="https://pypi.org/simple")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    old = TABLE.read_text(encoding="utf-8")
    answers = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.answers] or asked(arguments.index, rows_of(old))
    new = refreshed(old, answers)
    if gone := lost(old, new):
        sys.exit(f"nothing is written: facts would be lost of {', '.join(gone)}")
    if not arguments.answers:
        new = re.sub(r"(?m)^# as-of: .*$", f"# as-of: {date.today().isoformat()}", new, count=1)
    changed = sorted(set(new.splitlines()) - set(old.splitlines()))
    print("\n".join(changed) if arguments.check else f"{len(changed)} rows changed")
    if not arguments.check:
        TABLE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()

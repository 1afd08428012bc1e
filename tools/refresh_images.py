"""Rebuild armready/knowledge/data/official_images.tsv from a clone of the official-images repository with its whole history.

    python tools/refresh_images.py PATH/TO/official-images [--check]

The clone is read with `git log` and `git cat-file`; nothing of it is run. Every version of every file below `library/` counts: what
Docker Hub serves under a tag that is no longer listed is what was pushed last, so the last listing of a tag decides. A shallow clone would
forget most tags and is refused. `--check` writes nothing and says what would change.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from armready.knowledge.official_images import numbers_of, shape_of  # noqa: E402
from armready.knowledge.tables import front_coded  # noqa: E402

TARGET = ROOT / "armready/knowledge/data/official_images.tsv"
COLUMNS = ("image", "status", "since_arm64", "last_listed", "no_arm64", "arm64_shapes", "arm64_listed", "arm64_unlisted")
ARM64 = "arm64v8"
MANIFEST_LISTS = "2017-09-12"  # the day library/ images became manifest lists: what was last listed before it is served for amd64 only
_LOG = (
    *("log", "--first-parent", "-m", "--reverse", "--no-renames", "--no-abbrev", "--raw"),
    *("--date=format-local:%Y-%m-%d", "--format=@%cd", "--", "library/"),
)
_OLD_LINE = re.compile(r"([\w.-]+):\s+\S+@\S+")


@dataclass
class Image:
    """What the history says of one image.

    Attributes:
        tags: tag -> architectures of its last listing.
        seen: tag -> the last day it was listed, as far as the file has changed since.
        current: the tags of the newest version of the file.
        since_arm64: the first day a tag had arm64.
        last_listed: the last day the file existed; empty while it does.
    """

    tags: dict[str, frozenset[str]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    current: frozenset[str] = frozenset()
    since_arm64: str = ""
    last_listed: str = ""


def git(clone: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    command = ["git", "-C", str(clone), *arguments]
    return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE, env=os.environ | {"TZ": "UTC"}).stdout


def versions(clone: Path) -> Iterator[tuple[str, str, str]]:
    """(day, image, blob) of every change below library/, oldest first; an empty blob means that the file was removed."""
    log = git(clone, *_LOG)
    day = ""
    for line in log.decode().splitlines():
        if line.startswith("@"):
            day = line[1:]
        elif line.startswith(":"):
            described, path = line.split("\t")
            blob = described.split()[3]
            name = path.removeprefix("library/")
            if "/" not in name and not name.endswith(".md"):
                yield day, name, "" if set(blob) == {"0"} else blob


def blobs(clone: Path, names: list[str]) -> dict[str, str]:
    """The texts of blobs."""
    out = git(clone, "cat-file", "--batch", stdin="\n".join(names).encode())
    texts, at = {}, 0
    for name in names:
        end = out.index(b"\n", at)
        size = int(out[at:end].split()[2])
        texts[name] = out[end + 1 : end + 1 + size].decode("utf-8", "replace")
        at = end + size + 2
    return texts


def listed(text: str) -> dict[str, frozenset[str]]:
    """Tag -> architectures of one version of a library file, in its present and in its first notation."""
    tags: dict[str, set[str]] = {}
    default = "amd64"
    for number, block in enumerate(re.split(r"\n[ \t]*\n", re.sub(r"(?m)^[ \t]*#.*\n?", "", text + "\n"))):
        fields = dict(re.findall(r"(?m)^([A-Za-z][\w-]*):[ \t]*(\S.*(?:\n[ \t]+\S.*)*)", block))
        if "Tags" not in fields and "SharedTags" not in fields:
            if number == 0 and "Architectures" in fields:
                default = fields["Architectures"]
            for match in _OLD_LINE.finditer(block):
                tags.setdefault(match[1], set()).add("amd64")
            continue
        architectures = re.split(r"[\s,]+", fields.get("Architectures", default).strip())
        names = f"{fields.get('Tags', '')},{fields.get('SharedTags', '')}"
        for tag in re.split(r"[\s,]+", names):
            if tag:
                tags.setdefault(tag, set()).update(architectures)
    return {tag: frozenset(architectures) for tag, architectures in tags.items()}


def read(clone: Path) -> tuple[str, dict[str, Image]]:
    """The day of the newest commit, and all images ever listed."""
    history = list(versions(clone))
    texts = blobs(clone, sorted({blob for _, _, blob in history if blob}))
    parsed = {blob: listed(text) for blob, text in texts.items()}
    images: dict[str, Image] = {}
    for day, name, blob in history:
        image = images.setdefault(name, Image())
        tags = parsed[blob] if blob else {}
        if not tags:
            image.last_listed, image.current = image.last_listed or day, frozenset()
            continue
        gone = image.current
        image.last_listed, image.current = "", frozenset(tags)
        image.tags.update(tags)
        for tag in set(tags) | gone:
            image.seen[tag] = day
        if not image.since_arm64 and any(ARM64 in architectures for architectures in tags.values()):
            image.since_arm64 = day
    day = git(clone, "log", "-1", "--date=format-local:%Y-%m-%d", "--format=%cd").decode().strip()
    return day, {name: image for name, image in images.items() if image.tags}


def row(name: str, image: Image) -> tuple[str, ...]:
    linux = {tag: archs for tag, archs in image.tags.items() if any(not arch.startswith("windows") for arch in archs)}
    yes = {tag for tag, archs in linux.items() if ARM64 in archs and image.seen[tag] >= MANIFEST_LISTS}
    no = sorted(set(linux) - yes)
    status = "none" if not yes else "some" if no else "all"
    current = sorted(yes & image.current)
    highest_no, highest_current = highest(no), highest(current)
    past = [
        tag
        for tag in sorted(yes - image.current)
        if (shape := shape_of(tag)) in highest_no and not highest_no[shape] < numbers_of(tag) <= highest_current.get(shape, ())
    ]
    past = sorted({*past, *lowest_above(yes, highest_no)})
    lists = ([] if status == "none" else no, sorted({shape_of(tag) for tag in yes}), current, past)
    return (name, status, image.since_arm64 or "-", image.last_listed or "-", *map(front_coded, lists))


def highest(tags: list[str]) -> dict[str, tuple[int, ...]]:
    """Shape -> the highest numbers among the tags of that shape."""
    found: dict[str, tuple[int, ...]] = {}
    for tag in tags:
        shape = shape_of(tag)
        found[shape] = max(found.get(shape, ()), numbers_of(tag))
    return found


def lowest_above(yes: set[str], highest_no: dict[str, tuple[int, ...]]) -> list[str]:
    """Per shape the first tag with arm64 after the last one without: the nearest way forward."""
    found: dict[str, str] = {}
    for tag in sorted(yes, key=lambda each: (numbers_of(each), each), reverse=True):
        if (shape := shape_of(tag)) in highest_no and numbers_of(tag) > highest_no[shape]:
            found[shape] = tag
    return list(found.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path, help="a clone of the official-images repository, bare or not, with all commits")
    parser.add_argument("--check", action="store_true", help="write nothing, say what would change")
    arguments = parser.parse_args()
    if git(arguments.clone, "rev-parse", "--is-shallow-repository").strip() == b"true":
        sys.exit(f"{arguments.clone} is a shallow clone: without the whole history most tags would be forgotten")
    day, images = read(arguments.clone)
    commit = git(arguments.clone, "rev-parse", "HEAD").decode().strip()
    lines = [f"# as-of: {day} source: official-images library files, all versions up to commit {commit}", "\t".join(COLUMNS)]
    lines += ["\t".join(row(name, images[name])) for name in sorted(images)]
    text = "\n".join(lines) + "\n"
    counts = f"{len(images)} images, {sum(len(image.tags) for image in images.values())} tags"
    if arguments.check:
        old = TARGET.read_text(encoding="utf-8").splitlines() if TARGET.exists() else []
        changed = sorted({line.split("\t")[0] for line in set(old) ^ set(lines) if not line.startswith("#")})
        print(f"{counts}; rows that would change: {', '.join(changed) or 'none'}")
        return 1 if changed else 0
    TARGET.write_text(text, encoding="utf-8")
    print(f"{counts}, {len(text)} bytes, as of {day}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

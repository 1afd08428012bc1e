"""How much of what repositories name do the embedded facts decide? `python -m benchmarks.known REPOSITORY... --trees FOLDER`.

Counted are distinct image references (of FROM, manifests, compose and CI), downloads for amd64 and Python packages; once as they are, and
once weighted by the number of repositories that name them. References that hold variables, and images that a repository builds itself, are
counted apart: no table can know them. The undecided ones follow, the most frequent first.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from armready.builds.built_images import built_images
from armready.builds.facts import ImageBuild
from armready.core.classify import SHELL_KINDS
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.reference import Reference
from armready.downloads import downloads
from armready.downloads.names import shape
from armready.knowledge.images import verdict
from armready.knowledge.packages import package
from armready.knowledge.verdicts import Has
from armready.online.gather import named_images, named_packages, open_named
from armready.run.session import Session, open_session
from benchmarks.crater import tree_of

UNDECIDED = 100


class Named(NamedTuple):
    """Something that a repository names.

    Attributes:
        what: `image`, `download` or `package`.
        name: as it is counted.
        decided: whether the embedded facts know it.
        own: it holds variables, or the repository makes it.
    """

    what: str
    name: str
    decided: bool
    own: bool = False


def named(session: Session) -> Iterator[Named]:
    """Everything that the files of a repository name."""
    results = session.analyse().results.values()
    built = built_images(fact for result in results for fact in result.facts.of(ImageBuild))
    for path in session.paths:
        file = open_named(session.tree, path, session.settings)
        with suppress(ParseProblem):
            yield from _in_file(file, frozenset(built))


def _in_file(file: File | None, built: frozenset[str]) -> Iterator[Named]:
    if file is None:
        return
    for text in named_images(file):
        reference = Reference.parse(text.strip("\"'"))
        own = bool(reference.unresolved) or reference.familiar in built
        yield Named("image", reference.short, verdict(reference, file.settings).arm64 is not Has.UNKNOWN, own)
    for name in named_packages(file):
        yield Named("package", name, package(name) is not None)
    for download in file.parse(downloads) if file.kind in SHELL_KINDS else ():
        yield Named("download", shape(download.url), download.match is not None and download.match.has_arm64 is not None)


def report(found: Mapping[Named, set[str]]) -> None:
    """Print the shares, and the undecided."""
    for what in ("image", "download", "package"):
        mine = {each: len(repositories) for each, repositories in found.items() if each.what == what}
        outside = {each: count for each, count in mine.items() if not each.own}
        decided = {each: count for each, count in outside.items() if each.decided}
        share = len(decided) / max(1, len(outside))
        weighted = sum(decided.values()) / max(1, sum(outside.values()))
        rest = len(mine) - len(outside)
        print(f"{what}: {len(outside)}, decided {share:.3f}, weighted {weighted:.3f}; {rest} more hold variables or are made here")
        undecided = sorted((-count, each.name) for each, count in outside.items() if not each.decided)
        for count, name in undecided[:UNDECIDED]:
            print(f"{-count:5} {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--trees", type=Path, required=True, help="where bare repositories are laid out")
    arguments = parser.parse_args()
    found: dict[Named, set[str]] = defaultdict(set)
    for repository in arguments.repositories:
        root = tree_of(repository, arguments.trees)
        for each in named(open_session([root], {}, no_cache=True, jobs=1)):
            found[each].add(repository.name)
    report(found)


if __name__ == "__main__":
    main()

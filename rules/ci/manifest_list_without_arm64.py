"""A manifest list joins the images of several architectures, and arm64 is not among them.

## What it finds

`docker manifest create`, `docker buildx imagetools create`, `podman manifest add` and their like, where the name of every image that is
joined says its architecture, amd64 is one of them and arm64 is none. Images that are joined under the same name elsewhere in the file count
too. Names with variables in the place of the architecture are left alone, and lists whose own name says that they are for one.

## Why it stops arm64

A node takes from the list the image of its own architecture. An arm64 node finds none, or a 32-bit one that it may not be able to run.

## What to do

Build the image for arm64 as well and join it too, or build all platforms with one `docker buildx build --platform`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.builds.events import Merge, Name
from armready.builds.file_builds import read_builds
from armready.builds.needles import build_needles
from armready.builds.platforms import architecture_in, names_architecture
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.multiplatform.reporting import READABLE


class ManifestListWithoutArm64(FileRule):
    code = "CI123"
    name = "manifest-list-without-arm64"
    summary = "A manifest list has amd64 and not arm64"
    severity = Severity.WARNING
    kinds = READABLE
    needles = build_needles()
    examples = (
        Example(
            "32-bit arm alone",
            path="release.sh",
            bad="«docker manifest create a/b:1 a/b:1-amd64 a/b:1-armv7»\ndocker manifest push a/b:1\n",
            severity=Severity.WARNING,
        ),
        Example(
            "a pipeline",
            path=".gitlab-ci.yml",
            bad="join:\n  image: docker:27\n  script:\n    - «docker buildx imagetools create -t a/b:1 a/b:1-amd64 a/b:1-s390x»\n",
        ),
        Example("one image after the other", path="release.sh", bad="«podman manifest add a/b:1 docker://a/b:1-amd64»\n"),
        Example(
            "arm64 too",
            path="release.sh",
            good="docker manifest create a/b:1 a/b:1-amd64 a/b:1-arm64\n",
            breaks=("arm64", "armv7"),
        ),
        Example(
            "arm64 is joined by another command",
            path="release.sh",
            good="docker manifest create a/b:1 a/b:1-amd64\ndocker manifest create --amend a/b:1 a/b:1-arm64\n",
            breaks=("1-arm64", "1-armv7"),
        ),
        Example(
            "the name of the list says amd64",
            path="release.sh",
            good="docker buildx imagetools create -t c/d:1-amd64 a/b:1-amd64\n",
            breaks=("c/d:1-amd64", "c/d:1"),
        ),
        Example(
            "architectures by a variable",
            path="release.sh",
            good="docker manifest create a/b:1 a/b:1-amd64 a/b:1-$OTHER\n",
            breaks=("$OTHER", "armv7"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        lists: dict[frozenset[str], list[Merge]] = {}
        for merge in file.parse(read_builds).merges:
            if merge.names and _joined(merge) and not names_architecture(merge.names[0].shown.rpartition("/")[2]):
                lists.setdefault(merge.names[0].spellings, []).append(merge)
        for merges in lists.values():
            architectures = [architecture_in(source.shown.rpartition("/")[2]) for merge in merges for source in _joined(merge)]
            if None not in architectures and "amd64" in architectures and "arm64" not in architectures:
                others = ", ".join(sorted({each for each in architectures if each}))
                message = f"{merges[0].names[0].shown} joins images for {others} and none for arm64, so arm64 nodes have no image to run."
                yield self.finding(file.location(merges[0].span), message)


def _joined(merge: Merge) -> Sequence[Name]:
    """The images that are put into the list: its own name stands among the sources where no option names it."""
    own = merge.names[0].spellings
    return [source for source in merge.sources if source.spellings.isdisjoint(own)]

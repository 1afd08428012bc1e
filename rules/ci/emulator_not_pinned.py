"""The emulator's image is not pinned, or no longer maintained.

## What it finds

`tonistiigi/binfmt` without a tag or with `latest`, and `multiarch/qemu-user-static` with any tag.

## Why it stops arm64

The newest QEMU has crashed builds of some base images more than once, from one day to the next; `multiarch/qemu-user-static`
stands still since 2023.

## What to do

Take a fixed tag of `tonistiigi/binfmt`, such as `tonistiigi/binfmt:qemu-v9.2.2`, and move on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.events import Setup
from armready.builds.file_builds import read_builds
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.emulators import emulator_needles
from armready.multiplatform.reporting import READABLE


class EmulatorNotPinned(FileRule):
    code = "CI111"
    name = "emulator-not-pinned"
    summary = "The emulator's image is not pinned, or no longer maintained"
    severity = Severity.INFO
    kinds = READABLE
    needles = emulator_needles()
    examples = (
        Example("no tag", path="build.sh", bad="«docker run --privileged --rm tonistiigi/binfmt --install all»\n"),
        Example("stands still", path="build.sh", bad="«docker run --rm --privileged multiarch/qemu-user-static --reset -p yes»\n"),
        Example(
            "pinned",
            path="build.sh",
            good="docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64\n",
            breaks=(":qemu-v9.2.2", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for event in file.parse(read_builds).of_kind(Setup):
            if not isinstance(event, Setup) or event.kind != "emulator" or event.command is None:
                continue
            image = event.detail.split(" ")[0]
            if "multiarch/qemu-user-static" in image:
                yield self.finding(
                    file.location(event.span), "multiarch/qemu-user-static stands still since 2023; tonistiigi/binfmt is maintained."
                )
            elif re.search(r"tonistiigi/binfmt(?::latest)?$", image):
                yield self.finding(
                    file.location(event.span), "The emulator's newest image has crashed arm64 builds before; pin a tag such as qemu-v9.2.2."
                )

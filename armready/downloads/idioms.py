"""How a name of the architecture is written so that it follows the build, and where each idiom is right.

In an image build `TARGETARCH` is right wherever BuildKit builds, `uname -m` where the step runs on what it builds for. Elsewhere the
machine is asked: `uname -m`, or `dpkg --print-architecture` on Debian. Names that neither prints get a `case` block.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from armready.builds.arch_switches import arch_switches, assigned_only_in
from armready.builds.scripts import Host
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.known import ChecksumAnswer
from armready.core.source import Span
from armready.downloads.model import Download
from armready.downloads.names import Renaming, renamings
from armready.knowledge.arch import DPKG, UNAME, Spelling, probe, rewrites
from armready.languages.shell.script import Command, Frame, Script

_DEBIAN = frozenset({"apt-get", "apt", "dpkg", "aptitude"})


class Idiom(NamedTuple):
    """What is written in the place of a name, the argument to declare for it, and the block that has to come before."""

    written: str
    argument: str = ""
    block: tuple[str, ...] = ()


def idiom_of(file: File, download: Download, renaming: Renaming, others: tuple[Download, ...]) -> Idiom | None:
    """What takes the place of a name where the download stands; None when nothing is right there."""
    if download.instruction is not None and download.host is Host.IMAGE:
        return _image_idiom(download, renaming, others)
    if download.hosted is None:
        return None
    known = _known_variable(download, renaming)
    if known is not None:
        return Idiom(f"${{{known}}}")
    return _machine_idiom(file, download, renaming, others)


def _image_idiom(download: Download, renaming: Renaming, others: tuple[Download, ...]) -> Idiom | None:
    instruction, stage = download.instruction, download.stage
    assert instruction is not None
    argument = "BUILDARCH" if stage is not None and stage.on_build_platform and _is_run(download) else "TARGETARCH"
    if stage is not None and (definition := stage.definition(argument, instruction)) is not None and definition.pair.value is not None:
        return None
    in_shell = all(site.text.word is not None for site in download.sites)
    if (renaming.amd64, renaming.arm64) == ("amd64", "arm64"):
        return Idiom(f"${{{argument}}}", argument)
    if not in_shell:
        return None
    native = stage is not None and not stage.on_build_platform
    if native and (renaming.amd64, renaming.arm64) == (UNAME.amd64, UNAME.arm64):
        return Idiom("$(uname -m)")
    known = _known_variable(download, renaming)
    if known is not None:
        return Idiom(f"${{{known}}}")
    variable = _common_variable(download, renaming, others)
    return Idiom(f"${{{variable}}}", argument, _case(f"${{{argument}}}", ("amd64", "arm64"), variable, renaming))


def _machine_idiom(file: File, download: Download, renaming: Renaming, others: tuple[Download, ...]) -> Idiom | None:
    hosted = download.hosted
    assert hosted is not None
    if (renaming.amd64, renaming.arm64) == (UNAME.amd64, UNAME.arm64):
        return Idiom("$(uname -m)")
    debian = any(command.name in _DEBIAN for command in hosted.script.commands)
    if debian and (renaming.amd64, renaming.arm64) == (DPKG.amd64, DPKG.arm64):
        return Idiom("$(dpkg --print-architecture)")
    if file.kind is not Kind.SHELL or any(site.text.word is None for site in download.sites):
        return None
    variable = _common_variable(download, renaming, others)
    return Idiom(f"${{{variable}}}", "", _case("$(uname -m)", ("x86_64", "aarch64 | arm64"), variable, renaming))


def _case(subject: str, patterns: tuple[str, str], variable: str, renaming: Renaming) -> tuple[str, ...]:
    return (
        f'case "{subject}" in',
        f"  {patterns[0]}) {variable}={renaming.amd64} ;;",
        f"  {patterns[1]}) {variable}={renaming.arm64} ;;",
        f'  *) echo "unsupported architecture: {subject}" >&2; exit 1 ;;',
        "esac",
    )


def _variable(download: Download) -> str:
    name = download.match.tool.name if download.match is not None else re.split(r"[^A-Za-z]", download.asset)[0]
    stem = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "FILE"
    variable = f"{stem}_ARCH" if not stem[0].isdigit() else f"FILE_{stem}_ARCH"
    taken = {each.name for command in download.hosted.script.commands for each in command.assignments} if download.hosted else set()
    return variable if variable not in taken else f"{variable}_NAME"


def sharing(download: Download, renaming: Renaming, others: tuple[Download, ...]) -> tuple[Download, ...]:
    """The downloads of the same script or function that need the same names, and so one block for all of them; itself among them."""
    return tuple(
        each
        for each in others
        if each is download
        or (
            each.hosted is download.hosted
            and each.checksum is None
            and each.has_arm64 is not False
            and _function(each) == _function(download) is not None
            and any((own.amd64, own.arm64) == (renaming.amd64, renaming.arm64) for own in renamings(each) or ())
        )
    )


def _function(download: Download) -> tuple[Frame, ...] | None:
    """The functions around a download; None where no command is known."""
    return None if download.command is None else tuple(frame for frame in download.command.context if frame.kind == "function")


def _common_variable(download: Download, renaming: Renaming, others: tuple[Download, ...]) -> str:
    """The variable of the tool; one for all where the same block serves several tools."""
    names = list(dict.fromkeys(_variable(each) for each in sharing(download, renaming, others)))
    common = len(names) > 1 and download.hosted is not None and re.search(r"\bARCH\b", download.hosted.text) is None
    return "ARCH" if common else names[0] if names else _variable(download)


def _known_variable(download: Download, renaming: Renaming) -> str | None:
    """A variable of the script that already holds the name, straight from a source that spells it so."""
    hosted = download.hosted
    if hosted is None or download.command is None:
        return None
    for command in hosted.script.commands_in(Span(0, download.command.span.start)):
        for each in command.assignments:
            if each.value is None or command.condition or rewrites(each.value.template):
                continue
            spelling: Spelling | None = probe(each.value.template)
            if spelling is not None and (spelling.amd64, spelling.arm64) == (renaming.amd64, renaming.arm64):
                return each.name
    return _switched_variable(hosted.script, download.command, renaming)


def _switched_variable(script: Script, command: Command, renaming: Renaming) -> str | None:
    """A variable that a conditional in front of a command, under the same conditions, sets to the names of both architectures."""
    for found in arch_switches(script):
        conditional, amd64, arm64 = found.conditional, found.amd64, found.arm64
        if conditional is None or amd64 is None or arm64 is None or conditional.span.end > command.span.start:
            continue
        if any(frame not in command.context for frame in conditional.context if frame.kind not in ("and", "group")):
            continue
        of_amd64, of_arm64 = (_assigned(script, branch.body) for branch in (amd64, arm64))
        for name, value in of_arm64.items():
            if (of_amd64.get(name), value) == (renaming.amd64, renaming.arm64) and assigned_only_in(script, name, conditional.span):
                return name
    return None


def _assigned(script: Script, span: Span) -> dict[str, str | None]:
    return {each.name: each.value.value for command in script.commands_in(span) for each in command.assignments if each.value is not None}


def _is_run(download: Download) -> bool:
    """Whether the tool is run in the stage that fetches it."""
    if download.match is None or download.stage is None:
        return False
    name = download.match.tool.key.rpartition("/")[2]
    texts = [each.shell.text for each in download.stage.instructions if each.shell is not None]
    return any(re.search(rf"(?:^|[;&|]\s*|/){re.escape(name)}(?:\s+-|\s+\w)", text) for text in texts)


def with_sums(download: Download, idiom: Idiom, renaming: Renaming, sums: ChecksumAnswer) -> Idiom:
    """The idiom with a block that sets the checksum too."""
    variable = checksum_variable(download)
    if not idiom.block:
        block = _case(idiom.written, (renaming.amd64, renaming.arm64), variable, Renaming(sums.amd64, sums.arm64))
        return idiom._replace(block=block)
    branches = (f" {variable}={each} ;;" for each in (sums.amd64, sums.arm64))
    first, second = (line.removesuffix(" ;;") + ";" + branch for line, branch in zip(idiom.block[1:3], branches, strict=True))
    return idiom._replace(block=(idiom.block[0], first, second, *idiom.block[3:]))


def checksum_variable(download: Download) -> str:
    """The variable that holds the checksum of the build's architecture."""
    return re.sub(r"_ARCH(?:_NAME)?$", "_SHA256", _variable(download))

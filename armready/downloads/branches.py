"""A branch for arm64 in a switch whose last branch fetches files for amd64 (DF163)."""

from __future__ import annotations

import re

from armready.builds.arch_switches import ArchSwitch
from armready.builds.scripts import HostedScript
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.source import Span
from armready.downloads import downloads_in
from armready.downloads.names import Renaming, renamings
from armready.knowledge.arch import amd64_tokens


def with_branch(file: File, hosted: HostedScript, found: ArchSwitch) -> Fix | None:
    """The `else` once more, as a branch for arm64 with the names of its files; None unless all of them are known."""
    script = hosted.script
    if found.conditional is None or found.conditional.is_case or found.default is None or found.subject is None or script.errors:
        return None
    body = found.default.body
    fetched = downloads_in(file, hosted, body)
    if not fetched or len(amd64_tokens(script.text[body.start : body.end])) != sum(len(each.sites) for each in fetched):
        return None
    if any(each.checksum is not None or each.has_arm64 is not True or each.match is None or not each.match.tool.pairs for each in fetched):
        return None
    changes: set[Renaming] = set()
    for each in fetched:
        known = renamings(each)
        if known is None or any(renaming.doubts for renaming in known):
            return None
        changes.update(known)
    start = _else(hosted, found)
    end = script.embedded.host_offset(found.conditional.span.end - len("fi"))
    if start is None or end is None or file.text[start : start + 4] != "else" or len({each.amd64 for each in changes}) != len(changes):
        return None
    text = file.text[start + len("else") : end]
    for change in changes:
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(change.amd64)}(?![A-Za-z0-9])", change.arm64, text)
    condition = f'elif [ {found.subject.text} = "{found.question.arm64}" ]; then'
    fix = Fix("Add a branch for arm64", (file.insert(start, condition + text),))
    if all(each.match is not None and each.match.tool.read for each in fetched):
        return fix
    return fix.demoted(Applicability.UNSAFE, "That the files for arm64 exist was not checked at their source.")


def _else(hosted: HostedScript, found: ArchSwitch) -> int | None:
    """The place of `else` in the file."""
    assert found.conditional is not None
    assert found.default is not None
    before = max(branch.body.end for branch in found.conditional.branches if branch is not found.default)
    between = hosted.text[before : found.default.body.start]
    words = list(re.finditer(r"\belse\b", between))
    if len(words) != 1:
        return None
    return hosted.script.embedded.host_offset(Span(before + words[0].start(), before + words[0].end()).start)

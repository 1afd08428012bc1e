"""What can be done about a finding: its fix, an ignore comment, all safe fixes of the file, a look at the rule's page.

What an action changes is worked out when it is chosen, by the fixer and with its proof, on the documents as they are then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from difflib import SequenceMatcher
from typing import NamedTuple

from lsprotocol import types

from armready.core.errors import ArmreadyError
from armready.core.finding import Finding
from armready.core.fix import Applicability, Fix
from armready.core.source import Source, Span
from armready.fixing.fixer import FixOutcome, fix, fix_session
from armready.reporters.base import escape, rule_url
from armready.run.passes import Filters
from armready.server.diagnostics import diagnostics
from armready.server.documents import overlay
from armready.server.folder import Folder, Opened
from armready.server.ignoring import ignore_fix
from armready.server.positions import Lines, Places

FIX_ALL = "source.fixAll.armready"
OPEN_RULE = "armready.openRule"

_FIX, _IGNORE, _ALL = "fix", "ignore", "all"


class Choice(NamedTuple):
    """An action that was offered: what to do about which finding of which state of a document."""

    uri: str
    version: int
    what: str
    code: str = ""
    start: int = 0
    end: int = 0

    def names(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        return (self.code, self.start, self.end) == (finding.code, *finding.location.span)


def offered(folder: Folder, path: str, span: Span, only: list[str] | None, opened: Opened, places: Places) -> Iterator[types.CodeAction]:
    """The actions for a range of an open document that the second pass has seen, of the kinds that are asked for."""
    document = opened[path]
    if _asked(only, types.CodeActionKind.QuickFix):
        for finding in folder.reported.get(path, ()):
            place = finding.location.span
            if place.start <= span.end and span.start <= place.end:
                choice = Choice(uri=document.uri, version=document.version, what="", code=finding.code, start=place.start, end=place.end)
                yield from _of_finding(folder, finding, choice, opened, places)
    if _asked(only, FIX_ALL) and any(_is_safe_here(finding, path) for finding in folder.reported.get(path, ())):
        choice = Choice(document.uri, document.version, _ALL)
        yield types.CodeAction("Apply all safe fixes of armready in this file", FIX_ALL, data=choice._asdict())


def _asked(only: list[str] | None, kind: str) -> bool:
    return only is None or any(kind == each or kind.startswith(f"{each}.") for each in only)


def _is_safe_here(finding: Finding, path: str) -> bool:
    """Whether a finding has a safe fix that changes this file alone."""
    made = finding.fix
    return made is not None and made.applicability is Applicability.SAFE and all(edit.path == path for edit in made.edits)


def _of_finding(folder: Folder, finding: Finding, choice: Choice, opened: Opened, places: Places) -> Iterator[types.CodeAction]:
    about = diagnostics([finding], places)
    kind = types.CodeActionKind.QuickFix
    if finding.fix and finding.fix.applicability is not Applicability.DISPLAY:
        safe = finding.fix.applicability is Applicability.SAFE
        title = f"{finding.fix.title} ({finding.code})" if safe else f"{finding.fix.title} ({finding.code}, unsafe)"
        note = "" if safe else "".join(f": {each}" for each in finding.fix.notes[:1])
        data = choice._replace(what=_FIX)._asdict()
        yield types.CodeAction(escape(title + note), kind, diagnostics=about, is_preferred=safe, data=data)
    if _ignored(folder, finding, opened):
        data = choice._replace(what=_IGNORE)._asdict()
        yield types.CodeAction(f"Ignore {finding.code} here, with a reason", kind, diagnostics=about, data=data)
    command = types.Command(f"Open the page of {finding.code}", OPEN_RULE, arguments=[rule_url(finding.name)])
    yield types.CodeAction(command.title, kind, diagnostics=about, command=command)


def _ignored(folder: Folder, finding: Finding, opened: Opened) -> Fix | None:
    return ignore_fix(finding, opened[finding.path], folder.analysis.results[finding.path].kind, folder.session.settings)


def edit_of(folder: Folder, path: str, choice: Choice, opened: Opened, places: Places, *, versions: bool) -> types.WorkspaceEdit:
    """What an action changes.

    Args:
        folder: judged with these very documents.
        path: the document that the action is about.
        choice: the action.
        opened: the documents.
        places: of this state.
        versions: the editor takes edits that name the version of the document they are made for.

    Raises:
        ArmreadyError: the document has changed since, or the proof refuses the fix.
    """
    if choice.version != opened[path].version:
        raise ArmreadyError("the document has changed since this was offered")
    return _workspace_edit(_outcome(folder, path, choice, opened), places, versions=versions)


def _outcome(folder: Folder, path: str, choice: Choice, opened: Opened) -> Mapping[str, tuple[bytes, bytes]]:
    session = replace(folder.session, tree=overlay(folder.root, opened))
    if choice.what == _ALL:
        filters = Filters(only=lambda finding: finding.path == path and _is_safe_here(finding, path))
        return fix_session(session, folder.analysis, filters, unsafe=False).changes
    chosen = next((finding for finding in folder.analysis.findings if finding.path == path and choice.names(finding)), None)
    if chosen is None:
        raise ArmreadyError("there is no such finding any more")
    analysis = folder.analysis
    if choice.what == _IGNORE:
        ignored = replace(chosen, fix=_ignored(folder, chosen, opened))
        analysis = replace(analysis, findings=tuple(ignored if each is chosen else each for each in analysis.findings))
        chosen = ignored
    outcome = fix(
        session.tree,
        analysis,
        session.registry,
        allowed=Applicability.UNSAFE,
        wanted=lambda finding: finding == chosen,
        today=date.today(),
        rounds=1,
    )
    return _proven(outcome)


def _proven(outcome: FixOutcome) -> Mapping[str, tuple[bytes, bytes]]:
    if outcome.not_applied:
        raise ArmreadyError(f"this fix is not made: {outcome.not_applied[0].reason}")
    return outcome.changes


def _workspace_edit(changes: Mapping[str, tuple[bytes, bytes]], places: Places, *, versions: bool) -> types.WorkspaceEdit:
    edits = {path: list(_text_edits(path, *change, places.lines(path))) for path, change in changes.items()}
    if not versions:
        return types.WorkspaceEdit(changes={places.uri(path): group for path, group in edits.items()})
    return types.WorkspaceEdit(
        document_changes=[
            types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(places.uri(path), places.version(path)), group)
            for path, group in edits.items()
        ]
    )


def _text_edits(path: str, old: bytes, new: bytes, lines: Lines) -> Iterator[types.TextEdit]:
    """The lines that differ. Ends of lines and a missing last one stay as they are in the text."""
    before, after = (Source.decode(path, data).text.splitlines(keepends=True) for data in (old, new))
    offsets = [0]
    for line in before:
        offsets.append(offsets[-1] + len(line))
    for tag, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield types.TextEdit(lines.range(Span(offsets[start], offsets[end])), "".join(after[new_start:new_end]))

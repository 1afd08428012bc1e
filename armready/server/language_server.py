"""The language server protocol: what the editor says and asks, handed to the workspace."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from armready import __version__
from armready.core.errors import ArmreadyError
from armready.core.tree import digest_of
from armready.reporters.base import DOCUMENTATION, escape
from armready.server.actions import FIX_ALL, OPEN_RULE, Choice, edit_of, offered
from armready.server.documents import Document
from armready.server.hover import hover
from armready.server.positions import Places
from armready.server.workspace import Open, Workspace

_SETTINGS = "settings"
_SECTION = "armready"


class Server(LanguageServer):
    """The language server of one editor."""

    def __init__(self) -> None:
        # Whole documents are sent: where a text has other ends of lines than pygls counts, a part of it would be put in the wrong place.
        super().__init__("armready", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.editor = Editor(self)
        self.files = Workspace(self.editor)


class Editor:
    """The editor at the other end, as the workspace knows it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._pulled: dict[str, str] = {}

    @property
    def encoding(self) -> types.PositionEncodingKind | str:
        """What columns count."""
        return self._server.workspace.position_encoding or types.PositionEncodingKind.Utf16

    @property
    def _can(self) -> types.ClientCapabilities:
        return self._server.client_capabilities

    @property
    def pulls(self) -> bool:
        """Whether it asks for diagnostics by itself; then none are pushed."""
        return bool(self._can.text_document and self._can.text_document.diagnostic)

    @property
    def resolves(self) -> bool:
        """Whether it asks for what an action changes when it is chosen."""
        of_actions = self._can.text_document and self._can.text_document.code_action
        return bool(of_actions and of_actions.resolve_support and "edit" in of_actions.resolve_support.properties)

    @property
    def takes_versions(self) -> bool:
        """Whether it takes edits that name the version of a document."""
        return bool(self._can.workspace and self._can.workspace.workspace_edit and self._can.workspace.workspace_edit.document_changes)

    def watches(self) -> bool:
        """Whether it can be asked to tell of files that change."""
        watched = self._can.workspace and self._can.workspace.did_change_watched_files
        return bool(watched and watched.dynamic_registration)

    def show(self, document: Document, found: list[types.Diagnostic]) -> None:
        """See `workspace.Editor`."""
        if not self.pulls:
            self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document.uri, found, version=document.version))

    def pulled(self, uri: str, found: list[types.Diagnostic]) -> str:
        """Remember what it was told when it asked; what stands for that."""
        self._pulled[uri] = digest_of(repr(found).encode("utf-8", "surrogatepass")).hex()
        return self._pulled[uri]

    def outdated(self) -> None:
        """See `workspace.Editor`."""
        of_workspace = self._can.workspace
        if self.pulls and of_workspace and of_workspace.diagnostics and of_workspace.diagnostics.refresh_support:
            self._server.workspace_diagnostic_refresh(None)

    def log(self, message: str, level: types.MessageType = types.MessageType.Info) -> None:
        """See `workspace.Editor`. What the user can do something about is shown."""
        if level is types.MessageType.Warning:
            self._server.window_show_message(types.ShowMessageParams(level, f"armready: {escape(message)}"))
        self._server.window_log_message(types.LogMessageParams(level, escape(message)))

    async def progress(self, title: str, steps: Callable[[Callable[[float], bool]], Coroutine[Any, Any, None]]) -> None:
        """See `workspace.Editor`."""
        if not (self._can.window and self._can.window.work_done_progress):
            return await steps(lambda _: True)
        token, bar = str(uuid4()), self._server.work_done_progress
        await bar.create_async(token)
        bar.begin(token, types.WorkDoneProgressBegin(title, cancellable=True, percentage=0))

        def report(done: float) -> bool:
            bar.report(token, types.WorkDoneProgressReport(percentage=int(100 * done)))
            return not bar.tokens[token].cancelled()

        try:
            await steps(report)
        finally:
            bar.end(token, types.WorkDoneProgressEnd())
        return None


def make_server() -> Server:
    """The server with all that it answers to."""
    logging.getLogger("pygls").setLevel(logging.ERROR)
    server = Server()
    _follow_the_workspace(server)
    _follow_documents(server)
    _answer_diagnostics(server)
    _answer_questions(server)
    return server


def _settings_of(given: object) -> Mapping[str, Any] | None:
    """The configuration keys in what an editor sends."""
    table = given.get(_SETTINGS) if isinstance(given, Mapping) else None
    return table if isinstance(table, Mapping) else None


def _follow_the_workspace(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.files.settings = _settings_of(params.initialization_options) or {}

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        folders = [each.uri for each in server.workspace.folders.values()] or [uri for uri in (server.workspace.root_uri,) if uri]
        for uri in folders:
            if path := to_fs_path(uri):
                server.files.add_folder(Path(path))
        if server.editor.watches():
            watched = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher("**/*")])
            registration = types.Registration("armready-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, watched)
            await server.client_register_capability_async(types.RegistrationParams([registration]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            if path := to_fs_path(folder.uri):
                server.files.remove_folder(Path(path))
        for folder in params.event.added:
            if path := to_fs_path(folder.uri):
                server.files.add_folder(Path(path))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        server.files.files_changed(list(params.changes))

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def settings_changed(params: types.DidChangeConfigurationParams) -> None:
        section = params.settings.get(_SECTION) if isinstance(params.settings, Mapping) else None
        settings = _settings_of(section)
        if settings is not None and settings != server.files.settings:
            server.files.settings = settings
            server.files.reload()

    @server.feature(types.SHUTDOWN)
    def shut_down(_: None) -> None:
        server.files.close()


def _follow_documents(server: Server) -> None:
    def put(identifier: types.TextDocumentItem | types.VersionedTextDocumentIdentifier) -> None:
        text = server.workspace.get_text_document(identifier.uri).source
        server.files.put(Document(identifier.uri, identifier.version, text))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        put(params.text_document)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        put(params.text_document)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.files.remove(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        """An editor that watches no files tells of those at least that it writes itself."""
        if not server.editor.watches():
            server.files.files_changed([types.FileEvent(params.text_document.uri, types.FileChangeType.Changed)])


def _answer_diagnostics(server: Server) -> None:
    options = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="armready")

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def of_document(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        found = await server.files.diagnostics(params.text_document.uri) or []
        mark = server.editor.pulled(params.text_document.uri, found)
        if mark == params.previous_result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(mark)
        return types.RelatedFullDocumentDiagnosticReport(found, result_id=mark)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def of_workspace(params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        before = {each.uri: each.value for each in params.previous_result_ids}
        everything = await server.files.everything()
        items: list[types.WorkspaceDocumentDiagnosticReport] = []
        for uri in dict.fromkeys((*everything, *before)):
            found = everything.get(uri, [])
            mark = server.editor.pulled(uri, found)
            is_open = server.files.open(uri)
            version = is_open.document.version if is_open else None
            if mark == before.get(uri):
                items.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, mark, version=version))
            else:
                items.append(types.WorkspaceFullDocumentDiagnosticReport(uri, found, version=version, result_id=mark))
        return types.WorkspaceDiagnosticReport(items)


def _answer_questions(server: Server) -> None:
    options = types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        only = [str(getattr(each, "value", each)) for each in params.context.only] if params.context.only is not None else None

        def list_actions(at: Open, opened: Mapping[str, Document], places: Places) -> list[types.CodeAction]:
            span = places.lines(at.path).span(params.range)
            return list(offered(at.folder, at.path, span, only, opened, places))

        actions = await server.files.judged(params.text_document.uri, list_actions) or []
        if not server.editor.resolves:
            actions = [await with_edit(action) for action in actions]
        return actions

    async def with_edit(action: types.CodeAction) -> types.CodeAction:
        """The action with what it changes, or with the reason why it cannot be chosen."""
        try:
            return await resolve(action)
        except JsonRpcContentModified as error:
            action.disabled = types.CodeActionDisabled(str(error))
            return action

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        if not isinstance(action.data, Mapping):
            return action
        choice = Choice(**action.data)

        def work_out(at: Open, opened: Mapping[str, Document], places: Places) -> types.WorkspaceEdit:
            return edit_of(at.folder, at.path, choice, opened, places, versions=server.editor.takes_versions)

        try:
            action.edit = await server.files.judged(choice.uri, work_out)
        except ArmreadyError as error:
            raise JsonRpcContentModified(escape(str(error))) from error
        return action

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def explain(params: types.HoverParams) -> types.Hover | None:
        def look(at: Open, opened: Mapping[str, Document], places: Places) -> types.Hover | None:
            lines = places.lines(at.path)
            return hover(at.folder.reported.get(at.path, ()), lines.offset(params.position), lines, at.folder.session.registry)

        return await server.files.judged(params.text_document.uri, look)

    @server.command(OPEN_RULE)
    async def open_rule(url: str) -> None:
        if url.startswith(f"{DOCUMENTATION}/"):
            await server.window_show_document_async(types.ShowDocumentParams(url, external=True))


def serve() -> None:
    """Speak on standard input and output until the editor ends it. Whatever else is printed goes to standard error."""
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        make_server().start_io(stdout=os.fdopen(os.dup(out.fileno()), "wb"))
    finally:
        sys.stdout = out

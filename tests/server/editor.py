"""An editor for the tests: pytest-lsp's client over the standard streams of a real `armready server`."""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, LanguageClient, register_lsp_features

ROOT = Path(__file__).parents[2]
LONG = 20.0


class Editor:
    """One editor with its server."""

    def __init__(self) -> None:
        self.client = LanguageClient(converter_factory=default_converter)
        self.shown: list[types.PublishDiagnosticsParams] = []
        self.capabilities: types.ServerCapabilities
        self.registrations: list[types.Registration] = []
        self._versions: dict[str, int] = {}

        def published(params: types.PublishDiagnosticsParams) -> None:
            self.shown.append(params)

        def registered(params: types.RegistrationParams) -> None:
            self.registrations.extend(params.registrations)

        ours = {types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: published, types.CLIENT_REGISTER_CAPABILITY: registered}
        register_lsp_features(self.client, {**DEFAULT_CLIENT_FEATURES, **ours})

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; the test fails if it never does."""
        async with asyncio.timeout(LONG):
            while not holds():
                await asyncio.sleep(0.01)

    def open(self, file: Path, text: str | None = None) -> str:
        """Open a file, as it is on disk or with another text."""
        uri = file.as_uri()
        self._versions[uri] = 1
        item = types.TextDocumentItem(uri, "plaintext", 1, file.read_text() if text is None else text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def type(self, uri: str, text: str) -> int:
        """Change a document; the number of its new version."""
        self._versions[uri] += 1
        identifier = types.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        return self._versions[uri]

    def close(self, uri: str) -> None:
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def last(self, uri: str) -> types.PublishDiagnosticsParams | None:
        """What was shown of a document last."""
        return next((each for each in reversed(self.shown) if each.uri == uri), None)

    def codes(self, uri: str, version: int | None = None) -> list[str] | None:
        """The codes that were shown of a document last; None if it was another version."""
        last = self.last(uri)
        return None if last is None or version not in (None, last.version) else sorted(str(each.code) for each in last.diagnostics)

    async def actions(self, uri: str, at: types.Range, only: list[str] | None = None) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=only if only else None)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), at, context)
        return list(await self.client.text_document_code_action_async(params) or [])

    def changed_on_disk(self, *files: Path, kind: types.FileChangeType = types.FileChangeType.Changed) -> None:
        events = [types.FileEvent(file.as_uri(), kind) for file in files]
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(events))


@asynccontextmanager
async def editing(
    *folders: Path,
    name: str = "visual-studio-code",
    options: object = None,
    change: Callable[[types.ClientCapabilities], None] = lambda _: None,
    command: tuple[str, ...] = ("-m", "armready", "server"),
):
    """An editor with these folders open, and its server, which ends well afterwards."""
    editor = Editor()
    client = editor.client
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    await client.start_io(sys.executable, *command, env=environment, cwd=str(folders[0] if folders else ROOT))
    capabilities = client_capabilities(name)
    change(capabilities)
    workspace = [types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders]
    params = types.InitializeParams(capabilities, workspace_folders=workspace, initialization_options=options)
    editor.capabilities = (await client.initialize_session(params)).capabilities
    try:
        yield editor
        async with asyncio.timeout(LONG):
            await client.shutdown_async(None)
            client.exit(None)
            assert await client._server.wait() == 0
    finally:
        if client._server.returncode is None:
            client._server.kill()
        await client.stop()


def applied(text: str, edits: list[types.TextEdit], encoding: str = "utf-16") -> str:
    """A text after edits, positions counted here by the letter of the protocol and not by the server's code."""
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    codec = "utf-8" if width == 1 else f"{encoding}-le"
    lines = text.split("\n")

    def offset(position: types.Position) -> int:
        before = "".join(f"{line}\n" for line in lines[: position.line])
        return len(before) + len(lines[position.line].encode(codec)[: position.character * width].decode(codec))

    for edit in sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text

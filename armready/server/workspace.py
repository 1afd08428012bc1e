"""The workspace of an editor: its folders, the documents that are open, and when each of them is looked at.

Messages are heard in the event loop; folders do their work in one other thread, so that the editor is answered meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from lsprotocol import types
from pygls.uris import to_fs_path

from armready.core.config import BASELINE_FILE, CONFIG_FILE, PYPROJECT
from armready.core.errors import ArmreadyError
from armready.server.diagnostics import diagnostics
from armready.server.documents import Document, overlay
from armready.server.folder import Folder, open_file, open_folder
from armready.server.positions import Places

Result = TypeVar("Result")

# Seconds without a keystroke after which the file is looked at, and after which the project rules are asked.
LOOK_AFTER = 0.1
JUDGE_AFTER = 0.4

_PATTERN_FILES = (".gitignore", ".ignore")


class Open(NamedTuple):
    """A document that is open, the folder that it belongs to, and its path there."""

    document: Document
    folder: Folder
    path: str


class Editor(Protocol):
    """What the workspace tells the editor."""

    def show(self, document: Document, found: list[types.Diagnostic]) -> None:
        """Show the diagnostics of a document in one of its states."""

    def outdated(self) -> None:
        """Diagnostics of some documents are other ones than were shown."""

    def log(self, message: str, level: types.MessageType = types.MessageType.Info) -> None:
        """Write a line for the user who looks for it."""

    async def progress(self, title: str, steps: Callable[[Callable[[float], bool]], Coroutine[Any, Any, None]]) -> None:
        """Do something long; it says what share is done, and hears whether to go on."""

    @property
    def encoding(self) -> types.PositionEncodingKind | str:
        """What columns count."""


class Workspace:
    """All that is open in an editor."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._worker = ThreadPoolExecutor(1, "armready")
        self._later: dict[Hashable, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._named: dict[Path, None] = {}
        self._folders: list[Folder] = []
        self._documents: dict[str, Document] = {}
        self._open: dict[str, Open] = {}
        self.settings: Mapping[str, Any] = {}

    def close(self) -> None:
        """Take no more work."""
        for task in (*self._later.values(), *self._tasks):
            task.cancel()
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _do(self, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *arguments)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._safely(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _safely(self, work: Coroutine[Any, Any, None]) -> None:
        """Whatever goes wrong is said, and ends this piece of work alone."""
        try:
            await work
        except ArmreadyError as error:
            self._editor.log(str(error), types.MessageType.Warning)
        except (Exception, MemoryError) as error:
            self._editor.log(f"internal error, please report it: {type(error).__name__}: {error}", types.MessageType.Error)

    def _after(self, seconds: float, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do something when nobody has asked for it again for some time."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            self._start(work())

        if key in self._later:
            self._later[key].cancel()
        task = self._later[key] = asyncio.ensure_future(wait())
        task.add_done_callback(lambda done: self._later.pop(key) if self._later.get(key) is done else None)

    def add_folder(self, path: Path) -> None:
        """A folder is part of the workspace now."""
        self._named[path] = None
        self._start(self._open_folder(path))

    def remove_folder(self, path: Path) -> None:
        """A folder is no part of the workspace any more."""
        self._named.pop(path, None)
        self._folders = [each for each in self._folders if each.top != path.resolve()]
        self._place_documents()

    async def _open_folder(self, path: Path) -> None:
        await self._take_in(await self._do(open_folder, path, self.settings))

    async def _take_in(self, folder: Folder) -> None:
        """Read a folder, in the place of what was known of it and of single files."""
        self._folders = [folder, *(each for each in self._folders if each.top not in (None, folder.top))]
        self._place_documents()
        await self._editor.progress(f"armready reads {folder.root.name}", lambda report: self._read_all(folder, report))

    async def _read_all(self, folder: Folder, report: Callable[[float], bool]) -> None:
        steps = folder.read_all(self._opened(folder))
        while (done := await self._do(next, steps, None)) is not None:
            if folder not in self._folders or not report(done):
                break
        await self._judge(folder)

    def reload(self) -> None:
        """The configuration may be another one."""
        for path in self._named:
            self._start(self._open_folder(path))

    def _place_documents(self) -> None:
        self._open = {}
        for document in self._documents.values():
            self.put(document)

    def put(self, document: Document) -> None:
        """A document is open, or has changed."""
        self._documents[document.uri] = document
        before = self._open.get(document.uri)
        if before:
            self._open[document.uri] = before._replace(document=document)
        else:
            self._place(document)
        if document.uri in self._open:
            self._after(LOOK_AFTER, document.uri, lambda: self._look(document))

    def _place(self, document: Document) -> None:
        """Find the folder of a document: the innermost that holds it; outside of all, its repository is opened for it alone."""
        name = to_fs_path(document.uri)
        if name is None or not document.uri.startswith("file:"):
            return
        file = Path(name)
        for folder in sorted(self._folders, key=lambda each: -len(str(each.top or ""))):
            if path := folder.path_of(file):
                self._open[document.uri] = Open(document, folder, path)
                return
        if file.is_file() and not any(file.resolve().is_relative_to(each.resolve()) for each in self._named):
            self._start(self._open_file(file))

    async def _open_file(self, file: Path) -> None:
        self._folders.append(await self._do(open_file, file, self.settings))
        self._place_documents()

    def remove(self, uri: str) -> None:
        """A document is closed."""
        document = self._documents.pop(uri, None)
        closed = self._open.pop(uri, None)
        if document:
            self._editor.show(document, [])
        if closed:
            self._judge_soon(closed.folder)

    def open(self, uri: str) -> Open | None:
        """The document of an address, where armready reads it."""
        return self._open.get(uri)

    def _opened(self, folder: Folder) -> dict[str, Document]:
        return {each.path: each.document for each in self._open.values() if each.folder is folder}

    def _places(self, folder: Folder, opened: Mapping[str, Document]) -> Places:
        return Places(folder.root, overlay(folder.root, opened), opened, self._editor.encoding)

    async def _look(self, document: Document) -> None:
        found = await self.diagnostics(document.uri)
        if found is not None and self._documents.get(document.uri) is document:
            self._editor.show(document, found)

    async def diagnostics(self, uri: str) -> list[types.Diagnostic] | None:
        """The diagnostics of a document as it is now; those that other files have a part in follow when the typing rests."""
        is_open = self._open.get(uri)
        if is_open is None:
            return None
        _, folder, path = is_open
        opened = self._opened(folder)

        def look() -> list[types.Diagnostic]:
            return diagnostics(folder.look(path, opened), self._places(folder, opened))

        found = await self._do(look)
        self._name_failures(folder)
        self._judge_soon(folder)
        return found

    def _judge_soon(self, folder: Folder) -> None:
        self._after(JUDGE_AFTER, folder, lambda: self._judge(folder))

    async def _judge(self, folder: Folder) -> None:
        opened = self._opened(folder)
        if await self._do(folder.judge, opened):
            self._name_failures(folder)
            self._show_all(folder, opened)

    def _show_all(self, folder: Folder, opened: Mapping[str, Document]) -> None:
        places = self._places(folder, opened)
        for path, document in opened.items():
            if self._documents.get(document.uri) is document:
                self._editor.show(document, diagnostics(folder.reported.get(path, ()), places))
        self._editor.outdated()

    def _name_failures(self, folder: Folder) -> None:
        """Say what armready failed on, each once."""
        for each in folder.take_failures():
            self._editor.log(f"{each.path}: {each.message}" if each.path else each.message, types.MessageType.Error)

    async def judged(self, uri: str, work: Callable[[Open, Mapping[str, Document], Places], Result]) -> Result | None:
        """What some work comes to on a document whose folder was judged as it is now."""
        is_open = self._open.get(uri)
        if is_open is None:
            return None
        opened = self._opened(is_open.folder)

        def judge_and_work() -> Result:
            is_open.folder.judge(opened)
            return work(is_open, opened, self._places(is_open.folder, opened))

        return await self._do(judge_and_work)

    async def everything(self) -> dict[str, list[types.Diagnostic]]:
        """The diagnostics of all files of all folders, by address."""
        found: dict[str, list[types.Diagnostic]] = {}
        for folder in self._folders:
            opened = self._opened(folder)
            await self._do(folder.judge, opened)
            places = self._places(folder, opened)
            found |= {places.uri(path): diagnostics(findings, places) for path, findings in folder.reported.items()}
        return found

    def files_changed(self, changes: list[types.FileEvent]) -> None:
        """Files were changed by others than the editor."""
        names = [(Path(name), change.type) for change in changes if (name := to_fs_path(change.uri))]
        configured = any(path.name in (CONFIG_FILE, PYPROJECT) for path, _ in names)
        if configured and len(self._folders) < len(self._named):
            return self.reload()
        for folder in self._folders:
            inside = [(path, kind) for path, kind in names if path.resolve().is_relative_to(folder.root)]
            if inside:
                self._start(self._files_changed(folder, inside, configured=configured))
        return None

    async def _files_changed(self, folder: Folder, changes: list[tuple[Path, types.FileChangeType]], *, configured: bool) -> None:
        if configured and folder.top:
            fresh = await self._do(open_folder, folder.top, self.settings)
            if fresh.session.settings != folder.session.settings:
                return await self._take_in(fresh)
        opened = self._opened(folder)
        paths = {path.resolve().relative_to(folder.root).as_posix(): kind for path, kind in changes}

        def take_in() -> None:
            if BASELINE_FILE in paths:
                folder.refresh_baseline()
            folder.read([path for path in paths if path in folder.known and path not in opened], opened)
            if types.FileChangeType.Created in paths.values() or any(path.endswith(_PATTERN_FILES) for path in paths):
                folder.rediscover(opened)

        await self._do(take_in)
        self._judge_soon(folder)
        return None

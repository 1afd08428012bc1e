"""One repository: fetched, scanned, and told as plain data. Runs in a process of its own (`child.py`), which is warm for the next one."""

from __future__ import annotations

import shutil
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from armready.builds.built_images import built_images
from armready.builds.facts import ImageBuild
from armready.core.classify import kind_by_name, needs_content
from armready.core.errors import ParseProblem, UsageError
from armready.core.fingerprint import fingerprints
from armready.core.results import FileResult
from armready.core.source import Source
from armready.core.tree import digest_of
from armready.core.wording import first_of
from armready.plan.graph import picture
from armready.plan.model import How
from armready.plan.owners import owners
from armready.plan.planner import counted
from armready.plan.steps import items
from armready.reporters.credentials import hide
from armready.run.first_pass import first_pass
from armready.run.git import Repository, bare_folder, clone, folder_of, head_commit
from armready.run.git_files import blobs, write_files
from armready.run.passes import Analysis, Filters, analyse
from armready.run.session import Session, open_session

# Results of files that are kept for the next repositories.
_KEPT = 30_000
_CLONE_TRIES = 3
_PAUSE = 2.0

Row = dict[str, Any]


@dataclass
class Memory:
    """What a process has judged: content that occurs in many repositories is judged once."""

    results: OrderedDict[tuple[str, bytes, str], FileResult] = field(default_factory=OrderedDict)
    used: int = 0

    def keep(self, key: tuple[str, bytes, str], result: FileResult) -> None:
        """Keep a result, and forget the one that was not used for longest."""
        self.results[key] = result
        if len(self.results) > _KEPT:
            self.results.popitem(last=False)

    def recall(self, key: tuple[str, bytes, str]) -> FileResult | None:
        """The result of a file of that path and content under those settings."""
        found = self.results.get(key)
        if found is not None:
            self.results.move_to_end(key)
            self.used += 1
        return found


def scan(task: Mapping[str, Any], memory: Memory) -> Row:
    """What is found in one repository; a row that says why where it cannot be scanned.

    Args:
        task: `id`, `kind`, `location`, `name`; `known`: the state in which it was scanned before; `overrides` and `config` of the run;
            `seconds` for a clone.
        memory: of this process.
    """
    start = time.monotonic()
    with TemporaryDirectory(prefix="armready-fleet-", ignore_cleanup_errors=True) as scratch:
        try:
            row = _scan(task, Path(scratch), memory)
        except Settled as settled:
            row = settled.row
        except (UsageError, ParseProblem, OSError) as error:
            row = {"status": "failed", "reason": str(error)}
        except MemoryError:
            memory.results.clear()
            row = {"status": "memory", "reason": "it takes more memory than a repository may"}
        except Exception as error:
            row = {"status": "failed", "reason": f"internal error, please report it: {type(error).__name__}: {error}"}
        _remove(Path(scratch))
    return {"location": task["id"], "seconds": round(time.monotonic() - start, 3), **row, "reason": hide(str(row.get("reason", "")))}


def _remove(scratch: Path) -> None:
    for each in scratch.iterdir():
        shutil.rmtree(each, ignore_errors=True)


class Opened(NamedTuple):
    """A repository that can be scanned.

    Attributes:
        session: over its files.
        commit: that is scanned.
        digests: path -> what stands for the contents of files, where that is known without reading them.
    """

    session: Session
    commit: str
    digests: dict[str, bytes]


class Settled(Exception):
    """A repository that need not be scanned: its row."""

    def __init__(self, row: Row) -> None:
        super().__init__(str(row.get("reason", "")))
        self.row = row


def opened(task: Mapping[str, Any], scratch: Path, known: str = "") -> Opened:
    """Fetch a repository if need be, and open it.

    Args:
        task: see `scan`.
        scratch: an empty folder.
        known: the commit in which it was scanned before.

    Raises:
        Settled: it has no commit, or the same one as before.
        UsageError: it cannot be fetched, or its configuration cannot be used.
        ParseProblem: git's files cannot be read.
        OSError: the disk.
    """
    place = Path(task["location"])
    config = Path(task["config"]) if task["config"] else None
    if task["kind"] == "folder":
        if not place.is_dir():
            raise UsageError("no such folder")
        git = folder_of(place)
        session = open_session([place], task["overrides"], config=config, no_cache=True, jobs=1)
        return Opened(session, head_commit(git) if git else "", {})
    if task["kind"] == "url":
        place = scratch / "bare"
        _clone(task["location"], place, float(task["seconds"]))
    folder = bare_folder(place)
    if folder is None:
        raise UsageError("it is no repository any more")
    commit = head_commit(folder)
    if not commit:
        raise Settled({"status": "empty", "reason": "it has no commit", "key": "", "commit": ""})
    if commit == known:
        raise Settled({"status": "same", "key": commit, "commit": commit})
    root = scratch / "files" / Path(task["name"]).name
    (root / ".git").mkdir(parents=True)
    repository = Repository(place, bare=True)
    written = write_files(repository, blobs(repository, commit), root, _largest(task))
    # All files of a commit are tracked, so none is ignored.
    session = open_session([root], {**task["overrides"], "respect-gitignore": False}, config=config, no_cache=True, jobs=1)
    return Opened(session, commit, {path: bytes.fromhex(name) for path, name in written.items()})


def _scan(task: Mapping[str, Any], scratch: Path, memory: Memory) -> Row:
    """See `scan`; raises what `opened` raises."""
    found = opened(task, scratch, task["known"])
    if task["kind"] != "folder":
        return {"key": found.commit, "commit": found.commit, **_judge(found.session, found.digests, memory)}
    key = f"{found.commit}+{_state(found.session)}"
    if key == task["known"]:
        return {"status": "same", "key": key, "commit": found.commit}
    return {"key": key, "commit": found.commit, **_judge(found.session, _digests(found.session), memory)}


def _digests(session: Session) -> dict[str, bytes]:
    found = {}
    for path in session.paths:
        if kind_by_name(path) is not None or needs_content(path):
            try:
                found[path] = digest_of(session.tree.read(path, session.settings.max_file_size + 1))
            except ParseProblem:
                continue
    return found


def _largest(task: Mapping[str, Any]) -> int:
    from armready.core.config import Settings

    return int(task["overrides"].get("max-file-size", Settings().max_file_size))


def _clone(url: str, place: Path, seconds: float) -> None:
    """Clone; a network that fails may do better after a while.

    Raises:
        UsageError: it does not.
    """
    for attempt in range(_CLONE_TRIES):
        try:
            return clone(url, place, seconds)
        except UsageError:
            shutil.rmtree(place, ignore_errors=True)
            if attempt == _CLONE_TRIES - 1:
                raise
            time.sleep(_PAUSE * 4**attempt)
    return None


def _state(session: Session) -> str:
    digest = blake2b(digest_size=12)
    for path in session.paths:
        try:
            status = (session.root / path).stat()
        except OSError:
            continue
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _judge(session: Session, digests: Mapping[str, bytes], memory: Memory) -> Row:
    """Both passes, with what is known of equal files, and the graph."""
    settings = repr(session.settings)
    mark = blake2b(settings.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    known = {path: found for path, digest in digests.items() if (found := memory.recall((path, digest, mark)))}
    fresh = [path for path in session.paths if path not in known]
    results = first_pass(session.tree, fresh, session.registry)
    for path, digest in digests.items():
        if path in results and not results[path].failures:
            memory.keep((path, digest, mark), results[path])
    analysis = analyse(
        session.tree, session.paths, session.registry, complete=session.complete, today=session.today, known={**known, **results}
    )
    return _row(session, analysis, digests, len(known))


def _row(session: Session, analysis: Analysis, digests: Mapping[str, bytes], shared: int) -> Row:
    report = session.report(analysis, Filters())
    who = owners(session.tree)
    failed = analysis.all_failures
    return {
        "status": "partial" if failed else "ok",
        "reason": first_of(failed) if failed else "",
        "team": (who.of("armready.toml") or ("",))[0],
        "files": report.files,
        "recognised": report.scanned,
        "shared": shared,
        "paths": [
            {"path": path, "kind": str(result.kind), "digest": digests.get(path, b"").hex()}
            for path, result in analysis.results.items()
            if result.kind is not None
        ],
        "findings": _findings(session, report.findings, who),
        **_graph(session, analysis),
        "facts": _facts(analysis),
    }


def _facts(analysis: Analysis) -> list[Row]:
    built = built_images(fact for result in analysis.results.values() for fact in result.facts.of(ImageBuild))
    return [{"image": each.name, "platforms": list(each.platforms), "path": each.source} for each in built.values()]


def _findings(session: Session, found: Any, who: Any) -> list[Row]:
    sources: dict[str, Source | None] = {}

    def read(path: str) -> Source | None:
        if path not in sources:
            try:
                sources[path] = Source.decode(path, session.tree.read(path))
            except ParseProblem:
                sources[path] = None
        return sources[path]

    return [
        {
            "path": finding.path,
            "line": finding.location.region.line,
            "col": finding.location.region.column,
            "code": finding.code,
            "name": finding.name,
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "message": finding.message,
            "fix": finding.fix.applicability.value if finding.fix else "",
            "fingerprint": mark.value,
            "owners": list(who.of(finding.path)),
        }
        for finding, mark in zip(found, fingerprints(found, read), strict=True)
    ]


def _graph(session: Session, analysis: Analysis) -> dict[str, list[Row]]:
    seen = picture(analysis, counted(session, analysis), session.settings)
    todo: dict[str, list[How]] = {}
    codes: dict[str, set[str]] = {}
    for item in items(seen):
        todo.setdefault(item.node, []).append(item.how)
        codes.setdefault(item.node, set()).update([item.finding.code] if item.finding else [])
    hardest = list(How).index
    nodes = [
        {
            "key": node.key,
            "sort": node.sort.value,
            "title": node.title,
            "path": node.path,
            "line": node.line,
            "own": node.own.value,
            "reason": node.reason,
            "any_of": node.any_of,
            "how": max(todo[node.key], key=hardest).value if node.key in todo else "",
            "codes": sorted(codes.get(node.key, ())),
        }
        for node in seen.graph.nodes.values()
    ]
    edges = [{"source": node.key, "target": need} for node in seen.graph.nodes.values() for need in node.needs]
    return {"nodes": nodes, "edges": edges}

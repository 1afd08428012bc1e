"""The model context protocol: tools over the same session, findings and proven fixes that the command line has.

Tools work in folders that the client gave, by its roots or on the command line that it started, and nowhere else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mcp.server.mcpserver import Context, ListRoots, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ListRootsResult, ToolAnnotations
from pydantic import Field

from armready import __version__
from armready.commands.rule_pages import markdown_page, render_rules
from armready.core.errors import ArmreadyError, UsageError
from armready.core.finding import Finding
from armready.core.results import Report
from armready.fixing.fixer import FixOutcome, fix_session, unified_diff, write
from armready.reporters.base import Context as ReportContext
from armready.reporters.base import dump_json, escape, escape_lines, rule_url
from armready.reporters.json import document
from armready.run.filters import filters_of
from armready.run.passes import Analysis, Filters
from armready.run.registry import all_rules, resolve
from armready.run.session import Session, open_session
from armready.server.answers import (
    NOTE,
    Applied,
    Explained,
    FileChange,
    Found,
    Left,
    LookedUp,
    Mended,
    PerRule,
    Planned,
    Proposed,
    RuleText,
    Scanned,
)

Item = TypeVar("Item")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")

FINDINGS_A_PAGE = 20
FILES_A_PAGE = 10

_INSTRUCTIONS = (
    "armready finds what stops a repository from running on arm64 and fixes it. Order: scan, plan, propose_fixes, apply_fixes, then let "
    f"the user build both platforms. {NOTE}"
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
_ASKS = ToolAnnotations(read_only_hint=True, open_world_hint=True)

FolderName = Annotated[str, Field(description="Absolute path of the repository, or of a folder in it; default: the only root.")]
PathNames = Annotated[list[str], Field(description="Files or folders relative to the folder; default: all of it.")]
UnsafeToo = Annotated[bool, Field(description="Unsafe fixes too: they change amd64, or rest on what is not known.")]
Log = Annotated[str, Field(description="The log of a failed build.")]
PageNumber = Annotated[int, Field(ge=1, description="Which page of the details, from 1 on.")]


class Work(NamedTuple):
    """One look at a repository."""

    session: Session
    filters: Filters
    analysis: Analysis


def make_server(folders: Sequence[Path] = (), *, online: bool = False) -> MCPServer:
    """The server with its tools and resources.

    Args:
        folders: those that the client names on the command line, beside its roots.
        online: tools that ask registries and indexes are there too.
    """
    server: MCPServer = MCPServer("armready", version=__version__, instructions=_INSTRUCTIONS)
    _offer_looking(server, folders)
    _offer_fixing(server, folders)
    _offer_rules(server)
    if online:
        _offer_looking_up(server)
    return server


def roots_of(context: Context) -> ListRoots | ListRootsResult:
    """The roots of a client that has any."""
    capabilities = context.client_capabilities
    return ListRoots() if capabilities is not None and capabilities.roots is not None else ListRootsResult(roots=[])


Roots = Annotated[ListRootsResult, Resolve(roots_of)]


def _offer_looking(server: MCPServer, folders: Sequence[Path]) -> None:
    @server.tool(annotations=_READS)
    @told
    def scan(
        roots: Roots,
        folder: FolderName = "",
        paths: PathNames = [],  # noqa: B006
        rule: Annotated[str, Field(description="Only this rule: its code or name.")] = "",
        min_severity: Annotated[str, Field(description="error, warning or info.")] = "warning",
        page: PageNumber = 1,
    ) -> Scanned:
        """Report what stops a repository from running on arm64: counts first, then one page of findings."""
        work = _look(_folder(folder, folders, roots), paths, {"min-severity": min_severity, **({"select": [rule]} if rule else {})})
        report = work.session.report(work.analysis, work.filters)
        shown, pages = page_of(report.findings, page, FINDINGS_A_PAGE)
        plain = _plain(work, replace(report, findings=tuple(shown)))
        whole = _plain(work, report)
        return Scanned(
            untrusted_content=NOTE,
            summary={key: value for key, value in whole["summary"].items() if key != "readiness"},
            by_rule=_by_rule(report),
            findings=[Found(**each) for each in plain["findings"]],
            page=page,
            pages=pages,
        )

    @server.tool(annotations=_READS)
    @told
    def plan(roots: Roots, folder: FolderName = "", page: PageNumber = 1) -> Planned:
        """Say in which order a repository gets ready for arm64: its state, and one wave of steps a page."""
        from armready.plan import json as plan_json
        from armready.plan.planner import plan as plan_of

        work = _look(_folder(folder, folders, roots), [], {})
        plain = _visible(json.loads(dump_json(plan_json.document(plan_of(work.session, work.analysis)))))
        wave, pages = page_of(plain["waves"], page, 1)
        return Planned(
            untrusted_content=NOTE, complete=plain["complete"], now=plain["now"], wave=wave[0] if wave else None, page=page, pages=pages
        )

    @server.tool(annotations=_READS)
    @told
    def explain_build_log(roots: Roots, log: Log, folder: FolderName = "") -> Explained:
        """Explain why a build failed, from its log: the cause, the step, the line of the Dockerfile, what to do. Nothing is built."""
        from armready.verify.explain import explain
        from armready.verify.recipes import log_facts
        from armready.verify.reports import explanation_json

        work = _look(_folder(folder, folders, roots), [], {})
        found = explain(log, log_facts(work.session, work.analysis))
        return Explained(untrusted_content=NOTE, explanations=_visible(json.loads(dump_json([explanation_json(each) for each in found]))))


def _offer_fixing(server: MCPServer, folders: Sequence[Path]) -> None:
    def outcome(roots: ListRootsResult, folder: str, paths: list[str], unsafe: bool) -> tuple[Work, FixOutcome]:
        work = _look(_folder(folder, folders, roots), paths, {})
        return work, fix_session(work.session, work.analysis, work.filters, unsafe=unsafe)

    @server.tool(annotations=_READS)
    @told
    def propose_fixes(
        roots: Roots,
        folder: FolderName = "",
        paths: PathNames = [],  # noqa: B006
        unsafe: UnsafeToo = False,
        page: PageNumber = 1,
    ) -> Proposed:
        """Show what the proven fixes would change, as diffs with the class and the notes of each fix. Nothing is written."""
        _, made = outcome(roots, folder, paths, unsafe)
        shown, pages = page_of(sorted(made.changes.items()), page, FILES_A_PAGE)
        changes = [FileChange(path=escape(path), diff=escape_lines(unified_diff({path: change}))) for path, change in shown]
        return Proposed(untrusted_content=NOTE, fixes=_mended(made), not_applied=_left(made), changes=changes, page=page, pages=pages)

    @server.tool(annotations=_WRITES)
    @told
    def apply_fixes(
        roots: Roots,
        folder: FolderName = "",
        paths: PathNames = [],  # noqa: B006
        unsafe: UnsafeToo = False,
    ) -> Applied:
        """Write the proven fixes: safe ones, or with `unsafe` all. Propose them first, and let the user agree to unsafe ones."""
        work, made = outcome(roots, folder, paths, unsafe)
        failed = write(work.session.root, made.changes)
        return Applied(
            untrusted_content=NOTE,
            fixes=[each for each in _mended(made) if each.path not in failed],
            not_applied=_left(made),
            written=[escape(path) for path in made.changes if path not in failed],
            not_written={escape(path): escape(reason) for path, reason in failed.items()},
        )


def _offer_rules(server: MCPServer) -> None:
    @server.tool(annotations=_READS)
    @told
    def explain_rule(rule: Annotated[str, Field(description="A code (DF101) or a name (from-platform-constant).")]) -> RuleText:
        """Say what a rule finds, why it stops arm64, what to do, and when its fix is safe."""
        rules = all_rules()
        codes = resolve(rule, rules)
        if len(codes) > 1:
            raise UsageError(f"{rule!r} stands for {len(codes)} rules; name one of {', '.join(sorted(codes))}")
        found = next(each for each in rules if each.code in codes)
        return RuleText(
            code=found.code,
            name=found.name,
            summary=found.summary,
            severity=found.severity.value,
            fixable=found.fixable(),
            documentation=found.documentation(),
            url=rule_url(found.name),
        )

    @server.resource("armready://rules", mime_type="text/markdown", description="The table of all rules.")
    def table_of_rules() -> str:
        return render_rules(all_rules(), "markdown")

    @server.resource("armready://rules/{code}", mime_type="text/markdown", description="The page of a rule, with examples.")
    def page_of_rule(code: str) -> str:
        return "\n".join(markdown_page(rule) for rule in all_rules() if code in (rule.code, rule.name))


def _offer_looking_up(server: MCPServer) -> None:
    @server.tool(annotations=_ASKS)
    @told
    def image(references: list[str]) -> LookedUp:
        """Ask registries which platforms images have."""
        from armready.commands.lookups import images

        text, _ = images(references, config=None, compare=False, output_format="json", offline=False)
        return LookedUp(untrusted_content=NOTE, result=json.loads(text))

    @server.tool(annotations=_ASKS)
    @told
    def package(requirements: list[str]) -> LookedUp:
        """Ask the package index which wheels Python packages have for arm64."""
        from armready.commands.lookups import packages

        text, _ = packages(requirements, config=None, pythons=(), output_format="json")
        return LookedUp(untrusted_content=NOTE, result=json.loads(text))


def told(tool: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Turn errors that are meant for the user into answers that say so."""

    @wraps(tool)
    def run(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        try:
            return tool(*arguments, **named)
        except ArmreadyError as error:
            raise ToolError(escape(str(error))) from error

    return run


def _folder(name: str, folders: Sequence[Path], roots: ListRootsResult) -> Path:
    """The folder to work in, which must lie in one that the client gave.

    Raises:
        UsageError: it does not, or it is not said which one is meant.
    """
    from_client = [Path(url2pathname(urlsplit(str(root.uri)).path)) for root in roots.roots if str(root.uri).startswith("file:")]
    allowed = [folder.resolve() for folder in (*from_client, *folders)]
    if not allowed:
        raise UsageError("the client gave no folders: give roots, or name folders behind `armready mcp`")
    if not name and len(allowed) > 1:
        raise UsageError(f"name the folder; there are {', '.join(map(str, allowed))}")
    folder = Path(name).resolve() if name else allowed[0]
    if not any(folder.is_relative_to(each) for each in allowed):
        raise UsageError(f"{folder} lies outside of the folders that the client gave")
    return folder


def _look(folder: Path, paths: Sequence[str], settings: dict[str, Any]) -> Work:
    """Scan a folder, or paths in it.

    Raises:
        UsageError: a path lies outside of it or does not exist, or the configuration cannot be used.
    """
    chosen = [(folder / path).resolve() for path in paths] or [folder]
    outside = [path for path in chosen if not path.is_relative_to(folder)]
    if outside:
        raise UsageError(f"{outside[0]} lies outside of {folder}")
    session = open_session(chosen, settings, jobs=1)
    return Work(session, filters_of(session, None, use_baseline=True, changed_since=None), session.analyse())


def _plain(work: Work, report: Report) -> dict[str, Any]:
    """The report as the published JSON has it, without credentials."""
    context = ReportContext(
        root=work.session.root,
        tree=work.session.tree,
        settings=work.session.settings,
        rules=(),
        version=__version__,
    )
    return _visible(json.loads(dump_json(document(report, context))))  # type: ignore[no-any-return]


def _visible(value: Any) -> Any:
    """The same data with no invisible character in any string."""
    if isinstance(value, str):
        return escape_lines(value)
    if isinstance(value, dict):
        return {key: _visible(each) for key, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, list) else value


def _by_rule(report: Report) -> list[PerRule]:
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    files = {code: {finding.path for finding in report.findings if finding.code == code} for code, _ in counts}
    return [PerRule(code=code, name=name, findings=number, files=len(files[code])) for (code, name), number in counts.most_common()]


def _mended(outcome: FixOutcome) -> list[Mended]:
    return [
        Mended(
            code=finding.code,
            path=escape(finding.path),
            line=finding.location.region.line,
            applicability=finding.fix.applicability.value,
            title=escape(finding.fix.title),
            notes=[escape(note) for note in finding.fix.notes],
        )
        for finding in outcome.applied
        if finding.fix
    ]


def _left(outcome: FixOutcome) -> list[Left]:
    return [_why(each.finding, each.reason) for each in outcome.not_applied]


def _why(finding: Finding, reason: str) -> Left:
    return Left(code=finding.code, path=escape(finding.path), line=finding.location.region.line, reason=escape(reason))


def page_of(items: Sequence[Item], number: int, size: int) -> tuple[list[Item], int]:
    """One page of a list, and how many there are."""
    return list(items[(number - 1) * size : number * size]), max(1, -(-len(items) // size))


def serve(folders: Sequence[Path] = (), *, online: bool = False) -> None:
    """Speak on standard input and output until the client ends it."""
    make_server(folders, online=online).run()

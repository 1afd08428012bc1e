"""The language server as an editor meets it, over standard input and output."""

import asyncio
import textwrap
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.server.editor import applied, editing

PINNED = "FROM --platform=linux/amd64 alpine:3.20\nRUN echo hello\n"
PLAIN = "FROM alpine:3.20\nRUN echo hello\n"
WORKFLOW = """
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: docker build -t registry.example.com/shop:1 . && docker push registry.example.com/shop:1
"""
AMD64_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  nodeSelector: {kubernetes.io/arch: amd64}\n  containers: [{name: a, image: nginx:1.27}]\n"


def repository(folder: Path, files: dict[str, str]) -> Path:
    (folder / ".git").mkdir(parents=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder.resolve()


def everywhere(text: str) -> types.Range:
    return types.Range(types.Position(0, 0), types.Position(len(text), 0))


def pulls(capabilities: types.ClientCapabilities) -> None:
    capabilities.text_document.diagnostic = types.DiagnosticClientCapabilities()
    capabilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)


def pushed(capabilities: types.ClientCapabilities) -> None:
    capabilities.text_document.diagnostic = None


def resolves_nothing(capabilities: types.ClientCapabilities) -> None:
    pushed(capabilities)
    capabilities.text_document.code_action.resolve_support = None


def test_unsaved_text_is_read_and_each_version_has_its_diagnostics(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PLAIN})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri, 1) == [])
            version = editor.type(uri, PINNED)
            await editor.until(lambda: editor.codes(uri, version) == ["DF101"])
            found = editor.last(uri).diagnostics[0]
            assert found.range == types.Range(types.Position(0, 5), types.Position(0, 27))
            assert (found.source, found.severity) == ("armready", types.DiagnosticSeverity.Error)
            assert found.code_description.href.endswith("/rules/from-platform-constant/")
            version = editor.type(uri, PLAIN)
            await editor.until(lambda: editor.codes(uri, version) == [])
            assert (root / "Dockerfile").read_text() == PLAIN

    asyncio.run(scenario())


def test_fast_typing_is_looked_at_once(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PLAIN})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri, 1) == [])
            for length in range(1, len(PINNED) + 1):
                version = editor.type(uri, PINNED[:length])
            await editor.until(lambda: editor.codes(uri, version) == ["DF101"])
            seen = {each.version for each in editor.shown if each.uri == uri}
            assert len(seen) < len(PINNED) / 2
            assert [each.version for each in editor.shown] == sorted(each.version for each in editor.shown), "no older state is shown later"

    asyncio.run(scenario())


def test_project_rules_see_unsaved_text_of_other_files(tmp_path):
    root = repository(tmp_path, {"Dockerfile": "FROM alpine:3.20\n", ".github/workflows/image.yml": WORKFLOW})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            workflow = editor.open(root / ".github/workflows/image.yml")
            await editor.until(lambda: editor.codes(workflow) == ["CI101"])
            related = [each.location.uri for each in editor.last(workflow).diagnostics[0].related_information]
            dockerfile = editor.open(root / "Dockerfile")
            assert all(each in (dockerfile, workflow) for each in related)
            action = next(each for each in await editor.actions(workflow, everywhere(WORKFLOW)) if "CI101" in each.title)
            assert "unsafe" not in action.title
            editor.type(dockerfile, "FROM registry.example.com/unknown-base:1\n")
            await editor.until(lambda: editor.codes(dockerfile, 2) is not None)
            action = next(each for each in await editor.actions(workflow, everywhere(WORKFLOW)) if "CI101" in each.title)
            assert "unsafe" in action.title, "the gate reads the base image that is not saved yet"

    asyncio.run(scenario())


def test_findings_of_project_rules_move_with_the_text_while_it_is_typed(tmp_path):
    root = repository(tmp_path, {"pod.yaml": AMD64_POD})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "pod.yaml")
            await editor.until(lambda: editor.codes(uri) and len(editor.codes(uri)) == 1)
            line = editor.last(uri).diagnostics[0].range.start.line
            version = editor.type(uri, "# one more line\n" + AMD64_POD)
            await editor.until(lambda: editor.codes(uri, version) is not None)
            first = next(each for each in editor.shown if each.version == version)
            assert [each.range.start.line for each in first.diagnostics] == [line + 1]

    asyncio.run(scenario())


def test_a_safe_fix_is_applied_with_the_version_it_was_made_for(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            actions = await editor.actions(uri, everywhere(PINNED))
            fix = next(each for each in actions if getattr(each, "is_preferred", None))
            assert fix.edit is None, "it is worked out when it is chosen"
            resolved = await editor.client.code_action_resolve_async(fix)
            change = resolved.edit.document_changes[0]
            assert change.text_document.version == 1
            assert applied(PINNED, change.edits) == PLAIN
            assert (root / "Dockerfile").read_text() == PINNED

    asyncio.run(scenario())


def test_an_action_for_an_older_state_is_refused(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            fix = next(each for each in await editor.actions(uri, everywhere(PINNED)) if getattr(each, "is_preferred", None))
            editor.type(uri, f"# a comment\n{PINNED}")
            with pytest.raises(JsonRpcException, match="changed since"):
                await editor.client.code_action_resolve_async(fix)

    asyncio.run(scenario())


def test_one_of_two_equal_findings_is_fixed_alone(tmp_path):
    text = "# armready: ignore[DF101] a\n# armready: ignore[DF101] a\nFROM alpine:3.20\n"
    root = repository(tmp_path, {"Dockerfile": text})

    async def scenario():
        async with editing(root, change=resolves_nothing) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["ARM001", "ARM001"])
            first = types.Range(types.Position(0, 5), types.Position(0, 5))
            (fix,) = [each for each in await editor.actions(uri, first) if getattr(each, "is_preferred", None)]
            assert applied(text, fix.edit.document_changes[0].edits).count("ignore") == 1, "the other one comes to stand in its place"

    asyncio.run(scenario())


def test_all_safe_fixes_of_the_file_and_no_others(tmp_path):
    text = "FROM --platform=linux/amd64 alpine:3.20\nRUN echo\nFROM --platform=linux/amd64 debian:12\nRUN echo\n"
    root = repository(tmp_path, {"Dockerfile": text, "other/Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=resolves_nothing) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101", "DF101"])
            (action,) = await editor.actions(uri, everywhere(text), only=["source.fixAll"])
            assert action.kind == "source.fixAll.armready"
            (change,) = action.edit.document_changes
            assert applied(text, change.edits) == text.replace("--platform=linux/amd64 ", "")
            assert await editor.actions(uri, everywhere(text), only=["source.organizeImports"]) == []

    asyncio.run(scenario())


def test_ignore_comments_go_where_a_comment_can_stand(tmp_path):
    folded = "steps:\n  - name: docker.example.com/tool\n    script: >\n      docker build\n      --platform linux/amd64 -t a .\n"
    root = repository(tmp_path, {"Dockerfile": PINNED, "cloudbuild.yaml": folded, ".github/workflows/a.yml": WORKFLOW})

    async def scenario():
        async with editing(root, change=resolves_nothing) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            ignore = next(each for each in await editor.actions(uri, everywhere(PINNED)) if each.title.startswith("Ignore"))
            text = applied(PINNED, ignore.edit.document_changes[0].edits)
            assert text == "# armready: ignore[DF101] TODO: say why\n" + PINNED
            version = editor.type(uri, text)
            await editor.until(lambda: editor.codes(uri, version) == [])
            workflow = editor.open(root / ".github/workflows/a.yml")
            await editor.until(lambda: editor.codes(workflow) == ["CI101"])
            ignore = next(each for each in await editor.actions(workflow, everywhere(WORKFLOW)) if each.title.startswith("Ignore"))
            text = applied(WORKFLOW, ignore.edit.document_changes[0].edits)
            assert "      # armready: ignore[CI101] TODO: say why\n      - run: docker build" in text

    asyncio.run(scenario())


def test_hover_says_why_and_what_the_fix_does(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(0, 8))
            text = (await editor.client.text_document_hover_async(params)).contents.value
            assert "**DF101**" in text
            assert "/rules/from-platform-constant/" in text
            assert "Fix (safe)" in text
            params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(1, 3))
            assert await editor.client.text_document_hover_async(params) is None

    asyncio.run(scenario())


def test_the_page_of_a_rule_is_opened_and_no_other_address(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            assert "Open the page of DF101" in [each.title for each in await editor.actions(uri, everywhere(PINNED))]
            page = editor.last(uri).diagnostics[0].code_description.href
            for address in ("https://example.com/", page):
                await editor.client.workspace_execute_command_async(types.ExecuteCommandParams("armready.openRule", arguments=[address]))
            assert [each.uri for each in editor.client.shown_documents] == [page]

    asyncio.run(scenario())


def test_places_count_the_units_that_were_agreed_on(tmp_path):
    text = 'FROM --platform=linux/amd64 alpine:3.20 AS 𝒷ase\nLABEL a="🦾🦾" \\\r\n  b=é\nFROM alpine:3.20\nLABEL x="🦾"\u2028"ä"\nFROM --platform=linux/amd64 alpine:3.20\n'
    root = repository(tmp_path, {"Dockerfile": text})

    async def scenario(encoding):
        def speaks(capabilities):
            resolves_nothing(capabilities)
            capabilities.general.position_encodings = [types.PositionEncodingKind(encoding)]

        async with editing(root, change=speaks) as editor:
            assert editor.capabilities.position_encoding == encoding
            uri = editor.open(root / "Dockerfile", text)
            await editor.until(lambda: editor.codes(uri) is not None and "DF101" in editor.codes(uri))
            (action,) = await editor.actions(uri, everywhere(text), only=["source.fixAll"])
            fixed = applied(text, action.edit.document_changes[0].edits, encoding)
            assert fixed == text.replace("--platform=linux/amd64 ", "")

    for encoding in ("utf-8", "utf-16", "utf-32"):
        asyncio.run(scenario(encoding))


def test_diagnostics_are_given_to_an_editor_that_asks(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED, "other/Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pulls) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.client.diagnostic_refresh_count)
            params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
            report = await editor.client.text_document_diagnostic_async(params)
            assert [each.code for each in report.items] == ["DF101"]
            params.previous_result_id = report.result_id
            assert (await editor.client.text_document_diagnostic_async(params)).kind == "unchanged"
            editor.type(uri, PLAIN)
            report = await editor.client.text_document_diagnostic_async(params)
            assert list(report.items) == []
            everything = await editor.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
            assert {Path(each.uri).parent.name for each in everything.items if each.items} == {"other"}
            assert editor.shown == [], "nothing is pushed to an editor that pulls"

    asyncio.run(scenario())


def test_a_changed_configuration_is_noticed(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            await editor.until(lambda: [each.method for each in editor.registrations] == ["workspace/didChangeWatchedFiles"])
            config = root / "armready.toml"
            config.write_text('ignore = ["DF101"]\n')
            editor.changed_on_disk(config, kind=types.FileChangeType.Created)
            await editor.until(lambda: editor.codes(uri) == [])
            config.write_text("ignore = 7\n")
            editor.changed_on_disk(config)
            await editor.until(lambda: any("ignore" in each.message for each in editor.client.messages))
            config.unlink()
            editor.changed_on_disk(config, kind=types.FileChangeType.Deleted)
            await editor.until(lambda: editor.codes(uri) == ["DF101"])

    asyncio.run(scenario())


def test_files_that_others_write_count(tmp_path):
    root = repository(tmp_path, {"Dockerfile": "FROM alpine:3.20\n"})

    async def scenario():
        async with editing(root, change=pulls) as editor:
            editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.client.diagnostic_refresh_count)
            new = root / "new" / "Dockerfile"
            new.parent.mkdir()
            new.write_text(PINNED)
            before = editor.client.diagnostic_refresh_count
            editor.changed_on_disk(new, kind=types.FileChangeType.Created)
            await editor.until(lambda: editor.client.diagnostic_refresh_count > before)
            everything = await editor.client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
            assert [each.uri for each in everything.items] == [new.as_uri()]

    asyncio.run(scenario())


def test_settings_of_the_editor_are_worth_what_the_repository_is_worth(tmp_path):
    root = repository(tmp_path, {"Dockerfile": PINNED})

    async def scenario(settings, expected):
        async with editing(root, change=pushed, options={"settings": settings}) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: expected(editor, uri))

    asyncio.run(scenario({"ignore": ["DF101"]}, lambda editor, uri: editor.codes(uri) == []))
    for key in ("rules-path", "mirrors"):
        asyncio.run(scenario({key: ["."]}, lambda editor, _, key=key: any(key in each.message for each in editor.client.messages)))


def test_several_roots_keep_their_own_settings(tmp_path):
    one = repository(tmp_path / "one", {"Dockerfile": PINNED, "armready.toml": 'ignore = ["DF101"]\n'})
    two = repository(tmp_path / "two", {"Dockerfile": PINNED})

    async def scenario():
        async with editing(one, two, change=pushed) as editor:
            first, second = (editor.open(root / "Dockerfile") for root in (one, two))
            await editor.until(lambda: editor.codes(first) == [] and editor.codes(second) == ["DF101"])
            event = types.WorkspaceFoldersChangeEvent([], [types.WorkspaceFolder(two.as_uri(), "two")])
            editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
            editor.close(second)
            await editor.until(lambda: editor.codes(second) == [])

    asyncio.run(scenario())


def test_a_file_outside_of_all_folders_is_read_alone(tmp_path):
    root = repository(tmp_path / "one", {"Dockerfile": PINNED})
    other = repository(tmp_path / "two", {"Dockerfile": PINNED})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            uri = editor.open(other / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])

    asyncio.run(scenario())


def test_an_excluded_file_has_no_diagnostics(tmp_path):
    root = repository(tmp_path, {"a/Dockerfile": PINNED, "b/Dockerfile": PINNED, "armready.toml": 'exclude = ["a/"]\n'})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            left_out, other = (editor.open(root / name / "Dockerfile") for name in ("a", "b"))
            await editor.until(lambda: editor.codes(other) == ["DF101"])
            assert editor.codes(left_out) in (None, [])

    asyncio.run(scenario())


def test_a_rule_that_crashes_costs_its_own_findings(tmp_path):
    root = repository(tmp_path / "repository", {"Dockerfile": PINNED, "pod.yaml": AMD64_POD})
    start = tmp_path / "start.py"
    start.write_text(
        textwrap.dedent("""
            import sys
            from armready.rules.dockerfile.from_platform_redundant import FromPlatformRedundant
            from armready.rules.kubernetes.arch_selector_amd64 import ArchSelectorAmd64

            def crash(*_):
                print("a line that is no message of the protocol")
                raise RecursionError("boom")

            FromPlatformRedundant.check = ArchSelectorAmd64.check = crash
            FromPlatformRedundant.needles = ()
            sys.argv = ["armready", "server"]
            from armready.run import registry
            own = registry._own()
            registry._own = lambda: tuple(e._replace(needles=()) if e.name == "from-platform-redundant" else e for e in own)
            from armready.commands.cli import main
            main()
        """)
    )

    async def scenario():
        async with editing(root, change=pushed, command=(str(start),)) as editor:
            uri = editor.open(root / "Dockerfile")
            await editor.until(lambda: editor.codes(uri) == ["DF101"])
            await editor.until(lambda: sum("boom" in each.message for each in editor.client.log_messages) >= 2)
            version = editor.type(uri, PLAIN)
            await editor.until(lambda: editor.codes(uri, version) == [])

    asyncio.run(scenario())


def test_the_start_shows_progress_and_can_be_stopped(tmp_path):
    root = repository(tmp_path, {f"{number}/Dockerfile": PINNED for number in range(40)})

    async def scenario():
        async with editing(root, change=pushed) as editor:
            reports = editor.client.progress_reports
            await editor.until(lambda: any(isinstance(step, types.WorkDoneProgressEnd) for steps in reports.values() for step in steps))
            (steps,) = reports.values()
            assert steps[0].cancellable
            shares = [step.percentage for step in steps if isinstance(step, types.WorkDoneProgressReport)]
            assert shares == sorted(shares)
            assert shares[-1] == 100

    asyncio.run(scenario())

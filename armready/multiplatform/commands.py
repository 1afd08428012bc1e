"""The text of a build command that becomes a multi-platform push: its options, its tags, and the whole command for another place."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from armready.builds.events import Name, Push, Setup
from armready.builds.grammar import Invocation, Option
from armready.builds.model import HostKind
from armready.builds.setup import BUILDER, needs
from armready.builds.statements import Change
from armready.core.source import Span
from armready.knowledge.runners import Buildx
from armready.languages.shell.script import Script, Word
from armready.multiplatform.draft import Draft, Impossible


def _options(work: Draft, call: Invocation) -> str:
    """The options that make a build a multi-platform push, those left out that it has already."""
    build = work.build
    names = {option.name for option in call.options}
    found = []
    if _own_builder(work, names):
        found.append(f"--builder {BUILDER}")
    if "platform" not in names:
        found.append(f"--platform {_wanted(work)}")
    if "provenance" not in names and "attest" not in names and build.job.host.buildx is not Buildx.OLD and not build.pushes:
        found.append("--provenance=false")
    if not build.pushes and "load" not in names:
        found.append("--push")
    return " ".join(found)


def _own_builder(work: Draft, names: Collection[str]) -> bool:
    """Whether the builds of a machine that is kept name the builder that a fix creates there, for this build or for one before it."""
    build = work.build
    beside = build.job.takes_targets and work.chain.handed_over
    if build.job.host.kind is not HostKind.PERSISTENT or beside or "builder" in names:
        return False
    return needs(work.timeline, build.order).builder or any(_creates_own(each) for each in work.timeline.of(Setup))


def _creates_own(setup: Setup) -> bool:
    call = setup.invocation
    return setup.kind == "builder" and call is not None and call.last("name") == BUILDER and not call.flag("use")


def _wanted(work: Draft) -> str:
    platforms = work.build.platforms
    if platforms.given and platforms.resolved and platforms.values:
        return ",".join(dict.fromkeys((*platforms.values, "linux/arm64")))
    return ",".join(work.file.settings.platforms)


def build_changes(work: Draft, call: Invocation, script: Script, pushes: Sequence[Push]) -> list[Change]:
    """The changes that make a build command push all platforms, under the names that are pushed."""
    changes: list[Change] = []
    verb_start, verb_end = call.verb_words[0].span.start, call.verb_words[-1].span.end
    new = _options(work, call)
    if call.verb == "buildx build" or call.verb == "buildx b":
        at = verb_end
    elif len(call.verb_words) > 1:
        changes.append((Span(verb_start, verb_end), f"buildx build{spread(script, verb_end, new)}"))
        at = -1
    else:
        changes.append((Span(verb_start, verb_start), "buildx "))
        at = verb_end
    if at >= 0 and new:
        changes.append((Span(at, at), spread(script, at, new)))
    platform = call.option("platform")
    if platform is not None:
        changes.append(_platform_change(work, platform))
    load = call.option("load")
    if load is not None:
        changes.append((load.span, "--push"))
    if pushes:
        changes.extend(_tag_changes(work, call, script))
    return changes


def _platform_change(work: Draft, option: Option) -> Change:
    text = option.value_word.text
    if "$" in text or "{{" in text:
        raise Impossible("the platform comes from a variable: set it there")
    quote = text[option.value_at :][:1]
    wanted = _wanted(work)
    return option.value_span, f"{quote}{wanted}{quote}" if quote in ("'", '"') else wanted


def spread(script: Script, at: int, new: str) -> str:
    """New options behind an offset, on a line of their own where the command has one option per line."""
    layout = re.compile(r"[ \t]*\\(\r?\n)([ \t]*)").match(script.text, at)
    if layout:
        return f" \\{layout[1]}{layout[2]}{new}"
    return f" {new}" if new else ""


def _tag_changes(work: Draft, call: Invocation, script: Script) -> list[Change]:
    """Keep the -t options that are pushed, drop the others, add what is pushed under other names."""
    options = [option for option in call.options if option.name == "tag"]
    wanted = work.chain.pushed_names
    kept: list[Option] = []
    dropped: list[Option] = []
    for option, name in zip(options, work.build.tags, strict=False):
        (kept if any(name.same(other) for other in wanted) else dropped).append(option)
    have = [name for name, option in zip(work.build.tags, options, strict=False) if option in kept]
    added = [_source(name) for name in wanted if not any(name.surely(other) for other in have)]
    changes: list[Change] = []
    if dropped and added and not kept:
        first = dropped.pop(0)
        rest = "".join(f" -t {each}" for each in added[1:])
        changes.append((first.value_span, added[0] + rest))
        added = []
    if added:
        if not kept:
            raise Impossible("the build gives its image no name that is pushed")
        end = kept[-1].span.end
        changes.append((Span(end, end), _spread_tags(script, kept[-1], added)))
    changes.extend((_option_span(script, option), "") for option in dropped)
    return changes


def _spread_tags(script: Script, option: Option, added: Sequence[str]) -> str:
    """More -t options behind one: a line each where the command has one option per line."""
    line = script.text.rfind("\n", 0, option.span.start) + 1
    indent = script.text[line : option.span.start]
    if not indent.strip() and re.compile(r"[ \t]*+(?:\\?\r?\n|$)").match(script.text, option.span.end) and line > 0:
        return "".join(f" \\\n{indent}-t {each}" for each in added)
    return "".join(f" -t {each}" for each in added)


def _option_span(script: Script, option: Option) -> Span:
    """An option with the white space, or the continued line, before it."""
    start, end = option.span
    line = script.text.rfind("\n", 0, start) + 1
    tail = re.compile(r"[ \t]*\\\r?\n").match(script.text, end)
    if not script.text[line:start].strip() and tail and line > 0:
        return Span(line, tail.end())
    while start > 0 and script.text[start - 1] in " \t":
        start -= 1
    return Span(start, end)


def _source(name: Name) -> str:
    if name.word is None:
        raise Impossible("a pushed name is no word of its own")
    return name.word.text


def test_changes(work: Draft, call: Invocation) -> list[Change]:
    """`docker build` -> `docker buildx build --load`: the same builder, so that the push re-uses its layers."""
    if call.option("load") is not None or call.option("output") is not None:
        return []
    start, end = call.verb_words[0].span.start, call.verb_words[-1].span.end
    named = _own_builder(work, {option.name for option in call.options})
    return [(Span(start, end), f"buildx build --builder {BUILDER} --load" if named else "buildx build --load")]


def command_text(work: Draft, call: Invocation) -> str:
    """The folded build as one line, for another place: its prefix and options in order, the tags replaced by what is pushed."""
    command = work.build.command
    assert command is not None
    parts = [*(word.text for word in command.prefix), call.words[0].text]
    parts.extend(option.words[index].text for option in _early(call) for index in range(len(option.words)))
    parts.append("buildx build")
    new = _options(work, call)
    parts.append(new if call.option("load") is None else f"{new} --push".strip())
    tags = [f"-t {_source(name)}" for name in work.chain.pushed_names]
    placed = False
    following: list[Option | Word] = [*_late(call), *call.arguments]
    for item in sorted(following, key=lambda each: each.span.start):
        if not isinstance(item, Option):
            parts.append(item.text)
        elif item.name == "tag":
            parts.extend([] if placed else tags)
            placed = True
        elif item.name == "platform":
            _, text = _platform_change(work, item)
            parts.extend([*(word.text for word in item.words[:-1]), item.value_word.text[: item.value_at] + text])
        elif item.name not in ("load", "push"):
            parts.extend(word.text for word in item.words)
    return " ".join(part for part in parts if part)


def _late(call: Invocation) -> list[Option]:
    return [option for option in call.options if option.span.start > call.verb_words[-1].span.end]


def _early(call: Invocation) -> list[Option]:
    return [option for option in call.options if option.span.start < call.verb_words[0].span.start]

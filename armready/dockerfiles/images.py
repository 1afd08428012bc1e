"""What the rules about image references (DF110 to DF116) share: which images count, and how a problem becomes a finding."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from armready.core.classify import is_test_data
from armready.core.config import Settings
from armready.core.file import File
from armready.core.finding import Finding, Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import FileRule
from armready.core.startup import regex
from armready.dockerfiles.stages import path_arch, stage_text
from armready.knowledge.arch import tokens
from armready.knowledge.image_verdicts import Problem
from armready.knowledge.images import Reference, Where, arch_in_name
from armready.languages.dockerfile.expansion import uses
from armready.languages.dockerfile.images import ImageUse, Role, image_uses
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import ARM64

Judge = Callable[[Reference, Settings], Problem | None]


def relevant_uses(file: File) -> Iterator[ImageUse]:
    """The images that an arm64 build has to do with: not those of Windows, nor of a stage or file made for one architecture."""
    if path_arch(file.path):
        return
    for use in file.parse(image_uses):
        if not use.varies and not use.stage.variant and not use.stage.is_windows:
            yield use


def reference_of(file: File, use: ImageUse) -> Reference:
    """The reference with its variables replaced."""
    return Reference.parse(use.text, file.settings.mirrors)


def findings(rule: FileRule, file: File, judge: Judge) -> Iterator[Finding]:
    """The problems that `judge` sees in the images of a Dockerfile, as findings of `rule`."""
    limit = file.parse(parse_dockerfile).confidence
    for use in relevant_uses(file):
        problem = judge(reference_of(file, use), file.settings)
        if problem is None or _by_default(file, use):
            continue
        minor = (use.role is Role.BASE and use.stage.on_build_platform) or is_test_data(file.path)
        yield rule.finding(
            file.location(use.span),
            problem.message,
            severity=Severity.INFO if minor else problem.severity,
            confidence=problem.confidence.at_most(limit),
            supported=problem.supported,
            fix=_kept(file, use, problem, _fix(file, use, problem, judge)),
            related=(Related(file.location(use.origin), "used here"),) if use.origin != use.span else (),
            cause=problem.message,
        )


def _by_default(file: File, use: ImageUse) -> bool:
    """Whether the name has an architecture only by an ARG that holds nothing else, of which DF124 speaks; namespaces are left to DF110."""
    written = Reference.parse(use.written, file.settings.mirrors)
    stages = file.parse(parse_dockerfile).stages
    values = (stages.resolve_global(f"${{{each.name}}}", use.stage.position, ARM64) for each in uses(use.written))
    if not any(token.text == value for value in values for token in tokens(value)):
        return False
    found = arch_in_name(reference_of(file, use)) if use.written != use.text else None
    return found is not None and found.where is not Where.NAMESPACE and arch_in_name(written) is None


def comment_above(file: File, use: ImageUse) -> str:
    """The comment lines that touch the instruction of an image from above."""
    source = file.source
    instructions = file.parse(parse_dockerfile).instructions
    at = bisect_right(instructions, use.span.start, key=lambda each: each.full_span.start) - 1
    instruction = instructions[at] if at >= 0 and instructions[at].full_span.contains(use.span) else use.stage.origin
    line = source.line_index(instruction.span.start)
    return "\n".join(source.slice(source.line_span(each)).strip() for each in range(source.comments_above(line), line))


# What only an image of Alpine has: its package manager, and the short options of BusyBox.
_OF_ALPINE = regex(r"(?<![\w/-])apk (?:--\S{1,80} ){0,8}(?:add|update|upgrade|del)\b|\badd(?:group|user) (?:-[a-zA-Z]{1,20} ){0,8}-[SDHG]")
_OF_DEBIAN = regex(r"(?<![\w/-])apt(?:-get)? (?:-\S{1,80} ){0,8}(?:install|update|upgrade)\b|\bdpkg -|\b(?:useradd|groupadd)\b")


def _kept(file: File, use: ImageUse, problem: Problem, fix: Fix | None) -> Fix | None:
    """The fix, only shown where the instructions that follow need what another distribution has not."""
    if fix is None or problem.replacement is None or use.role is not Role.BASE:
        return fix
    before, after = "alpine" in use.text, "alpine" in problem.replacement
    if before == after:
        return fix
    needed = _OF_ALPINE if before else _OF_DEBIAN
    built_on = (stage for stage in file.parse(parse_dockerfile).stages if use.stage in stage.chain())
    if not any(needed.search(stage_text(stage)) for stage in built_on):
        return fix
    return fix.demoted(
        Applicability.DISPLAY, f"What follows needs {'Alpine' if before else 'Debian'}: packages, users and shell change with the image."
    )


def _fix(file: File, use: ImageUse, problem: Problem, judge: Judge) -> Fix | None:
    if problem.replacement is None:
        return None
    if use.written == use.text:
        return Fix(problem.title, (file.replace(use.span, problem.replacement),), problem.applicability, problem.notes)
    text = _rewritten(file, use, problem.replacement, judge)
    if text is None:
        return None
    fix = Fix(problem.title, (file.replace(use.span, text),), problem.applicability, problem.notes)
    return fix.demoted(Applicability.UNSAFE, "A build argument decides a part of the reference.")


def _rewritten(file: File, use: ImageUse, wanted: str, judge: Judge) -> str | None:
    """The reference as written, with its variables, such that it comes to what is wanted."""
    plain = judge(Reference.parse(use.written, file.settings.mirrors), file.settings)
    candidates = [plain.replacement] if plain is not None and plain.replacement and "$" in plain.replacement else []
    for variable in uses(use.written):
        before, after = use.written[: variable.span.start], use.written[variable.span.end :]
        candidates += [before + after[1:]] if after[:1] in ("/", "-", "_") else []
        candidates += [before[:-1] + after] if before[-1:] in ("-", "_") else []
    stages = file.parse(parse_dockerfile).stages
    return next((each for each in candidates if stages.resolve_global(each, use.stage.position, ARM64) == wanted), None)

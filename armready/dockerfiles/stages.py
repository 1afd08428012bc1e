"""What the rules about the platforms of stages (DF101 to DF105) share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from typing import TypeVar

from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.fix import Applicability, Edit, Fix
from armready.core.project import Project
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.arch import amd64_tokens
from armready.knowledge.compilers import compiling
from armready.knowledge.idioms import helper_stage
from armready.knowledge.images import verdict
from armready.knowledge.verdicts import Has
from armready.languages.dockerfile.images import image_uses
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage, Stages

# A file for one architecture, beside which one for the other may stand: `Dockerfile.amd64`, `docker/arm64/Dockerfile`.
_PATH_ARCH = regex(
    r"(?<![a-z0-9])(?:(amd64|x86_64|x86-64|x64)|(arm64(?:v8)?|aarch64)"
    r"|(i?386|arm(?:hf|32v[5-7]|v[5-7])?|ppc64le|s390x|riscv64))(?![a-z0-9])"
)

# What a stage means is judged by all others, so a file with more of them is judged in part.
_MOST_STAGES = 300


_NEUTRAL = regex(
    r"(?<![\w./-])(?:(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?[\w:.-]*build[\w:.-]*|(?:\./)?mvnw?|(?:\./)?gradlew?|sbt|hugo|composer|jekyll|mkdocs|vite|webpack"
    r"|ng\s+build|gulp|grunt|sphinx-build|tsc|npm\s+run|yarn\s+run|npx)(?![\w-])"
)
_NATIVE_OUTPUT = regex(
    r"node_modules|site-packages|dist-packages|venv|vendor/bundle|\.so\b|/s?bin(?:/|$)|/lib(?:64)?(?:/|$)|^/usr/local/?$|\.node$"
)

# An image of shell scripts.
_SCRIPTS = regex(r"(?:^|/)tonistiigi/xx(?:[:@]|$)")
_CROSS_COMPILER = re.compile(
    r"crossbuild-essential-(?!amd64)|\b(?:gcc|g\+\+)-(?:aarch64|arm)-linux|\b(?:aarch64|arm)-linux-(?:gnu|musl)[a-z]{0,10}-(?:gcc|g\+\+)"
)
Answer = TypeVar("Answer")

_TARGETS = regex(r"TARGET(?:ARCH|PLATFORM|OS)\b|(?<![\w-])xx-\w+")


@lru_cache(64)
def path_arch(path: str) -> str:
    """The architecture that a file's path says it is for; empty for a file of all."""
    match = _PATH_ARCH.search(path.lower())
    if match is None:
        return ""
    return "amd64" if match[1] else "arm64" if match[2] else match[3]


def has_sibling(project: Project, path: str) -> bool:
    """Whether a file for arm64 stands beside the file of that path, which is then the one for amd64: `Dockerfile.aarch64`."""
    return any(project.exists(f"{path}{mark}{arch}") for mark in ".-_" for arch in ("arm64", "aarch64", "arm64v8"))


def relevant_stages(file: File) -> Iterator[Stage]:
    """The stages that a build for arm64 has to do with: not those of Windows, nor those or whole files made for one architecture."""
    if path_arch(file.path):
        return
    for stage in file.parse(parse_dockerfile).stages[:_MOST_STAGES]:
        if not stage.is_windows and not stage.variant:
            yield stage


def is_helper(stage: Stage) -> bool:
    """Whether a stage's name says that its image is not shipped."""
    return bool(helper_stage().search(stage.name.replace("_", "-")))


def once(ask: Callable[[Stage], Answer]) -> Callable[[Stage], Answer]:
    """Ask a stage a question once, however many of its instructions need the answer."""

    @wraps(ask)
    def asked(stage: Stage) -> Answer:
        return stage.derive(ask)

    return asked


@once
def stage_text(stage: Stage) -> str:
    """The text of the stage's instructions, joined lines without comments and without the quotes of words."""
    parts = []
    for each in stage.instructions:
        actual = each.trigger or each
        parts.append(actual.shell.text if actual.shell is not None else actual.code.text)
    return without_quotes("\n".join(parts))


def without_quotes(text: str) -> str:
    """A script with the quotes of its words taken out, for a look at what it may run."""
    return text.replace('"', "").replace("'", "")


@once
def compiles(stage: Stage) -> bool:
    """Whether a RUN of the stage compiles machine code."""
    return any(
        each.shell is not None and compiling().search(without_quotes(each.shell.text))
        for each in stage.instructions
        if each.keyword == "RUN"
    )


@once
def cross_compiles(stage: Stage) -> bool:
    """Whether the stage, or one it is built from, uses what BuildKit says of the target."""
    return any(_TARGETS.search(stage_text(each)) for each in stage.chain())


@once
def has_cross_compiler(stage: Stage) -> bool:
    """Whether the stage, one that it is built from or one that is built from it, has a compiler for another architecture than amd64."""
    bases = (base for each in (stage, *stage.choices) for base in each.chain())
    return any(_CROSS_COMPILER.search(stage_text(each)) for each in (*bases, *_with_descendants(stage)))


@once
def is_neutral(stage: Stage) -> bool:
    """Whether what is copied out of the stage is the same on every architecture: scripts, archives of classes, pages."""
    text = stage_text(stage)
    return bool(_NEUTRAL.search(text)) and not compiles(stage) and not any(_NATIVE_OUTPUT.search(path) for path in copied_out(stage))


def serves_files(file: File, stage: Stage) -> bool:
    """Whether nothing runs in a stage and nothing that is copied out of it looks like machine code: pages, or the scripts of `xx`."""
    if stage.is_shipped or any(each.keyword == "RUN" for one in stage.chain() for each in one.instructions):
        return False
    paths = copied_out(stage)
    base = next((use.text for use in file.parse(image_uses) if use.stage is stage), "")
    if _SCRIPTS.search(base):
        return True
    return bool(paths) and not any(path in ("/", ".") or _NATIVE_OUTPUT.search(path) for path in paths)


@once
def copied_out(stage: Stage) -> tuple[str, ...]:
    """The paths that other stages copy from a stage."""
    return tuple(path for _, path in stage.graph.copies.get(stage.index, ()))


@once
def copied_to_target(stage: Stage) -> tuple[str, ...]:
    """The paths that stages on the target platform copy from a stage."""
    serving = _serving_target(stage.graph)
    return tuple(path for copier, path in stage.graph.copies.get(stage.index, ()) if copier in serving)


def _serving_target(stages: Stages) -> set[int]:
    """The stages on the target platform from which something goes into a shipped one, the build machine's stages not in between."""
    serving: set[int] = set()
    for stage in reversed(tuple(stages)):
        if stage.on_build_platform or not (stage.is_shipped or stage.index in serving):
            serving.discard(stage.index)
            continue
        serving.add(stage.index)
        serving.update(each.index for each in (*stage.sources, *stage.choices, *([stage.parent] if stage.parent else [])))
    return serving


def without_flag(file: File, stage: Stage) -> Edit:
    """The edit that takes --platform, and the blanks behind it, out of the FROM."""
    flag = stage.platform_flag
    assert flag is not None
    end = flag.span.end
    while file.text[end : end + 1] in (" ", "\t"):
        end += 1
    return file.delete(Span(flag.span.start, end))


def unpinned(file: File, stage: Stage) -> Fix:
    """Take the platform of a stage back: the build machine's where only neutral or cross-compiled files leave it, else the target's."""
    flag = stage.platform_flag
    assert flag is not None
    if not stage.is_shipped and (is_neutral(stage) or (compiles(stage) and cross_compiles(stage))):
        edit, title = file.replace(flag.value_span, "$BUILDPLATFORM"), "Run the stage on the build machine's platform"
    else:
        edit, title = without_flag(file, stage), "Remove the --platform flag"
    fix = trusted(file, stage, Fix(title, (edit,)))
    if not stage.is_shipped and has_cross_compiler(stage):
        return fix.demoted(Applicability.DISPLAY, "It has a cross compiler, and few distributions have that for all build machines.")
    if fix.applicability is not Applicability.SAFE and serves_files(file, stage):
        return fix.demoted(Applicability.DISPLAY, "What is copied out of it may be the same on every architecture.")
    return fix


def trusted(file: File, stage: Stage, fix: Fix) -> Fix:
    """The fix, unsafe where an image of the stage is not known to have arm64, or the stage names amd64: the pin may have had a reason."""
    concerned = _with_descendants(stage)
    doubt = next((why for image in _images(file, concerned) if (why := _doubt(file, image))), None)
    if doubt is not None:
        fix = fix.demoted(Applicability.UNSAFE, f"{doubt[:1].upper()}{doubt[1:]}.")
    line = next((number for each in concerned for number in _amd64_lines(file, each)), None)
    if line is not None:
        fix = fix.demoted(Applicability.UNSAFE, f"Line {line} names amd64 too: the pin may be there because of it.")
    return fix


def _with_descendants(stage: Stage) -> list[Stage]:
    """The stage, those it is built from, and those that are built from it."""
    below: list[Stage] = []
    level = stage.children
    while level:
        below += level
        level = [child for each in level for child in each.children]
    return [*stage.chain(), *sorted(below, key=lambda each: each.index)]


def _images(file: File, concerned: list[Stage]) -> Iterator[str]:
    """The images that stages are built from or copy from, through the stages they copy from."""
    found, todo = set[int](), list(concerned)
    while todo:
        stage = todo.pop()
        if stage.index not in found:
            found.add(stage.index)
            todo += [*stage.sources, *([stage.parent] if stage.parent is not None else [])]
    yield from (use.text for use in file.parse(image_uses) if use.stage.index in found)


def _doubt(file: File, image: str) -> str:
    found = verdict(image, file.settings)
    if found.multi_arch:
        return ""
    known = found.arm64 is Has.NO and found.confidence is not Confidence.LOW
    return found.reason if known else f"it is not known offline whether {image} exists for arm64"


def _amd64_lines(file: File, stage: Stage) -> Iterator[int]:
    for each in stage.instructions:
        if amd64_tokens(file.source.slice(each.full_span)):
            yield file.source.region(each.span).line

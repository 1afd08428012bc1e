"""Say why a build failed, from its log and what is known of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

from armready.core.finding import Confidence, Finding
from armready.core.startup import regex
from armready.verify.causes.compilers import COMPILERS
from armready.verify.causes.images import IMAGES
from armready.verify.causes.limits import LIMITS
from armready.verify.causes.packages import PACKAGES
from armready.verify.causes.programs import PROGRAMS
from armready.verify.causes.record import About, Cause, Proof
from armready.verify.decorations import LogLine, plain_lines
from armready.verify.model import Explanation, Instruction, LogFacts, Recipe
from armready.verify.steps import Step, steps_of

CAUSES = (*IMAGES, *PROGRAMS, *PACKAGES, *COMPILERS, *LIMITS)
"""In the order in which they count: of two in one step, the first."""

ARM64 = "linux/arm64"
_NO_FACTS = LogFacts()
_NAMES_ARM64 = regex(r"(?i)aarch[_-]?64|arm64|armv8")
_BUILT = regex(r"--platform[ =]\"?(linux/[a-z0-9/]{2,10})(?![a-z0-9/,])")
_ADDRESS = regex(r"https?://[^\s\"'<>\\]{1,400}")
_METADATA = regex(r"load metadata for (\S{1,300})|FROM (?:--platform=\S{1,80} )?(\S{1,300})|pull(?:ing)? (?:from )?(\S{1,300})")
_QUOTED = 300
# Lines in front of an error that may name the address that it is about.
_NEAR = 200


def explain(log: str, facts: LogFacts = _NO_FACTS) -> list[Explanation]:
    """Why the build of a log failed: at most one explanation for each step, in the order of the log.

    Nothing that speaks of the architecture, no explanation: a log of tests that fail says nothing about arm64.
    """
    steps = steps_of(plain_lines(log))
    failed = any(step.failed for step in steps)
    considered = [step for step in steps if step.failed or not step.text or not failed]
    reader = _Reader(facts, _platform_of(log, facts), steps)
    found = [each for step in considered for each in reader.of_step(step)]
    return _without_echoes(found)


def failing_steps(log: str) -> frozenset[str]:
    """The instructions that failed, as the log repeats them."""
    return frozenset(step.text for step in steps_of(plain_lines(log)) if step.failed and step.text)


class _Match(NamedTuple):
    """A cause that a line shows; `place` is the line's in the step."""

    rank: int
    cause: Cause
    line: LogLine
    place: int
    groups: Mapping[str, str]


class _Reader:
    """What the explanations of one log share."""

    def __init__(self, facts: LogFacts, platform: str, steps: Sequence[Step]) -> None:
        self._facts = facts
        self._platform = platform
        self._elsewhere = {(step.text, step.stage) for step in steps if step.failed and step.platform == "linux/amd64"}

    def of_step(self, step: Step) -> Iterator[Explanation]:
        """The explanation of a step: its first cause that counts most."""
        names_arm64 = any(_NAMES_ARM64.search(line.text) for line in step.lines)
        for match in sorted(_matches(step), key=lambda each: (each.cause.consequence, each.rank)):
            sure = self._sureness(match, step, names_arm64=names_arm64)
            if sure is not None:
                yield self._explanation(match, sure, step)
                return

    def _sureness(self, match: _Match, step: Step, *, names_arm64: bool) -> Confidence | None:
        """How sure it is that the cause is the reason; None when it is not."""
        platform = step.platform or self._platform
        if match.cause.proof is Proof.NATURE:
            return Confidence.HIGH
        if platform and not _is_arm64(platform):
            return None
        if match.cause.proof is Proof.CONTEXT and not _NAMES_ARM64.search(_subject(match, step)):
            return Confidence.LOW if _is_arm64(platform) else None
        if step.text and ((step.text, step.stage) in self._elsewhere or step.text in self._facts.failing_elsewhere):
            return Confidence.LOW
        if _is_arm64(platform) or names_arm64:
            return Confidence.MEDIUM
        return Confidence.LOW

    def _explanation(self, match: _Match, sure: Confidence, step: Step) -> Explanation:
        cause = match.cause
        platform = step.platform or self._platform or match.groups.get("platform", "")
        subject = _subject(match, step)
        path, line = _place(step, self._facts.recipes)
        words = {**match.groups, "subject": subject or cause.thing, "platform": match.groups.get("platform") or platform or "this platform"}
        why = cause.why.format_map(_Words(words))
        if sure is Confidence.LOW:
            why += " It may have another reason than the architecture: the log does not show that arm64 alone fails."
        return Explanation(
            cause=cause.name,
            why=why[:1].upper() + why[1:],
            advice=cause.advice.format_map(_Words(words)),
            confidence=sure,
            rules=cause.rules,
            subject=subject,
            platform=platform,
            step=step.text[:_QUOTED],
            path=path,
            line=line,
            log_line=match.line.number,
            quote=match.line.text[:_QUOTED],
            findings=_findings(self._facts, cause, path, line, subject),
        )


class _Words(dict[str, str]):
    """The words of a sentence; those that a log lacks are left out."""

    def __missing__(self, key: str) -> str:
        return ""


def _is_arm64(platform: str) -> bool:
    return platform.startswith(ARM64)


def _matches(step: Step) -> Iterator[_Match]:
    for place, line in enumerate(step.lines):
        lowered = line.text.lower()
        for rank, cause in zip(count(), CAUSES, strict=False):
            if any(needle in lowered for needle in cause.needles) and (found := cause.pattern.search(line.text)):
                yield _Match(rank=rank, cause=cause, line=line, place=place, groups=_groups(found))


def _groups(found: re.Match[str]) -> dict[str, str]:
    """The groups that are there; of several that name the subject, the one that does."""
    groups = {name: text for name, text in found.groupdict().items() if text}
    apart = ("platform", "arch", "actual", "host", "emulator", "signal", "system", "wanted", "found", "given", "limit", "what")
    others = [text for name, text in groups.items() if name not in apart]
    if others:
        groups["subject"] = others[0].rstrip(".,:;")
    wanted = groups.get("wanted") or groups.get("given")
    if wanted and "platform" not in groups:
        groups["platform"] = wanted
    return groups


def _subject(match: _Match, step: Step) -> str:
    named = match.groups.get("subject", "")
    if named:
        return named
    if match.cause.about is About.IMAGE:
        return _image(step)
    if match.cause.about is About.ADDRESS:
        return _address(step, match.place)
    return ""


def _image(step: Step) -> str:
    """The image that a step takes."""
    for text in (step.text, *(line.text for line in step.lines)):
        found = _METADATA.search(text)
        if found:
            image: str = next(group for group in found.groups() if group)
            return image.rstrip(":").removeprefix("docker.io/").removeprefix("library/")
    return ""


def _address(step: Step, index: int) -> str:
    """The last address in front of a line that names arm64, else the last one; the instruction's own where the log shows none."""
    before = [each.text for each in step.lines[max(0, index - _NEAR) : index + 1]]
    addresses: list[str] = [found for text in (step.text, *before) for found in _ADDRESS.findall(text)]
    named: list[str] = [each for each in addresses if _NAMES_ARM64.search(each)]
    return (named or addresses or [""])[-1].rstrip(".,:;)")


def _platform_of(log: str, facts: LogFacts) -> str:
    """The one platform that is built, by those who know or by the command in the log."""
    if facts.platform:
        return facts.platform
    named = set(_BUILT.findall(log))
    return named.pop() if len(named) == 1 else ""


def _place(step: Step, recipes: Sequence[Recipe]) -> tuple[str, int]:
    """The Dockerfile and the line of a step."""
    if step.line:
        return _full_path(step, recipes), step.line
    if not step.text:
        return "", 0
    found = [(recipe.path, each) for recipe in recipes for each in recipe.instructions if _is_same(step, each)]
    if len({path for path, _ in found}) != 1 or len({each.line for _, each in found}) != 1:
        return "", 0
    return found[0][0], found[0][1].line


def _full_path(step: Step, recipes: Sequence[Recipe]) -> str:
    """The path of the Dockerfile that the log names by its last part, where one alone fits."""
    same = [recipe for recipe in recipes if recipe.path == step.path or recipe.path.endswith(f"/{step.path}")]
    fitting = [
        recipe for recipe in same if any(each.line <= step.line <= each.end_line and _is_same(step, each) for each in recipe.instructions)
    ]
    for found in (fitting, same):
        if len(found) == 1:
            return found[0].path
    return step.path


def _is_same(step: Step, instruction: Instruction) -> bool:
    """Whether a step, whose variables may be filled in and whose text may be cut, is an instruction."""
    image = _METADATA.match(step.text)
    if image and instruction.text.startswith("FROM "):
        return _short(image[1] or image[2] or "") in {_short(word) for word in instruction.text.split()[1:]}
    if step.stage and instruction.stage and step.stage.lower() != instruction.stage:
        return False
    written, run = instruction.text, step.text.removesuffix("...").removesuffix("…")
    if written == run or (len(run) > 20 and written.startswith(run)):
        return True
    return "$" in written and _filled(written, run)


def _filled(written: str, run: str) -> bool:
    """Whether a text may be another one with its variables filled in."""
    pieces = [piece for piece in re.split(r"\$\{[^}]{0,200}\}|\$\w{1,100}", written) if piece]
    if not pieces or not run.startswith(pieces[0]):
        return False
    at = 0
    for piece in pieces:
        at = run.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _short(image: str) -> str:
    """An image without what a registry adds to its name."""
    plain = image.removeprefix("docker.io/").removeprefix("library/").partition("@")[0]
    return plain if ":" in plain.rpartition("/")[2] else f"{plain}:latest"


def _findings(facts: LogFacts, cause: Cause, path: str, line: int, subject: str) -> tuple[Finding, ...]:
    """The findings of a scan that speak of the same line, or of the same subject."""
    fitting = [finding for finding in facts.findings if finding.code in cause.rules]
    here = [finding for finding in fitting if path and finding.path == path and line in _lines(finding)]
    if here:
        return tuple(here)
    return tuple(finding for finding in fitting if len(subject) > 2 and subject in finding.message)


def _lines(finding: Finding) -> range:
    region = finding.location.region
    return range(region.line, region.end_line + 1)


def _without_echoes(found: Iterable[Explanation]) -> list[Explanation]:
    """Without those that repeat another one: what stands outside of all steps, BuildKit's last line, says again what a step says."""
    explanations = list(found)
    of_steps = {each.cause for each in explanations if each.step}
    kept: dict[tuple[str, ...], Explanation] = {}
    for each in explanations:
        if not each.step and each.cause in of_steps:
            continue
        kept.setdefault((each.cause, each.subject, each.platform, each.step), each)
    sure = [each for each in kept.values() if each.confidence is not Confidence.LOW]
    return sorted(sure or kept.values(), key=lambda each: each.log_line)

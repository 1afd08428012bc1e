"""What is wrong with an image reference, wherever it stands: a FROM, a COPY --from, an `image:` of a manifest or of a pipeline.

Each function judges one reference and returns a `Problem` or None. The caller knows the place: it points, writes the replacement in its own
notation, and lowers the severity where the reference matters less (a stage that runs on the build machine).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from armready.core.config import Target
from armready.core.finding import Confidence, Severity
from armready.core.fix import Applicability
from armready.core.startup import dataclass, regex
from armready.knowledge.images import ArchName, Reference, Where, arch_in_name, cpu_baseline, verdict
from armready.knowledge.verdicts import Basis, Has, Verdict

if TYPE_CHECKING:
    from armready.core.config import Settings

_SEVERITY = {"arm64": Severity.INFO, "arm": Severity.WARNING}
_MAJOR = regex(r"v?(\d+)(?![\d\w])")
_CODENAME = regex(r"wheezy|jessie|stretch|buster|bullseye|bookworm|trixie|xenial|bionic|focal|jammy|noble")
_LAMBDA = "public.ecr.aws/lambda/"
_LAMBDA_NOTE = "AWS Lambda refuses a multi-arch index: push one architecture per function."


@dataclass(frozen=True, slots=True)
class Problem:
    """A flaw of a reference.

    Attributes:
        message: one sentence.
        severity: where the image runs on the target architecture.
        confidence: how it is known.
        replacement: the whole reference as it should be; None when no other name is known.
        applicability: how far the replacement may be trusted.
        title: what the replacement does.
        notes: what the user must know of it.
        supported: a second fact supports it.
    """

    message: str
    severity: Severity
    confidence: Confidence
    replacement: str | None = None
    applicability: Applicability = Applicability.UNSAFE
    title: str = ""
    notes: tuple[str, ...] = ()
    supported: bool = False


def arch_namespace(reference: Reference, settings: Settings) -> Problem | None:
    """DF110, KUB111: one of Docker Hub's namespaces for single architectures: `amd64/debian`."""
    return _of_name(reference, settings, Where.NAMESPACE)


def arch_tag(reference: Reference, settings: Settings) -> Problem | None:
    """DF111, KUB111: a tag for a single architecture: `app:1.2-amd64`."""
    return _of_name(reference, settings, Where.TAG)


def arch_repository(reference: Reference, settings: Settings) -> Problem | None:
    """DF112, KUB111: a repository for a single architecture: `pause-amd64`."""
    return _of_name(reference, settings, Where.REPOSITORY)


def _of_name(reference: Reference, settings: Settings, where: Where) -> Problem | None:
    name = arch_in_name(reference)
    if name is None or name.where is not where or verdict(reference, settings).basis is Basis.USER:
        return None
    if name.arch == "arm64" and settings.target is Target.ARM64:
        return None
    plain = verdict(name.stripped, settings) if name.stripped is not None else None
    severity = _SEVERITY.get(name.arch, Severity.ERROR)
    answer = settings.known.image(reference)
    if answer is not None and answer.of("amd64") is not None and answer.of("arm64") is not None:
        return None
    sure = Confidence.HIGH if answer is not None else _sure(name)
    if name.stripped is None or plain is None or plain.arm64 is Has.NO:
        message = f"{reference.short} is for {name.arch} alone{_and(plain, name)}."
        return Problem(message, severity, sure)
    works = f"{name.stripped.short} exists for both architectures" if plain.multi_arch else ""
    message = f"{reference.short} is for {name.arch} alone{f'; {works}' if works else ''}."
    applicability, title, notes = _trust(reference, name, plain, settings)
    return Problem(
        message=message,
        severity=severity,
        confidence=sure,
        replacement=name.stripped.text,
        applicability=applicability,
        title=title,
        notes=notes,
    )


def _sure(name: ArchName) -> Confidence:
    return Confidence.HIGH if name.known else Confidence.MEDIUM


def _and(plain: Verdict | None, name: ArchName) -> str:
    if plain is not None:
        return f", and {plain.reason}"
    return f"; {name.advice}" if name.advice else ""


def _trust(reference: Reference, name: ArchName, plain: Verdict, settings: Settings) -> tuple[Applicability, str, tuple[str, ...]]:
    """How far the name without the architecture may take the place of the one with it."""
    title = f"Drop {name.token!r} from the image's name"
    notes = (_LAMBDA_NOTE,) if reference.name.startswith(_LAMBDA) else ()
    if reference.digest:
        return (
            Applicability.UNSAFE,
            f"{title}, and the digest",
            (*notes, "The digest names the image of one architecture; pin the new one."),
        )
    if name.arch != "amd64":
        trust = Applicability.UNSAFE if plain.multi_arch else Applicability.DISPLAY
        return trust, title, (*notes, f"The image for {name.arch} becomes that of each machine.")
    if plain.multi_arch and _same_for_amd64(reference, name, settings):
        return Applicability.SAFE, title, (*notes, "The registry holds the same image for amd64 under both names.")
    if not plain.multi_arch:
        return (
            Applicability.DISPLAY,
            title,
            (*notes, f"Whether that name exists for both architectures is not known offline: {plain.reason}."),
        )
    return Applicability.SAFE if name.known else Applicability.UNSAFE, title, notes


def _same_for_amd64(reference: Reference, name: ArchName, settings: Settings) -> bool:
    """Whether a registry said that amd64 gets the very same image under the name without the architecture."""
    now = settings.known.image(reference)
    then = settings.known.image(name.stripped) if name.stripped is not None else None
    one, other = (answer.of("amd64") if answer is not None else None for answer in (now, then))
    return one is not None and other is not None and one.digest == other.digest


def digest_pin(reference: Reference, settings: Settings) -> Problem | None:
    """DF113, KUB113: a digest, which may name the image of one architecture."""
    if not reference.digest or arch_in_name(reference) is not None or verdict(reference, settings).basis is Basis.USER:
        return None
    answer = settings.known.image(reference)
    if answer is None:
        message = f"The digest of {reference.short} may name the image of one architecture; --online tells."
        return Problem(message, Severity.INFO, Confidence.MEDIUM)
    if answer.index or answer.of("arm64") is not None:
        return None
    message = f"The digest of {reference.short} names the image for {answer.names} alone (looked up {answer.as_of})"
    today = settings.known.under_tag(reference)
    if today is None or not today.index or today.of("arm64") is None:
        return Problem(f"{message}.", Severity.ERROR, Confidence.HIGH)
    amd64 = today.of("amd64")
    unchanged = amd64 is not None and amd64.digest == reference.digest
    return Problem(
        message=f"{message}; its tag stands for an index with arm64.",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        replacement=f"{reference.short}@{today.digest}",
        applicability=Applicability.SAFE if unchanged else Applicability.UNSAFE,
        title="Pin the digest of the index",
        notes=() if unchanged else ("The tag stands for other content for amd64 than the digest.",),
    )


def no_arm64(reference: Reference, settings: Settings) -> Problem | None:
    """DF114, KUB114: an image that does not exist for arm64."""
    found = verdict(reference, settings)
    if found.basis is Basis.NAME or (found.basis is Basis.REGISTRY and _has_other_rule(reference, settings)):
        return None
    if found.basis is Basis.WINDOWS or found.arm64 is not Has.NO or found.confidence is Confidence.LOW:
        return None
    message = f"{found.reason[:1].upper()}{found.reason[1:]}" if found.basis is Basis.USER else found.reason
    advice = f"; {found.advice}" if found.advice and not found.alternatives else ""
    alternative = found.alternatives[0] if found.alternatives else None
    instead = f"; {alternative} exists for arm64" if alternative else ""
    severity = Severity.ERROR if found.confidence is Confidence.HIGH else Severity.WARNING
    if found.basis is Basis.USER:
        return Problem(f"{message}.", Severity.INFO, found.confidence)
    return Problem(
        message=f"{message}{instead}{advice}.",
        severity=severity,
        confidence=found.confidence,
        replacement=alternative,
        applicability=_trust_alternative(reference, alternative),
        title=f"Use {alternative}" if alternative else "",
        notes=tuple(f"Another one with arm64: {each}." for each in found.alternatives[1:]),
    )


def _has_other_rule(reference: Reference, settings: Settings) -> bool:
    """Whether what a registry says of it is for the rules about names or digests to report."""
    answer = settings.known.image(reference)
    return arch_in_name(reference) is not None or (bool(reference.digest) and answer is not None and not answer.index)


def _trust_alternative(reference: Reference, alternative: str | None) -> Applicability:
    """Another major version, or one that is lost, is for people to decide."""
    other = Reference.parse(alternative or "")
    loses_version = other.tag is None and reference.tag not in (None, "latest")
    before, after = _major(reference), _major(other)
    return Applicability.DISPLAY if loses_version or (before and before != after) else Applicability.UNSAFE


def _major(reference: Reference) -> str:
    """The version of a tag up to the first dot, or the code name of its Debian or Ubuntu; empty for any other."""
    found = _MAJOR.match(reference.tag or "") or _CODENAME.match(reference.tag or "")
    return found[found.lastindex or 0] if found else ""


def cpu_needs(reference: Reference, settings: Settings) -> Problem | None:
    """DF115: an arm64 image that older arm64 processors cannot run."""
    note = cpu_baseline(reference)
    if note is None or verdict(reference, settings).basis is Basis.USER:
        return None
    return Problem(f"{reference.short} does not run on every arm64 processor: {note.rstrip('.')}.", Severity.INFO, Confidence.HIGH)


def unknown(reference: Reference, settings: Settings) -> bool:
    """DF116, KUB116: whether nothing is known of the image offline."""
    return verdict(reference, settings).arm64 is Has.UNKNOWN

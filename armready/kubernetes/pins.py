"""What ties a pod to amd64 nodes, how bad that is, and how it is loosened: the common part of KUB101, KUB102, KUB103 and KUB170."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Confidence, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.source import Location, Span
from armready.core.startup import dataclass, regex
from armready.knowledge.arch import Arch, tokens
from armready.kubernetes.documents import documents, patches_inside
from armready.kubernetes.model import Origin, Pod
from armready.kubernetes.placement import ARCH_KEYS, Requirement, meant, preferred_terms, required_terms, satisfied_by, selector
from armready.kubernetes.pod_images import Images, images_of
from armready.kubernetes.pods import pods
from armready.kubernetes.selectors import BOTH, NODE_AFFINITY, REQUIRED, TERMS
from armready.languages.yaml.edit import (
    append_item,
    append_pairs_item,
    insert_pair,
    prune,
    remove_item,
    replace_pair,
    set_scalar,
    with_comments,
)
from armready.languages.yaml.nodes import find, get, is_anchored, items, pair_of, span, text_of

_NEEDS = regex(
    r"(?i)(?:image|binar|build|built|support|compil|release|driver|librar).{0,200}\b(?:only|not?|yet|until|lacks?|missing)\b"
    r"|\b(?:only|not?|yet|until|lacks?|missing)\b.{0,200}(?:image|binar|build|built|support|compil|release|driver|librar)"
)
_ARCH_POINTERS = tuple(f"/nodeSelector/{key.replace('/', '~1')}" for key in sorted(ARCH_KEYS))


class How(StrEnum):
    """What ties the pod."""

    SELECTOR = "selector"
    ONLY = "affinity without arm64"
    EXCLUDED = "affinity against arm64"


@dataclass(frozen=True, eq=False)
class Pin:
    """What keeps a pod off arm64 nodes.

    Attributes:
        pod: the pod.
        how: what it is.
        requirements: those to blame; of a selector one, of an affinity at least one in every term.
    """

    pod: Pod
    how: How
    requirements: tuple[Requirement, ...]

    @property
    def span(self) -> Span:
        """The place to point at."""
        first = self.requirements[0]
        if self.how is How.SELECTOR:
            return Span(span(first.key).start, span(first.values[0]).end)
        return span(first.sequence) if first.sequence is not None else span(first.key)


def pins(file: File) -> tuple[Pin, ...]:
    """Everything in a file that keeps pods off arm64 nodes and says so, in order; what several pods share through an anchor once."""
    found: dict[int, Pin] = {}
    for pod in file.parse(pods):
        for pin in _pins(pod) if not pod.is_windows else ():
            found.setdefault(id(pin.requirements[0].key), pin)
    return tuple(found.values())


def _pins(pod: Pod) -> Iterator[Pin]:
    for each in selector(pod.node):
        if each.is_arch and not each.is_open and satisfied_by(each) == {"amd64"}:
            yield Pin(pod, How.SELECTOR, (each,))
    blamed: list[Requirement] = []
    for term in required_terms(pod.node):
        against = [each for each in term if each.is_arch and not each.is_open and "arm64" not in satisfied_by(each)]
        if not against:
            return
        blamed += against
    if blamed:
        excluded = all(each.operator != "In" for each in blamed)
        if excluded or any("amd64" in satisfied_by(each) for each in blamed):
            yield Pin(pod, How.EXCLUDED if excluded else How.ONLY, tuple(blamed))


@dataclass(frozen=True, slots=True)
class PinFact:
    """A pin, for the second pass, which knows what the repository builds and what overlays change.

    Attributes:
        how: what it is; `preference` for a preferred affinity.
        kind: of the object; empty for Helm values.
        name: of the object.
        title: of the pod.
        location: the place to point at.
        severity: as far as the file tells.
        because: the second half of the message's sentence.
        confidence: that the text means what it says.
        fix: how to loosen it.
        unknown: the images nothing is known of.
    """

    how: str
    kind: str
    name: str
    title: str
    location: Location
    severity: Severity
    because: str
    confidence: Confidence
    fix: Fix | None
    unknown: tuple[str, ...] = ()


def pin_facts(file: File) -> Iterator[PinFact]:
    """The pins of a file that are worth a word in the target mode, and preferences for amd64."""
    for pin in file.parse(pins):
        if pin.pod.kind == "DaemonSet" and file.settings.target is Target.MIXED and _is_variant(file, pin.pod):
            continue
        assessment = assess(file, pin.pod)
        if assessment is None:
            if pin.pod.kind != "DaemonSet":
                continue
            assessment = _of_blocking(file, pin.pod)
        if _said_beside(file, pin) and file.settings.target is Target.MIXED and not images_of(pin.pod, file.settings).all_multi_arch:
            assessment = replace(assessment, severity=Severity.INFO, because="for the reason that a comment gives")
        unknown = tuple(each.image.text for each in images_of(pin.pod, file.settings).unknown)
        yield _fact(file, pin.pod, pin.how, pin.span, assessment, loosened(file, pin, assessment), unknown)
    if file.settings.target is not Target.AUDIT:
        for pod in file.parse(pods):
            for requirement in (each for term in preferred_terms(pod.node) for each in term):
                if requirement.is_arch and requirement.sequence is not None and satisfied_by(requirement) == {"amd64"}:
                    yield _fact(file, pod, "preference", span(requirement.sequence), Assessment(Severity.INFO, "", None), None, ())


def json_patch_facts(file: File) -> Iterator[PinFact]:
    """JSON patches that select amd64 nodes."""
    roots = list(file.parse(documents).roots)
    for root in tuple(roots):
        for patch in (*find(root, "patches", "*", "patch"), *find(root, "patchesJson6902", "*", "patch")):
            roots += patches_inside(patch)
    for root in roots:
        for index, operation in enumerate(items(root)):
            path, value = text_of(get(operation, "path")) or "", get(operation, "value")
            if text_of(get(operation, "op")) not in ("add", "replace") or value is None:
                continue
            if path.endswith(_ARCH_POINTERS):
                selected = value
            elif path.endswith("/nodeSelector"):
                selected = next((each for key in ARCH_KEYS for each in (get(value, key),) if each is not None), value)
            else:
                continue
            if text_of(selected) is not None and meant(text_of(selected) or "") == "amd64":
                edit = remove_item(file, root, index)
                note = "Its target and the images of that are not known here: check that they exist for arm64."
                fix = Fix("Remove the operation", (edit,), Applicability.DISPLAY, (note,)) if edit is not None else None
                severity = {Target.ARM64: Severity.ERROR, Target.AUDIT: Severity.INFO}.get(file.settings.target, Severity.WARNING)
                place = file.location(span(selected))
                yield PinFact(
                    how=How.SELECTOR,
                    kind="",
                    name="",
                    title="What this patch changes",
                    location=place,
                    severity=severity,
                    because="whatever its images could do",
                    confidence=Confidence.HIGH,
                    fix=fix,
                )


def _fact(file: File, pod: Pod, how: str, place: Span, assessment: Assessment, fix: Fix | None, unknown: tuple[str, ...]) -> PinFact:
    return PinFact(
        how=how,
        kind=pod.kind,
        name=pod.resource.name if pod.resource is not None else "",
        title=pod.title,
        location=file.location(place),
        severity=assessment.severity,
        because=assessment.because,
        confidence=Confidence.MEDIUM if pod.origin is Origin.TEMPLATE else Confidence.HIGH,
        fix=fix,
        unknown=unknown,
    )


def _of_blocking(file: File, pod: Pod) -> Assessment:
    blocking = images_of(pod, file.settings).blocking()
    return Assessment(Severity.INFO, f"and {blocking[0].verdict.reason}, so they get no such agent", None)


@dataclass(frozen=True, slots=True)
class Assessment:
    """How bad a pin is.

    Attributes:
        severity: of the finding.
        because: the second half of the message's sentence.
        applicability: of a fix; None when nothing may be offered.
        note: what the user must know of the fix.
    """

    severity: Severity
    because: str
    applicability: Applicability | None
    note: str = ""


def assess(file: File, pod: Pod) -> Assessment | None:
    """What a pin of this pod comes to in the target mode; None when it is right as it is."""
    settings = file.settings
    images = images_of(pod, settings)
    blocking = images.blocking()
    if settings.target is Target.AUDIT:
        return Assessment(Severity.INFO, "it is tied to amd64", None)
    if settings.target is Target.ARM64:
        if blocking:
            return Assessment(Severity.ERROR, f"no node of an arm64 cluster takes it, and {blocking[0].verdict.reason}", None)
        return Assessment(Severity.ERROR, "no node of an arm64 cluster takes it", Applicability.UNSAFE, _unsafe_note(pod))
    if blocking and all(each.from_name for each in blocking):
        return Assessment(Severity.INFO, f"and {blocking[0].verdict.reason}", None)
    if blocking:
        return None
    severity = Severity.INFO if _is_variant(file, pod) else Severity.WARNING
    if images.all_multi_arch:
        return Assessment(severity, f"although every image of it exists for arm64{_dated(images)}", Applicability.UNSAFE, _unsafe_note(pod))
    renamed = next(iter(images.only("amd64")), None)
    if renamed is not None:
        plain = renamed.verdict.alternatives[0]
        note = f"Only once {renamed.image.text} is replaced by {plain}."
        return Assessment(severity, f"and would not have to with {plain} in the place of {renamed.image.text}", Applicability.DISPLAY, note)
    if images.judged:
        unknown = next(iter(images.unknown), None)
        name = unknown.image.text if unknown is not None else images.judged[0].image.text
        note = f"Whether {name} exists for arm64 is not known offline: check it, or name its platforms in `images` of the configuration."
        return Assessment(severity, f"and whether {name} exists for arm64 is not known offline", Applicability.DISPLAY, note)
    note = "Its images are not known here: check that they exist for arm64."
    return Assessment(severity, "whatever its images could do", Applicability.DISPLAY, note)


def _unsafe_note(pod: Pod) -> str:
    if pod.kind in ("Pod", "Job"):
        return f"Pods may go to arm64 nodes afterwards. A {pod.kind} that exists already must be deleted and created anew."
    return "Pods may go to arm64 nodes afterwards."


def _dated(images: Images) -> str:
    days = sorted({each.verdict.as_of for each in images.judged if each.verdict.as_of})
    return f" (as of {days[0]})" if days else ""


def _is_variant(file: File, pod: Pod) -> bool:
    """Whether the file or the object is one of several, each for one architecture: `daemonset-amd64.yaml`, `flannel-amd64`."""
    if any(token.arch is Arch.AMD64 and not token.foreign for token in tokens(file.path)):
        return True
    return _counterpart(file, pod) is not None


def _counterpart(file: File, pod: Pod) -> Pod | None:
    name = pod.resource.name if pod.resource is not None else ""
    wanted = re.sub(r"amd64|x86[_-]64", "arm64", name)
    if wanted == name:
        return None
    return next(
        (each for each in file.parse(pods) if each.resource is not None and each.resource.name == wanted and each.kind == pod.kind), None
    )


def loosened(file: File, pin: Pin, assessment: Assessment) -> Fix | None:
    """The fix of a pin: by default a selector goes, and an affinity gets arm64."""
    if assessment.applicability is None or not pin.pod.schedulable:
        return None
    if file.settings.target is Target.ARM64:
        edits, title = _moved(file, pin), "Select arm64 nodes"
    elif pin.how is How.SELECTOR:
        by_affinity = file.settings.widen_by_affinity or file.settings.require_arch
        edits = _by_affinity(file, pin) if by_affinity else _removed(file, pin)
        title = "Allow amd64 and arm64 nodes by an affinity" if by_affinity else "Remove the architecture from the node selector"
    else:
        edits, title = _widened(file, pin), "Allow arm64 nodes"
    if not edits or any(edit is None for edit in edits):
        return None
    notes = (assessment.note,) if assessment.note else ()
    fix = Fix(title, tuple(edit for edit in edits if edit is not None), assessment.applicability, notes)
    said = _said_beside(file, pin)
    if said:
        fix = fix.demoted(Applicability.DISPLAY, f"A comment says why: {said}")
    shared = any(is_anchored(node) for each in pin.requirements for node in (each.mapping, each.sequence) if node is not None)
    return fix.demoted(Applicability.UNSAFE, "Other objects use the same anchor.") if shared or pin.pod.shared else fix


def _said_beside(file: File, pin: Pin) -> str:
    """A comment above the constraint, or behind it, that says that an image or a program needs amd64; empty when there is none."""
    pair = pair_of(pin.pod.node, "nodeSelector" if pin.how is How.SELECTOR else "affinity")
    keys = [span(pin.requirements[0].key).start, *([span(pair[0]).start] if pair is not None else ())]
    comments = [_comment_above(file, file.source.line_index(start)) for start in keys]
    behind = file.source.line_span(file.source.line_index(pin.span.end))
    comments.append(_comment(file, Span(pin.span.end, max(pin.span.end, behind.end))))
    return next((each for each in comments if tokens(each) and _NEEDS.search(each)), "")


def _comment_above(file: File, line: int) -> str:
    return " ".join(_comment(file, file.source.line_span(each)) for each in range(file.source.comments_above(line), line))


def _comment(file: File, place: Span) -> str:
    text = file.source.slice(place).strip(" \t\r\n")
    return text.strip(" \t#") if text.startswith("#") else ""


def _moved(file: File, pin: Pin) -> list[Edit | None]:
    edits: list[Edit | None] = []
    for each in pin.requirements:
        if each.operator == "In":
            edits += [set_scalar(file, value, "arm64") for value in each.values[:1]]
        else:
            edits += _without_arm64(file, pin.pod, each)
    return edits


def _removed(file: File, pin: Pin) -> list[Edit | None]:
    requirement, pod = pin.requirements[0], pin.pod
    pair = pair_of(pod.node, "nodeSelector")
    if pair is None or pair[1] is not requirement.mapping:
        return []
    if is_anchored(requirement.mapping) and len(requirement.mapping.value) == 1:
        return []
    if pod.origin is Origin.VALUES and len(requirement.mapping.value) == 1:
        place = span(pair[1])
        return [file.replace(Span(span(pair[0]).end, place.end), ": {}")]
    return [with_comments(file, prune(file, (pod.node, pair[0]), (requirement.mapping, requirement.key)), _is_about_arch)]


def _is_about_arch(comment: str) -> bool:
    return bool(tokens(comment)) or re.search(r"\barch", comment.lower()) is not None


def _by_affinity(file: File, pin: Pin) -> list[Edit | None]:
    node, requirement = pin.pod.node, pin.requirements[0]
    pair = pair_of(node, "nodeSelector")
    if pair is None or pair[1] is not requirement.mapping:
        return []
    affinity = get(node, "affinity")
    if affinity is None and len(requirement.mapping.value) == 1:
        return [replace_pair(file, node, pair[0], "affinity", {"nodeAffinity": NODE_AFFINITY})]
    removal = prune(file, (node, pair[0]), (requirement.mapping, requirement.key))
    if affinity is None:
        return [removal, insert_pair(file, node, "affinity", {"nodeAffinity": NODE_AFFINITY}, before=pair[0])]
    existing = get(affinity, "nodeAffinity")
    if existing is None:
        return [removal, insert_pair(file, affinity, "nodeAffinity", NODE_AFFINITY)]
    terms = items(get(existing, REQUIRED, "nodeSelectorTerms"))
    if not terms:
        return [removal, insert_pair(file, existing, REQUIRED, TERMS)]
    expressions = [get(term, "matchExpressions") for term in terms]
    return [removal, *(append_pairs_item(file, each, BOTH) if each is not None else None for each in expressions)]


def _widened(file: File, pin: Pin) -> list[Edit | None]:
    edits: list[Edit | None] = []
    for each in pin.requirements:
        if each.operator != "In":
            edits += _without_arm64(file, pin.pod, each)
        elif each.sequence is not None:
            edits.append(append_item(file, each.sequence, "arm64"))
    return edits


def _without_arm64(file: File, pod: Pod, requirement: Requirement) -> list[Edit | None]:
    """Take arm64 out of a list of excluded architectures; a condition with nothing left goes, and what is empty then around it."""
    if requirement.operator == "NotIn" and requirement.sequence is not None and len(requirement.values) > 1:
        arm64 = [index for index, text in enumerate(requirement.texts) if meant(text) == "arm64"]
        return [remove_item(file, requirement.sequence, arm64[0])] if len(arm64) == 1 else [None]
    affinity = get(pod.node, "affinity")
    node_affinity = get(affinity, "nodeAffinity")
    for term in items(get(node_affinity, REQUIRED, "nodeSelectorTerms")):
        expressions = get(term, "matchExpressions")
        if requirement.mapping in items(expressions) and len(items(expressions)) > 1:
            return [remove_item(file, expressions, items(expressions).index(requirement.mapping))] if expressions else [None]
    chain = [(node, pair_of(node, key)) for node, key in ((pod.node, "affinity"), (affinity, "nodeAffinity"), (node_affinity, REQUIRED))]
    return [prune(file, *((node, pair[0]) for node, pair in chain if node is not None and pair is not None))]

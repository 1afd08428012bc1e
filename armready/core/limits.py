"""What is too much of one file.

Beside `max-file-size`, what is written by hand (scripts, pipelines, Dockerfiles) and what declares dependencies is read up to a number
of lines, and the former up to a number of characters that begin, nest or separate something: an order of magnitude above the largest
that are known, and low enough that no file holds up a run. Manifests are read up to a number of objects; as many real ones are larger
than `max-file-size`. All are counted before anything is parsed, so that the same file always comes to the same result. Lock files have
`max-file-size` alone: they take time and memory in proportion to their size.
"""

from __future__ import annotations

from armready.core.classify import BUILD_KINDS, KUBERNETES_KINDS, MANIFEST_KINDS, PIPELINE_KINDS, Kind
from armready.core.errors import ParseProblem

MAX_LINES = 25_000
MAX_MARKS = 100_000
MAX_OBJECTS = 10_000

_WRITTEN = (BUILD_KINDS | PIPELINE_KINDS | {Kind.DOCKERFILE}) - KUBERNETES_KINDS
_OF_LINES = _WRITTEN | MANIFEST_KINDS
_OF_OBJECTS = KUBERNETES_KINDS | {Kind.HELM_TEMPLATE}
_MARKS = "([{`$\"';|&<"


def check_limits(kind: Kind, text: str) -> None:
    """Refuse a file that is beyond what anybody writes.

    Raises:
        ParseProblem: it is.
    """
    if len(text) <= MAX_LINES:
        return
    if kind in _OF_OBJECTS and text.count("kind:") + text.count('kind":') > MAX_OBJECTS:
        raise ParseProblem(f"not read: more than {MAX_OBJECTS} objects")
    if kind not in _OF_LINES:
        return
    # The hashes of a requirement stand on lines that continue it.
    continued = text.count("\\\n") + text.count("\\\r\n") if kind is Kind.REQUIREMENTS else 0
    if text.count("\n") - continued > MAX_LINES:
        raise ParseProblem(f"not read: more than {MAX_LINES} lines")
    if kind in _WRITTEN and len(text) > MAX_MARKS and sum(map(text.count, _MARKS)) > MAX_MARKS:
        raise ParseProblem(f"not read: more than {MAX_MARKS} quotes, brackets and separators")

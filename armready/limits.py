"""What is too much of one file.

Beside `max-file-size`, what people write by hand (scripts, pipelines, Dockerfiles) is read up to a number of lines and of characters that
begin, nest or separate something: an order of magnitude above the largest that are known, and low enough that no file holds up a run.
Both are counted before anything is parsed, so that the same file always comes to the same result. What tools write (manifests, lock files)
has `max-file-size` alone.
"""

from __future__ import annotations

from armready.classify import BUILD_KINDS, KUBERNETES_KINDS, PIPELINE_KINDS, Kind
from armready.errors import ParseProblem

MAX_LINES = 25_000
MAX_MARKS = 100_000

_WRITTEN = (BUILD_KINDS | PIPELINE_KINDS | {Kind.DOCKERFILE}) - KUBERNETES_KINDS
_MARKS = "([{`$\"';|&<"


def check_limits(kind: Kind, text: str) -> None:
    """Refuse a file that is beyond what anybody writes.

    Raises:
        ParseProblem: it is.
    """
    if kind not in _WRITTEN or len(text) <= MAX_LINES:
        return
    if text.count("\n") > MAX_LINES:
        raise ParseProblem(f"not read: more than {MAX_LINES} lines")
    if len(text) > MAX_MARKS and sum(map(text.count, _MARKS)) > MAX_MARKS:
        raise ParseProblem(f"not read: more than {MAX_MARKS} quotes, brackets and separators")

"""Time and memory that an emulated build takes."""

from __future__ import annotations

from armready.core.startup import regex
from armready.verify.causes.record import Cause, Proof

_NATIVE = (
    "Build arm64 on an arm64 machine (GitHub's ubuntu-24.04-arm, GitLab's saas-linux-small-arm64), or compile "
    "on the build platform and only copy the result."
)

LIMITS = (
    Cause(
        name="time-limit",
        needles=(
            "exceeded the maximum execution time",
            "execution took longer than",
            "timeout has been exceeded",
            "too long with no output",
            "cancelling nested steps due to timeout",
            "build timed out",
            "context deadline exceeded",
            "has exceeded the maximum",
        ),
        pattern=regex(
            r"(?i)exceeded the maximum execution time(?: of (?P<subject>[\w ]{1,30}))?|execution took longer than "
            r"(?P<limit>[\w.]{1,20})|timeout has been exceeded|too long with no output"
            r"|cancelling nested steps due to timeout|build timed out"
        ),
        why="The build took longer than the CI system allows; under emulation compiling takes five to twenty times as long.",
        advice=_NATIVE,
        rules=("DF170",),
        proof=Proof.ARM64,
    ),
    Cause(
        name="out-of-memory",
        needles=("exit code: 137", "non-zero code: 137", "signal: killed", "exit status 137", "cannot allocate memory", "killed"),
        pattern=regex(r"exit (?:code: |status )137\b|non-zero code: 137\b|signal: killed|[Cc]annot allocate memory|^Killed$"),
        why="A step was killed: there was not enough memory, of which an emulated compiler takes more.",
        advice=_NATIVE,
        rules=("DF170",),
        proof=Proof.ARM64,
    ),
)

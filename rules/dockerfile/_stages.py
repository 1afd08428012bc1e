"""What the rules about stages and variables share."""

from __future__ import annotations

import re

# A file for one architecture, beside which one for the other may stand: `Dockerfile.amd64`, `docker/arm64/Dockerfile`.
_PATH_ARCH = re.compile(
    r"(?<![a-z0-9])(?:(amd64|x86_64|x86-64|x64)|(arm64(?:v8)?|aarch64)|(i?386|arm(?:hf|32v[5-7]|v[5-7])?|ppc64le|s390x|riscv64))(?![a-z0-9])"
)


def path_arch(path: str) -> str:
    """The architecture that a file's path says it is for; empty for a file of all."""
    match = _PATH_ARCH.search(path.lower())
    if match is None:
        return ""
    return "amd64" if match[1] else "arm64" if match[2] else match[3]

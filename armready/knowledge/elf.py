"""What the header of an ELF file, a program or library of Linux, says of its processor."""

from __future__ import annotations

from armready.knowledge.arch import Arch

HEADER = 20
"""How many bytes of a file are enough."""

_MAGIC = b"\x7fELF"
_MACHINES = {62: Arch.AMD64, 183: Arch.ARM64, 3: Arch.X86, 40: Arch.ARM}


def arch_of(header: bytes) -> Arch | None:
    """The architecture of a file that begins with `header`; None when it is no ELF file, or is for another processor."""
    if len(header) < HEADER or not header.startswith(_MAGIC):
        return None
    return _MACHINES.get(int.from_bytes(header[18:20], "little"))

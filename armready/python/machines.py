"""The machines that Python code is evaluated for, and what the standard library says of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Unknown:
    """The type of `UNKNOWN`: what cannot be told from the text."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class Machine(NamedTuple):
    """A computer as Python describes it.

    Attributes:
        machine: `platform.machine()`.
        processor: `platform.processor()`.
        bits: of the interpreter.
        multiarch: Debian's triplet.
    """

    machine: str
    processor: str
    bits: int = 64
    multiarch: str = ""


X86_64 = Machine("x86_64", "x86_64", 64, "x86_64-linux-gnu")
AARCH64 = Machine("aarch64", "", 64, "aarch64-linux-gnu")
AARCH64_NAMED = AARCH64._replace(processor="aarch64")
I686 = Machine("i686", "i686", 32, "i386-linux-gnu")
ARMV7 = Machine("armv7l", "", 32, "arm-linux-gnueabihf")
PPC64LE = Machine("ppc64le", "ppc64le", 64, "powerpc64le-linux-gnu")
S390X = Machine("s390x", "s390x", 64, "s390x-linux-gnu")
# A Linux that spells its processor as macOS does. There is none: code that treats it otherwise than aarch64 confuses the two names.
ARM64_SPELT = Machine("arm64", "arm", 64, "aarch64-linux-gnu")
LINUX = (X86_64, AARCH64, I686, ARMV7, PPC64LE, S390X)


class Uname:
    """The result of `platform.uname()` and `os.uname()`."""

    def __init__(self, on: Machine) -> None:
        self.fields = {"system": "Linux", "sysname": "Linux", "machine": on.machine, "processor": on.processor}
        self.order: tuple[Any, ...] = ("Linux", UNKNOWN, UNKNOWN, UNKNOWN, on.machine, on.processor)


class Done(NamedTuple):
    """A program that ran: what `subprocess.run` and `Popen` give.

    Attributes:
        stdout: what it printed.
    """

    stdout: str


_CPUINFO = {"x86_64": "X86_64", "i686": "X86_32", "armv7l": "ARM_7", "ppc64le": "PPC_64", "s390x": "S390X"}

# Functions without arguments -> their value.
CALLS: dict[str, Callable[[Machine], Any]] = {
    "platform.machine": lambda on: on.machine,
    "platform.processor": lambda on: on.processor,
    "platform.system": lambda _: "Linux",
    "platform.architecture": lambda on: (f"{on.bits}bit", "ELF"),
    "platform.platform": lambda on: f"Linux-6.8.0-{on.machine}-with-glibc2.36",
    "platform.python_implementation": lambda _: "CPython",
    "platform.uname": lambda on: Uname(on),
    "os.uname": lambda on: Uname(on),
    "sysconfig.get_platform": lambda on: f"linux-{on.machine}",
    "distutils.util.get_platform": lambda on: f"linux-{on.machine}",
    "cpuinfo.get_cpu_info": lambda on: {"arch": _CPUINFO.get(on.machine, "ARM_8"), "arch_string_raw": on.machine, "bits": on.bits},
}
ATTRIBUTES: dict[str, Callable[[Machine], Any]] = {
    "sys.platform": lambda _: "linux",
    "os.name": lambda _: "posix",
    "sys.maxsize": lambda on: 2 ** (on.bits - 1) - 1,
    "sys.implementation._multiarch": lambda on: on.multiarch,
}
CONFIG = {"MULTIARCH": "multiarch", "HOST_GNU_TYPE": "multiarch", "BUILD_GNU_TYPE": "multiarch"}
COMMANDS = {"uname -m": "machine", "uname -p": "processor", "arch": "machine", "uname -i": "processor"}
RUNNERS = ("subprocess.check_output", "subprocess.getoutput", "os.popen", "subprocess.run", "subprocess.Popen")
# Of these, the ones that give an object with what was printed.
PROCESSES = ("subprocess.run", "subprocess.Popen")
DEBIAN = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i686": "i386",
    "armv7l": "armhf",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
    "arm64": "arm64",
}

SOURCES = frozenset(
    {*CALLS, "sys.maxsize", "sys.implementation._multiarch", "sysconfig.get_config_var", "struct.calcsize", "ctypes.sizeof", *RUNNERS}
) - {
    "platform.system",
    "platform.python_implementation",
}
BITNESS = frozenset({"sys.maxsize", "struct.calcsize", "ctypes.sizeof", "platform.architecture"})

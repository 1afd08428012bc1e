"""Programs and libraries for another processor than the one that runs them."""

from __future__ import annotations

from armready.core.startup import regex
from armready.verify.causes.record import About, Cause, Proof

_WHERE_FROM = "Find the line that brings it (a download, a COPY, a package) and let it follow TARGETARCH."
_BRINGS = ("DF140", "DF161", "DF150", "DF101", "DF110", "DF130", "DF131", "DF142")

PROGRAMS = (
    Cause(
        name="no-emulator",
        needles=("exec format error", "invalid elf image for this architecture"),
        pattern=regex(
            r"(?i)(?:exec|fork/exec|exec container process|qemu_emulator:|exec user process caused:?) ?[\"`]?"
            r"(?:/usr)?/bin/(?:ba|da|a)?sh[\"`]?: "
            r"(?:exec format error|invalid ELF image for this architecture)"
        ),
        why="The machine that builds cannot run programs of {platform}: not even the shell of the image starts.",
        advice="Register the emulator in front of the build (docker/setup-qemu-action, `docker run --privileged --rm "
        "tonistiigi/binfmt --install arm64`), "
        "or build on an arm64 machine. If it has one, the base image is for another architecture.",
        rules=("CI103", "DF101", "DF110", "DF111", "DF112", "DF113"),
    ),
    Cause(
        name="no-emulator",
        needles=("exec user process caused", "container_linux.go"),
        pattern=regex(r"exec user process caused:? \"?exec format error"),
        why="The machine cannot run the first program of the image, which is for another architecture than the machine.",
        advice="Register the emulator in front of the build, or build on an arm64 machine; if it is registered, the image "
        "is for another architecture.",
        rules=("CI103", "DF101", "DF110", "DF111", "DF112", "DF113"),
    ),
    Cause(
        name="foreign-program",
        needles=("exec format error",),
        pattern=regex(
            r"(?i)(?:(?:exec|fork/exec|\d{1,5}:|line \d{1,5}:) )?(?P<subject>[\w./+@~-]{1,200})\"?: (?:cannot execute "
            r"binary file: )?exec format error"
        ),
        why="{subject} is a program for another processor than {platform}.",
        advice=_WHERE_FROM,
        rules=_BRINGS,
        thing="A program",
    ),
    Cause(
        name="foreign-program",
        needles=("exec format error", "system error -8", "enoexec"),
        pattern=regex(r"(?i)exec format error(?:.{0,40}: '?(?P<subject>[\w./+@~-]{1,200}))?|spawn Unknown system error -8|\bENOEXEC\b"),
        why="{subject} is for another processor than {platform}.",
        advice=_WHERE_FROM,
        rules=_BRINGS,
        thing="A program",
    ),
    Cause(
        name="foreign-program",
        needles=("cannot execute binary file", "cannot execute: required file not found"),
        pattern=regex(r"(?P<subject>[\w./+@~-]{1,200}): cannot execute(?: binary file|: required file not found)"),
        why="{subject} is a program for another processor than {platform}.",
        advice=_WHERE_FROM,
        rules=_BRINGS,
        thing="A program",
    ),
    Cause(
        name="foreign-program",
        needles=("syntax error: unexpected", "elf: not found"),
        pattern=regex(
            r"(?P<subject>/[\w./+@~-]{1,200}): (?:line )?\d{1,5}: (?:syntax error: unexpected (?:\"\(\"|\"\)\"|word"
            r"|redirection|end of file)|.?ELF.{0,12}: not found)"
        ),
        why="{subject} is a program for another processor than {platform}, which the shell then read as a script.",
        advice=_WHERE_FROM,
        rules=_BRINGS,
        proof=Proof.ARM64,
    ),
    Cause(
        name="rosetta",
        needles=("rosetta error",),
        pattern=regex(r"rosetta error: (?:failed to open elf at (?P<subject>[\w./+-]{1,200})|(?P<what>[^\n]{1,120}))"),
        why="An x86-64 program was started in an image for arm64 on a Mac: Rosetta finds no {subject} there.",
        advice=_WHERE_FROM,
        rules=_BRINGS,
        thing="loader of x86-64",
    ),
    Cause(
        name="foreign-program",
        needles=("could not open '/lib",),
        pattern=regex(r"(?P<emulator>qemu-[a-z0-9_]{2,12}|x86_64-binfmt-P)(?:-static)?: Could not open '(?P<subject>/lib[\w./-]{1,100})'"),
        why="{emulator} was asked to run a program in an image of another architecture, which has no {subject}.",
        advice=_WHERE_FROM,
        rules=_BRINGS,
    ),
    Cause(
        name="foreign-library",
        needles=("invalid elf header", "wrong elf class", "file in wrong format", "cannot open shared object file: no such file"),
        pattern=regex(
            r"(?P<subject>[\w./+@~-]{0,150}(?:x86_64|amd64|x64)[\w./+@~-]{0,100}): (?:cannot open shared object file"
            r"|invalid ELF header|wrong ELF class|file in wrong format)"
        ),
        why="{subject} is a library for x86-64.",
        advice="Take the library of the architecture that is built: `$(uname -m)-linux-gnu` in paths, TARGETARCH in downloads.",
        rules=("DF160", "DF161", "DF140", "PY111"),
    ),
    Cause(
        name="foreign-library",
        needles=(
            "invalid elf header",
            "file in wrong format",
            "is incompatible with aarch64",
            "skipping incompatible",
            "incompatible with elf64",
        ),
        pattern=regex(
            r"(?P<subject>[\w./+@~-]{1,200}): (?:invalid ELF header|file in wrong format|error adding symbols: file in wrong format"
            r"|.{0,60}is incompatible with (?:aarch64|elf64)[\w-]{0,20})"
        ),
        why="{subject} was made for another processor.",
        advice="Build or fetch it for the architecture that is built; leave what was compiled elsewhere (node_modules, "
        "build folders) out of the context.",
        rules=("DF161", "DF160", "DF140"),
        thing="A library",
    ),
    Cause(
        name="foreign-library",
        needles=("unsatisfiedlinkerror", "on a aarch64", "can't load amd 64"),
        pattern=regex(
            r"(?P<subject>/[\w./+@~-]{1,200}): .{0,200}(?:can't load (?:AMD|IA) ?\d\d.{0,20} on an? AARCH64|cannot open "
            r"shared object.{0,60}x86)"
        ),
        why="Java loads {subject}, a library for x86-64.",
        advice="Take a version of the dependency that brings its library for linux-aarch64.",
        rules=("DF161",),
    ),
    Cause(
        name="illegal-instruction",
        needles=("illegal instruction", "sigill", "exit code: 132", "non-zero code: 132", "exit status 132"),
        pattern=regex(r"(?i)illegal instruction|\bSIGILL\b|exit (?:code: |status )132\b|non-zero code: 132\b"),
        why="A program uses instructions that the processor, or the emulator, of {platform} has not.",
        advice="Look for a build with a lower baseline (no AVX, armv8.0 without LSE), or build on an arm64 machine "
        "instead of under emulation.",
        rules=("DF115", "DF135"),
        proof=Proof.ARM64,
    ),
    Cause(
        name="page-size",
        needles=("unsupported system page size",),
        pattern=regex(r"Unsupported system page size"),
        why="jemalloc was compiled for pages of 4 kB, and the kernel of this arm64 machine has larger ones.",
        advice="Compile jemalloc with `--with-lg-page=16`, or run on a kernel with pages of 4 kB.",
        proof=Proof.NATURE,
    ),
    Cause(
        name="emulator-crash",
        needles=("qemu: uncaught target signal",),
        pattern=regex(r"qemu: uncaught target signal (?P<signal>\d{1,2}) \((?P<subject>[\w /-]{1,40})\)"),
        why="The emulator, or the program in it, crashed ({subject}): this is of QEMU, not of the program.",
        advice="Take a newer emulator (`tonistiigi/binfmt:latest`), compile on the build platform (`FROM "
        "--platform=$BUILDPLATFORM`), or build arm64 on an arm64 machine.",
        rules=("DF170", "CI111"),
    ),
    Cause(
        name="emulator-crash",
        needles=("lfstack.push", "unsupported syscall", "qemu internal sig"),
        pattern=regex(r"(?i)lfstack\.push|unsupported syscall: \d{1,5}|qemu internal SIG[A-Z]{2,6}"),
        why="The program does what the emulator does not support.",
        advice="Take a newer emulator, compile on the build platform (`FROM --platform=$BUILDPLATFORM`), or build arm64 "
        "on an arm64 machine.",
        rules=("DF170", "CI111"),
    ),
    Cause(
        name="foreign-copy",
        needles=("not found", "no such file", "failed to calculate checksum", "failed to compute cache key"),
        pattern=regex(
            r"(?:failed to (?:compute cache key|calculate checksum).{0,300}?\"|COPY failed: (?:stat |file not "
            r"found.{0,80}stat |no source files.{0,10}))"
            r"(?P<subject>[\w./+@~*-]{0,150}(?:amd64|arm64|aarch64|x86_64|x64)[\w./+@~*-]{0,100})"
        ),
        why="{subject} is copied into the image and is not there for the architecture that is built.",
        advice="Compile it for both architectures in front of the build, or in a stage of the Dockerfile; paths of the "
        "system differ: `/usr/lib/$(uname -m)-linux-gnu`.",
        rules=("DF161", "DF160"),
        about=About.NOTHING,
    ),
)

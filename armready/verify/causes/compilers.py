"""Compilers: none where arm64 needs one, or told to compile for x86."""

from __future__ import annotations

from armready.core.startup import regex
from armready.verify.causes.record import Cause, Proof

_NEEDS = "arm64 gets the source where amd64 gets a wheel or a prebuilt program."
_COMPILER = "Take a release with a file for arm64, or install what it takes to compile it in a build stage"

COMPILERS = (
    Cause(
        name="x86-header",
        needles=("mmintrin.h", "immintrin.h", "cpuid.h", "x86intrin.h", "nmmintrin.h"),
        pattern=regex(r"fatal error: '?(?P<subject>(?:[a-z]{0,2}mm|x86)intrin\.h|cpuid\.h)'?"),
        why="The code uses {subject}, the vector instructions of x86.",
        advice="Take a release that has a path for arm64 (NEON, sse2neon, SIMDe), or turn the option off there.",
        rules=("DF135",),
    ),
    Cause(
        name="x86-compiler-flag",
        needles=(
            "unrecognized command",
            "unsupported option",
            "unknown value",
            "unknown argument",
            "unknown target cpu",
            "not supported for target",
            "unrecognized argument",
        ),
        pattern=regex(
            r"(?:unrecognized command[- ]line option|unsupported option|unknown argument:?|unrecognized argument in "
            r"option) ['‘\"`]?(?P<subject>-m(?:sse|avx|fma|arch|tune|64|32|bmi|aes|pclmul|popcnt|cpu"
            r"|fpmath)[\w.=+-]{0,40})"
            r"|unknown (?:target CPU|value) ['‘\"`](?P<cpu>x86-64[\w-]{0,6}|haswell|skylake[\w-]{0,10}|nehalem|native|broadwell|znver\d)"
        ),
        why="The compiler is given {subject}, which only x86 has.",
        advice="Set the option by architecture, or leave it out.",
        rules=("DF135",),
    ),
    Cause(
        name="x86-assembly",
        needles=(
            "unknown mnemonic",
            "unrecognized instruction mnemonic",
            "impossible constraint in",
            "unknown register name",
            "invalid instruction mnemonic",
            "operand 1 must be an integer register",
        ),
        pattern=regex(
            r"(?:unknown mnemonic|(?:unrecognized|invalid) instruction mnemonic,?) [`'‘\"]?(?P<subject>[\w.]{0,20})"
            r"|impossible constraint in ['‘]asm|unknown register name ['‘\"]?(?P<register>[er]?[a-ds][xip]|%\w{1,4})"
            r"|operand 1 must be an integer register"
        ),
        why="The code holds assembly for x86.",
        advice="Take a release with code for arm64, or the option that leaves assembly out.",
        proof=Proof.ARM64,
    ),
    Cause(
        name="cross-compiler-missing",
        needles=("linux-gnu-gcc", "linux-musl-gcc", "linux-gnu-g++", "linux-gnu-cc"),
        pattern=regex(
            r"(?P<subject>(?:aarch64|x86_64)-linux-(?:gnu|musl)-(?:gcc|g\+\+|cc|ld))[\"'`]{0,2}[^\n]{0,60}(?:not found"
            r"|executable file not found|No such file)"
            r"|linker `(?P<linker>[\w-]{1,40})` not found"
        ),
        why="{subject}, the compiler for the other architecture, is not installed.",
        advice="Install the cross compiler in the build stage (gcc-aarch64-linux-gnu, tonistiigi/xx), or compile on arm64.",
        rules=("DF132", "DF130"),
    ),
    Cause(
        name="rust-target-missing",
        needles=("target may not be installed", "does not support target", "can't find crate for `std`"),
        pattern=regex(
            r"the `(?P<subject>[\w-]{1,60})` target may not be installed|toolchain '[^'\n]{1,80}' does not support "
            r"target '(?P<target>[\w-]{1,60})'|can't find crate for `std`"
        ),
        why="Rust has not the standard library of {subject}.",
        advice="`rustup target add` the target of each architecture in front of the build.",
        rules=("DF133",),
        thing="the target",
    ),
    Cause(
        name="compiler-missing",
        needles=(
            "command 'gcc' failed",
            "unable to execute 'gcc'",
            "command 'cc' failed",
            "command 'g++' failed",
            "gcc: not found",
            "make: not found",
            "not found: make",
            "no acceptable c compiler",
            "cc: not found",
            "compiler cannot create",
            "cmake must be installed",
            "cmake-js: not found",
            "no cmake_c_compiler",
            "unknown compiler(s)",
            "linker `cc` not found",
        ),
        pattern=regex(
            r"(?:command|execute) '(?P<subject>(?:aarch64-linux-gnu-)?(?:gcc|cc|g\+\+|c\+\+))'(?: failed: No such file| "
            r"failed: None|: No such file)|(?:^|[\s:])(?P<program>gcc|cc|g\+\+|make|cmake-js): not found|not found: "
            r"(?P<tool>make)|no acceptable C compiler"
            r"|CMake must be installed|Unknown compiler\(s\)|linker `(?P<linker>cc)` not found|No CMAKE_C(?:XX)?_COMPILER could be found"
        ),
        why="Something is compiled, and the image has no {subject}: " + _NEEDS,
        advice=_COMPILER + " (build-essential, build-base).",
        rules=("PY102", "PY141"),
        proof=Proof.ARM64,
        thing="compiler",
    ),
    Cause(
        name="compiler-missing",
        needles=("can't find rust compiler", "rust compiler", "cargo, the rust package manager, is not installed", "requires rust"),
        pattern=regex(
            r"(?i)can't find Rust compiler|Cargo, the Rust package manager, is not installed|requires Rust (?:and Cargo )?to compile"
        ),
        why="A package is compiled by Rust, which the image has not: " + _NEEDS,
        advice=_COMPILER + " (rustup, or the packages rustc and cargo).",
        rules=("PY102", "PY141"),
        proof=Proof.ARM64,
    ),
    Cause(
        name="header-missing",
        needles=("fatal error:", "pg_config executable not found", "xmlsec1 headers", "gyp err! find python", "mysql_config"),
        pattern=regex(
            r"fatal error: '?(?P<subject>[\w./+-]{1,80}\.h(?:pp)?)'?(?:: No such file| file not found)"
            r"|(?P<tool>pg_config) executable not found|gyp ERR! find (?P<python>Python)|(?P<config>mysql_config)[:\"'] "
            r"?not found"
        ),
        why="Something is compiled, and {subject} is missing: " + _NEEDS,
        advice=_COMPILER + " with its headers (python3-dev, libpq-dev, libffi-dev).",
        rules=("PY102", "PY141"),
        proof=Proof.ARM64,
        thing="a header",
    ),
    Cause(
        name="source-build-failed",
        needles=(
            "failed building wheel for",
            "could not build wheels for",
            "failed to build",
            "gyp err! build error",
            "failed to build gem native extension",
        ),
        pattern=regex(
            r"(?:Failed building wheel for|Could not build wheels for) (?P<subject>[\w.-]{1,80})|Failed to build "
            r"`?(?P<package>[\w.-]{1,80}(?:==[\w.]{1,20})?)`?|gyp ERR! build error|Failed to build gem (?P<gem>native) "
            r"extension"
        ),
        why="{subject} is compiled here, and that fails: " + _NEEDS,
        advice="Take a release with a file for arm64, or see above in the log what the compiler misses.",
        rules=("PY102", "PY141", "PY101"),
        proof=Proof.ARM64,
        thing="A package",
        consequence=True,
    ),
    Cause(
        name="unsupported-architecture",
        needles=("aarch64", "arm64"),
        pattern=regex(
            r"(?i)(?:unsupported|unknown|unrecognized|unhandled|invalid|not supported)\s?(?:host |cpu |machine |system "
            r"|target )?(?:architecture|arch|platform|cpu|processor|os/arch)?[^\n]{0,30}?\b(?:aarch64|arm64)\b"
            r"|\b(?:aarch64|arm64)\b[^\n]{0,40}(?:is not supported|not supported|unsupported|is not available)"
        ),
        why="The installer or the script knows no arm64.",
        advice="Add the branch for aarch64 and arm64, or take a release that has one.",
        rules=("DF163", "DF142"),
    ),
)

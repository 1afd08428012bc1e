"""A compiler gets options that only x86 has.

## What it finds

`-m64`, `-msse4.2`, `-mavx2`, `-march=x86-64`, `-mtune=haswell` and their like, `-march=native`,
`--host=x86_64-linux-gnu`, `-DCMAKE_SYSTEM_PROCESSOR=x86_64`, `CC=x86_64-linux-gnu-gcc`, in variables of flags and in
the commands of compilers and build systems. Left alone are branches of a test on the architecture and instructions
that name arm64 too.

## Why it stops arm64

GCC and Clang for arm64 refuse these options: the build fails. `-march=native` builds, for the processor of the build
machine only.

## What to do

Leave them out, or give them under a test: `[ "$TARGETARCH" = amd64 ] && export CFLAGS=-mavx2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.dockerfiles.words import Hit, hits
from armready.languages.dockerfile.parser import parse_dockerfile

_PROCESSOR = (
    r"(?:x86-64|haswell|broadwell|skylake|icelake|ivybridge|sandybridge|nehalem|westmere|znver|zen|core2|corei7|core-avx|nocona|silvermont"
    r"|knl|k8|i686|pentium|bdver|btver|cascadelake|sapphirerapids)[\w.-]*"
)
_PATTERN = re.compile(
    rf"(?<![\w-])(?P<flag>-m(?:64|32|x32|sse[\w.]*|ssse3|avx[\w.]*|fma4?|f16c|bmi2?|pclmul|aes|popcnt|mmx|rdrnd|lzcnt|movbe|adx|sha)(?![\w-])"
    rf"|-m(?:arch|tune)=(?:{_PROCESSOR}|(?P<native>native))|-D__x86_64__"
    r"|--(?:host|build|target)=x86_64-\w*-?linux[\w-]*|-DCMAKE_SYSTEM_PROCESSOR(?::\w+)?=x86_64"
    r"|(?:CC|CXX|LD|AR)=[^\s=]{0,200}x86_64-linux-gnu-\S*|crossbuild-essential-amd64)"
)
_TOOLS = re.compile(
    r"(?:(?=[\w.-]*?(?:gcc|g\+\+|clang|cc|c\+\+))[\w.+-]*|make|gmake|cmake|configure|Configure|config|meson|ninja|ccmake|scons|bazel|bazelisk|cargo|go|pip3?|python3?"
    r"|apt-get|apt|env|export|sh|bash|autogen\.sh|bootstrap(?:\.sh)?|build(?:\.sh)?|nvcc|conan|)"
)
_VARIABLES = re.compile(r"(?i)\w*(?:flags|_opts|optflags|_args)|CC|CXX|LD|AR")


class X86CompilerFlags(FileRule):
    code = "DF135"
    name = "x86-compiler-flags"
    summary = "A compiler gets options that only x86 has"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"-m", b"x86_64", b"crossbuild-essential-amd64")
    examples = (
        Example(
            "flags in ENV and in front of a command",
            path="Dockerfile",
            bad='FROM gcc:13\nENV «CFLAGS="-O2 -mavx2"»\nRUN «CXXFLAGS="-march=haswell -O2"» make\nRUN g++ -O2 «-m64» a.cc\n',
            severity=Severity.ERROR,
        ),
        Example(
            "configure and CMake",
            path="Dockerfile",
            bad="FROM gcc\nRUN ./configure «--host=x86_64-linux-gnu» && cmake «-DCMAKE_CXX_FLAGS=-msse4.2» .\n",
        ),
        Example("the build machine", path="Dockerfile", bad="FROM gcc:13\nRUN gcc «-march=native» a.c\n", severity=Severity.WARNING),
        Example(
            "other options",
            path="Dockerfile",
            good="FROM gcc:13\nRUN gcc -march=armv8-a a.c && grep -m1 x y && python -m pip install x\n",
            breaks=("armv8-a", "native"),
        ),
        Example(
            "under a test",
            path="Dockerfile",
            good='FROM gcc\nARG TARGETARCH\nRUN if [ "$TARGETARCH" = amd64 ]; then export CFLAGS=-mavx2; fi; make\n',
            breaks=("$TARGETARCH", "amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for hit in hits(file, _PATTERN):
            if not _is_of_compiler(hit):
                continue
            if hit.match["native"]:
                message = "-march=native compiles for the processor of the build machine: other machines may not run the program."
                yield self.finding(file.location(hit.span), message, severity=Severity.WARNING, confidence=limit)
            else:
                message = f"{hit.match['flag'][:60]} is for x86 only: compilers for arm64 refuse it."
                yield self.finding(file.location(hit.span), message, confidence=limit)


def _is_of_compiler(hit: Hit) -> bool:
    name, equals, _ = hit.match.string.partition("=")
    if hit.command is None or (equals and name.isidentifier()):
        return _VARIABLES.fullmatch(name) is not None
    return _TOOLS.fullmatch(hit.command.name) is not None

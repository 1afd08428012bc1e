"""Wheels are built in manylinux images of x86 alone.

## What it finds

Names of manylinux and musllinux images or platforms for x86_64 and i686 in scripts, Makefiles and files of CI that know no aarch64 counterpart of
the same family, actions that build in such an image (their git ref says so, or their name and nothing names arm64), and loops over x86 architectures that fill such a name. File names of wheels and the `--platform` option of installers are
another thing and left alone.

## Why it stops arm64

The image of one architecture builds wheels for that one, and a list of expected platforms without aarch64 publishes none. Who
installs the package on arm64 has to compile it.

## What to do

Build in `manylinux2014_aarch64` (or `manylinux_2_28_aarch64`, `musllinux_1_2_aarch64`) too, on an arm64 runner or under QEMU.
`manylinux1` and `manylinux2010` do not exist for aarch64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import PIPELINE_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span

_IMAGE = re.compile(
    r"(?<![\w.])(?<!\w-)(?P<image>(?:\w[\w.-]{0,100}(?::\d{1,5})?/){0,6}(?P<family>manylinux|musllinux)(?:1|2010|2014|_\d+_\d+)_(?P<arch>x86_64|i686)(?:[:@][\w.:-]+)?)(?![\w-]|\.whl)"
)
# Others tag their images with the architecture: `ghcr.io/pyca/cryptography-manylinux2014:x86_64`.
_TAGGED = re.compile(
    r"(?<![\w./-])(?P<image>(?:\w[\w.-]{0,100}(?::\d{1,5})?/){1,6}(?:\w[\w.-]{0,60}-)?(?P<family>manylinux|musllinux)(?:1|2010|2014|_\d+_\d+):(?:x86_64|i686))(?![\w.-])"
)
# dockcross names it in the image: `dockcross/manylinux2014-x64`.
_DOCKCROSS = re.compile(
    r"(?<![\w./-])(?P<image>(?:\w[\w.-]{0,100}/){0,3}dockcross/(?P<family>manylinux|musllinux)(?:1|2010|2014|_\d+_\d+)-x(?:64|86)(?::[\w.-]+)?)(?![\w-])"
)
# Actions name it in their git ref, if at all: `acme/manylinux-build@v1-manylinux2014_x86_64`.
_ACTION = re.compile(
    r"\buses:[ \t]{1,8}[\"']?(?P<image>[\w.-]{1,100}/[\w.-]{0,100}?(?P<family>manylinux|musllinux)[\w./-]{0,100}@[\w.-]{1,100})(?![\w-])"
)
_ACTION_REF = re.compile(
    r"\buses:[ \t]{1,8}[\"']?(?P<image>[\w.-]{1,100}(?:/[\w.-]{1,100}){1,3}@[\w.-]{0,60}?"
    r"(?P<family>manylinux|musllinux)(?:1|2010|2014|_\d+_\d+)_(?:x86_64|i686))(?![\w-])"
)
_ARM = re.compile(r"(?P<family>manylinux|musllinux)\w{0,60}[_:-](?:aarch64|arm64)")
_ANY_ARM = re.compile(r"aarch64|arm64|-arm\b")
_PULL = re.compile(r"\b(?:docker|podman)[\"']?\s+(?:\$\S{1,40}\s+|image\s+)?[\"']?pull\b")
_VARIABLE = re.compile(r"(?:manylinux|musllinux)(?:1|2010|2014|_\d+_\d+)_\$\{?(?P<name>\w+)\}?")
_LOOP = r"(?m)^[^#\n]*?\bfor\s+{}\s+in\s+(?P<list>(?:x86_64|i686|[ \t\"'])+);?\s*(?:do\b.*)?$"
_OPTION = re.compile(r"--plat(?:form)?[\"']?(?:[ =]|, ?)[\"']?$|[-_]$")
# The default of a variable that others may set: `${IMAGE:-...}`, or an assignment below a test whether it is empty.
_DEFAULT = re.compile(r"\$\{\w+:?[-=][\"']?$|(?<!\w)(?P<name>\w+)=[\"']?$")
_USES = "on: push\njobs:\n  w:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: {}\n"
_EFFECT = ", so arm64 has to compile the package."
_COMMENT = re.compile(r"^\s*(?:#|//)")


class WheelImageX86(FileRule):
    code = "PY168"
    name = "wheel-image-x86"
    summary = "Wheels are built in manylinux images of x86 alone"
    severity = Severity.WARNING
    kinds = frozenset({Kind.SHELL, Kind.MAKEFILE, Kind.JUSTFILE, Kind.PACKAGE_JSON}) | PIPELINE_KINDS
    needles = (b"manylinux", b"musllinux")
    examples = (
        Example("docker run", path="build.sh", bad="docker run --rm -v $PWD:/io «quay.io/pypa/manylinux2014_x86_64» /io/build.sh\n"),
        Example(
            "tagged with the architecture, pulled and run",
            path="build.sh",
            bad="I=«ghcr.io/acme/wheels-manylinux2014:x86_64»\ndocker pull $I\ndocker run --rm $I /io/build.sh\n",
        ),
        Example(
            "pulled before it runs",
            path="build.sh",
            bad="docker pull quay.io/pypa/manylinux2014_x86_64\ndocker run «quay.io/pypa/manylinux2014_x86_64» /io/build.sh\n",
        ),
        Example("dockcross", path="build.sh", bad="docker run --rm «dockcross/manylinux2014-x64» > dockcross\n"),
        Example(
            "dockcross for both",
            path="build.sh",
            good="docker run dockcross/manylinux2014-x64; docker run dockcross/manylinux2014-aarch64\n",
            breaks=("-aarch64", "-x86"),
        ),
        Example(
            "the git ref of an action",
            path=".github/workflows/wheels.yml",
            bad=_USES.format("«acme/python-wheels@v0.7.1-manylinux2014_x86_64»"),
        ),
        Example("an action", path=".github/workflows/wheels.yml", bad=_USES.format("«acme/manylinux-build@v0.3.4»")),
        Example(
            "an action that is told the architecture",
            path=".github/workflows/wheels.yml",
            good=_USES.format("acme/manylinux-build@v0.3.4\n        with: {arch: aarch64}"),
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "the git refs of both",
            path=".github/workflows/wheels.yml",
            good=_USES.format("acme/wheels@v1-manylinux2014_x86_64\n      - uses: acme/wheels@v1-manylinux2014_aarch64"),
            breaks=("_aarch64", "_i686"),
        ),
        Example(
            "a loop over architectures",
            path="build.sh",
            bad='«for arch in x86_64 i686; do»\n  docker run "quay.io/pypa/manylinux1_${arch}" /io/build.sh\ndone\n',
        ),
        Example(
            "one family without a counterpart",
            path=".github/workflows/wheels.yml",
            bad=(
                "on: push\njobs:\n  w:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        image:\n"
                "          - manylinux2014_x86_64\n          - manylinux2014_aarch64\n          - «musllinux_1_1_x86_64»\n"
                "    steps:\n      - run: ./make-wheels ${{ matrix.image }}\n"
            ),
        ),
        Example(
            "a default that others may change",
            path="build.sh",
            good=(
                'if [ -z "${IMAGE}" ]; then\n  IMAGE=quay.io/pypa/manylinux2014_x86_64\nfi\ndocker run "$IMAGE"\n'
                'docker run "${OTHER:-quay.io/pypa/manylinux_2_28_x86_64}"\n'
            ),
            breaks=("${OTHER:-quay.io/pypa/manylinux_2_28_x86_64}", "quay.io/pypa/manylinux_2_28_x86_64"),
        ),
        Example(
            "both",
            path="build.sh",
            good="for image in manylinux2014_x86_64 manylinux2014_aarch64; do docker run $image; done\n",
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "architectures of both",
            path="build.sh",
            good="for arch in x86_64 aarch64; do docker run manylinux2014_$arch; done\n",
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "a wheel's file and an installer's option",
            path="get.sh",
            good=(
                "pip download --platform manylinux2014_x86_64 x\n# manylinux2014_x86_64\n"
                "curl -O https://example.org/a-1.0-cp39-cp39-manylinux2014_x86_64.whl\n"
            ),
            breaks=("pip download --platform", "docker run"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        covered = {match["family"] for match in _ARM.finditer(file.text)}
        for family, matches in _images(file).items():
            if family in covered:
                continue
            match = next((each for each in matches if not _PULL.search(re.split(r"&&|[;|]", _before(file, each))[-1])), matches[0])
            how = "by" if match.re in (_ACTION, _ACTION_REF) else "in"
            message = f"Wheels are built {how} `{match['image']}` and in no {family} image for aarch64{_EFFECT}"
            yield self.finding(file.location(Span(*match.span("image"))), message, confidence=Confidence.MEDIUM)
        for name in sorted({match["name"] for match in _VARIABLE.finditer(file.text)} if not covered else set()):
            loop = re.search(_LOOP.format(re.escape(name)), file.text)
            if loop:
                start = loop.start() + len(loop.group()) - len(loop.group().lstrip())
                message = f"The wheels are built for {loop['list'].strip().replace(' ', ', ')} and not for aarch64{_EFFECT}"
                yield self.finding(file.location(Span(start, loop.end())), message, confidence=Confidence.MEDIUM)


def _before(file: File, match: re.Match[str]) -> str:
    """The text of the line before a match."""
    return file.text[file.source.line_span(file.source.line_index(match.start())).start : match.start()]


def _images(file: File) -> dict[str, list[re.Match[str]]]:
    """The images for x86 by family, in the order of the file; those that others may set otherwise, and platforms, are left out."""
    found: dict[str, list[re.Match[str]]] = {}
    patterns = [_IMAGE, _TAGGED, _DOCKCROSS, _ACTION_REF, *(() if _ANY_ARM.search(file.text) else (_ACTION,))]
    for match in sorted((each for pattern in patterns for each in pattern.finditer(file.text)), key=lambda each: each.start()):
        before = _before(file, match)
        if _OPTION.search(before) or _COMMENT.match(before):
            continue
        default = _DEFAULT.search(before)
        if default and (default["name"] is None or re.search(rf"-[zn] [\"']?\$\{{?{default['name']}\b", file.text)):
            continue
        if default and default["name"] and re.search(rf"--plat(?:form)?[ =][\"']?\$\{{?{default['name']}\b", file.text):
            continue
        found.setdefault(match["family"], []).append(match)
    return found

"""Node's package managers are told to install for x64.

## What it finds

`--arch=x64`, `--cpu=x64`, `--target_arch=x64`, `npm_config_arch=x64` and their like for npm, yarn, pnpm, node-gyp and
the packagers of Electron; `pkg -t node18-linux-x64`; packages that hold a program for linux-x64
(`@esbuild/linux-x64`). Left alone are instructions that name arm64 too.

## Why it stops arm64

The native parts of the packages are installed or compiled for x64: on arm64 loading them fails.

## What to do

Leave the option out: the package managers take the architecture they run on. Name the parent package and not the one
for x64; the right one comes as its optional dependency.

## Fix safety

Deleting the option is safe in a stage that runs on the target platform: there it says what is the default. Elsewhere
it is unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.dockerfiles.words import Hit, hits
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import PlatformKind

_PATTERN = re.compile(
    r"(?P<option>(?<![\w-])--(?:target_arch|arch|cpu|target-arch)=x64(?![\w-])|(?<![\w-])--x64(?![\w-]))"
    r"|(?P<variable>(?<!\w)(?:npm_config|NPM_CONFIG|npm_package_config)_(?:target_)?(?:arch|ARCH|cpu)=x64)"
    r"|(?P<pkg>(?<!\w)node\d*-(?:linux|alpine|linuxstatic)-x64)"
    r"|(?P<package>@esbuild/linux-x64|@img/sharp-linux(?:musl)?-x64|@swc/core-linux-x64-\w+|@rollup/rollup-linux-x64-\w+|@next/swc-linux-x64-\w+"
    r"|@parcel/watcher-linux-x64-\w+|(?<![\w-])lightningcss-linux-x64-\w+|(?<![\w-])turbo-linux-64|@tailwindcss/oxide-linux-x64-\w+|esbuild-linux-64)"
)
_TOOLS = re.compile(r"(?:npm|yarn|pnpm|npx|bun|node-gyp|node-pre-gyp|prebuild(?:-install)?|electron[\w-]*|pkg|env|export)")


class NodeArchPinned(FileRule):
    code = "DF136"
    name = "node-arch-pinned"
    summary = "Node's packages are installed for x64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"x64", b"linux-64")
    examples = (
        Example(
            "option",
            path="Dockerfile",
            bad="FROM node:20\nRUN npm ci «--target_arch=x64» --omit=dev\n",
            fixed="FROM node:20\nRUN npm ci --omit=dev\n",
            severity=Severity.ERROR,
        ),
        Example(
            "on the build machine",
            path="Dockerfile",
            bad="FROM --platform=$BUILDPLATFORM node:20 AS b\nRUN npm ci «--cpu=x64»\nFROM debian:12\nCOPY --from=b /d /d\n",
            fixed="FROM --platform=$BUILDPLATFORM node:20 AS b\nRUN npm ci\nFROM debian:12\nCOPY --from=b /d /d\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("variable", path="Dockerfile", bad="FROM node:20\nENV «npm_config_arch=x64»\nRUN «npm_config_target_arch=x64» npm ci\n"),
        Example(
            "package for x64",
            path="Dockerfile",
            bad="FROM node:20\nRUN npm install «@esbuild/linux-x64» && npx pkg -t «node18-linux-x64» .\n",
        ),
        Example(
            "no option",
            path="Dockerfile",
            good="FROM node:20\nRUN npm ci --omit=dev && node x64.js\n",
            breaks=("--omit=dev", "--omit=dev @esbuild/linux-x64"),
        ),
        Example("both", path="Dockerfile", good="FROM node:20\nRUN npm install --cpu=x64 --cpu=arm64 sharp\n", breaks=("arm64", "amd64")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for hit in hits(file, _PATTERN):
            if hit.command is None and not hit.match["variable"]:
                continue
            if hit.command is not None and not hit.match["variable"] and not _TOOLS.fullmatch(hit.command.name):
                continue
            message = f"{hit.match[0]} installs for x64 whatever the image is built for: on arm64 native modules do not load."
            yield self.finding(file.location(hit.span), message, confidence=limit, fix=_fix(file, hit))


def _fix(file: File, hit: Hit) -> Fix | None:
    edit = hit.removed(file) if hit.match["option"] else None
    if edit is None:
        return None
    native = hit.stage is not None and hit.stage.platform.kind is PlatformKind.TARGET
    return Fix("Leave the option out", (edit,), Applicability.SAFE if native else Applicability.UNSAFE)

"""Downloads and packages that arm64 has not."""

from __future__ import annotations

from armready.core.startup import regex
from armready.verify.causes.record import About, Cause, Proof

_NAME = r"[\w.+:@/~-]{1,120}"
_OTHER_SOURCE = 'Look for its name on arm64, another source that has it, or leave it out there: `[ "$TARGETARCH" = amd64 ]`.'
_OTHER_VERSION = "Take a release that has a file for Linux arm64; `armready package {subject}` lists them."

PACKAGES = (
    Cause(
        name="download-not-found",
        needles=(
            "returned error: 404",
            "error 404",
            "404 not found",
            "http 404",
            "response status 404",
            "status code 404",
            "httperror: 404",
        ),
        pattern=regex(
            r"(?i)(?P<subject>https?://[^\s\"'<>]{1,400})?[^\n]{0,200}?(?:returned error: 404|ERROR 404|404 Not Found"
            r"|HTTP 404|response status (?:code )?404"
            r"|status code 404|HTTPError: 404)"
        ),
        why="{subject} is not there for arm64.",
        advice="Look at the release's files: names differ (arm64, aarch64, armv8), and older releases may have none; take "
        "one that has, or compile it.",
        rules=("DF140", "DF142", "DF141"),
        proof=Proof.CONTEXT,
        about=About.ADDRESS,
        thing="A download",
    ),
    Cause(
        name="download-no-archive",
        needles=(
            "not in gzip format",
            "does not look like a tar archive",
            "end-of-central-directory signature not found",
            "file format not recognized",
        ),
        pattern=regex(
            r"not in gzip format|does not look like a tar archive|End-of-central-directory signature not found|[Ff]ile "
            r"format not recognized"
        ),
        why="What was downloaded is no archive: most likely the page that says that {subject} does not exist for arm64.",
        advice="Let the download fail on errors (`curl -f`), and take the name under which the release has its file for arm64.",
        rules=("DF140", "DF142"),
        proof=Proof.ARM64,
        about=About.ADDRESS,
        thing="the file",
    ),
    Cause(
        name="checksum-of-amd64",
        needles=("did not match", ": failed", "checksum mismatch", "hash mismatch", "do not match the hashes"),
        pattern=regex(
            r"computed checksum did NOT match|(?i:check ?sum|hash|sha256) mismatch|do not match the hashes from the requirements file"
        ),
        why="The checksum is the one of the file for amd64.",
        advice="Give each architecture the checksum that the publisher lists for its file.",
        rules=("DF141", "PY114"),
        proof=Proof.ARM64,
        about=About.ADDRESS,
    ),
    Cause(
        name="no-ports-mirror",
        needles=("binary-arm64/packages", "arm64 packages"),
        pattern=regex(
            r"(?:Err:\d{1,4}|Failed to fetch) (?P<subject>https?://(?!ports\.)[\w./-]{1,200}?)"
            r"(?:/dists/[\w./-]{1,200}/binary-arm64/Packages| [\w/.-]{1,80} arm64 Packages)"
        ),
        why="The package source {subject} has no packages for arm64; Ubuntu keeps them at ports.ubuntu.com.",
        advice="Leave the sources of the image as they are, or set them by architecture.",
        rules=("DF153",),
    ),
    Cause(
        name="source-without-arm64",
        needles=("doesn't support architecture", "does not support architecture"),
        pattern=regex(r"repository '(?P<subject>[^'\n]{1,200})' does(?:n't| not) support architecture '(?P<arch>arm64|aarch64)'"),
        why="The package source {subject} has nothing for {arch}.",
        advice=_OTHER_SOURCE,
        rules=("DF151", "DF153"),
    ),
    Cause(
        name="package-of-other-architecture",
        needles=("does not match system", "intended for a different architecture", "wrong architecture"),
        pattern=regex(
            r"package architecture \((?P<arch>[\w-]{1,20})\) does not match system \((?P<system>[\w-]{1,20})\)"
            rf"|package (?P<subject>{_NAME}) is intended for a different architecture|(?P<other>{_NAME}): wrong architecture"
        ),
        why="A package file for another architecture is installed.",
        advice="Let the name of the file follow TARGETARCH, or `$(dpkg --print-architecture)`.",
        rules=("DF150",),
    ),
    Cause(
        name="package-not-found",
        needles=("unable to locate package", "has no installation candidate", "couldn't find any package"),
        pattern=regex(
            rf"E: (?:Unable to locate package (?P<subject>{_NAME})|Package '?(?P<package>{_NAME}?)'? has no installation "
            rf"candidate|Couldn't find any package.{{0,20}} '(?P<other>{_NAME})')"
        ),
        why="{subject} is not among the packages for arm64.",
        advice=_OTHER_SOURCE,
        rules=("DF154", "DF152", "DF151"),
        proof=Proof.ARM64,
        thing="A package",
    ),
    Cause(
        name="package-not-found",
        needles=("(no such package)",),
        pattern=regex(rf"(?P<subject>{_NAME}) \(no such package\)"),
        why="{subject} is not among the packages for arm64.",
        advice=_OTHER_SOURCE,
        rules=("DF154",),
        proof=Proof.ARM64,
    ),
    Cause(
        name="package-not-found",
        needles=("unable to find a match", "no match for argument", "no package", "no provider of", "target not found", "nothing provides"),
        pattern=regex(
            rf"(?:Unable to find a match: (?P<subject>{_NAME})|No match for argument: (?P<argument>{_NAME})|No package "
            rf"(?P<package>{_NAME}) available"
            rf"|No provider of '(?P<provider>{_NAME})'|target not found: (?P<target>{_NAME}))"
        ),
        why="{subject} is not among the packages for arm64.",
        advice=_OTHER_SOURCE,
        rules=("DF154", "DF152", "DF151"),
        proof=Proof.ARM64,
    ),
    Cause(
        name="no-distribution",
        needles=("no matching distribution found for", "could not find a version that satisfies"),
        pattern=regex(
            rf"(?:No matching distribution found for|Could not find a version that satisfies the requirement) "
            rf"(?P<subject>{_NAME}(?:[=<>~!]=?[^\s;(]{{1,60}})?)"
        ),
        why="{subject} has no file that Python on arm64 can install.",
        advice=_OTHER_VERSION,
        rules=("PY101", "PY103", "PY111", "PY112", "DF137"),
        proof=Proof.ARM64,
    ),
    Cause(
        name="no-distribution",
        needles=("supported wheel on this platform",),
        pattern=regex(r"(?P<subject>[\w.+-]{1,200}\.whl) is not a supported wheel on this platform"),
        why="{subject} is not for this platform.",
        advice="Name the package and its version instead of a file, or one file for each architecture with a marker.",
        rules=("PY110", "PY111"),
    ),
    Cause(
        name="no-distribution",
        needles=(
            "source distribution or wheel for the current platform",
            "no wheels with a matching platform",
            "no wheels are usable",
            "unable to find installation candidates",
        ),
        pattern=regex(
            rf"[Dd]istribution `?(?P<subject>{_NAME}(?:==[\w.]{{1,30}})?).{{0,200}}can't be installed because it doesn't have a source "
            rf"distribution or wheel for the current platform"
            rf"|(?P<package>{_NAME}) has no wheels with a matching platform|Unable to find installation candidates for "
            rf"(?P<candidate>[\w.-]{{1,80}}(?: \([^)\n]{{1,40}}\))?)"
        ),
        why="{subject} has no file for this platform.",
        advice=_OTHER_VERSION,
        rules=("PY101", "PY103", "PY140", "PY142", "PY143"),
        proof=Proof.ARM64,
        thing="A package",
    ),
    Cause(
        name="no-conda-package",
        needles=("packagesnotfounderror", "linux-aarch64", "nothing provides requested"),
        pattern=regex(rf"nothing provides requested (?P<subject>{_NAME})|PackagesNotFoundError|conda\.\S{{1,60}}/linux-aarch64"),
        why="{subject} is not among the packages of linux-aarch64.",
        advice="Take another release or channel; conda-forge has most packages for linux-aarch64.",
        rules=("PY150", "PY151", "DF138"),
        proof=Proof.ARM64,
        thing="A package",
    ),
    Cause(
        name="node-platform",
        needles=("ebadplatform", "unsupported platform for", "err_pnpm_unsupported_platform"),
        pattern=regex(
            rf"(?:EBADPLATFORM|Unsupported platform for|ERR_PNPM_UNSUPPORTED_PLATFORM)(?:.{{0,40}} for)? ?(?P<subject>{_NAME}?)?(?::|$| )"
        ),
        why="{subject} is a package of Node for another platform.",
        advice="Name the package that chooses by itself (its optional dependencies bring the platform's part), and keep "
        "the parts for x64 out of dependencies.",
        rules=("DF136",),
        proof=Proof.NATURE,
        thing="A dependency",
    ),
    Cause(
        name="node-binary-missing",
        needles=("linux-arm64", "linuxmusl-arm64", "linux/arm64", "for another platform than the one you're currently using"),
        pattern=regex(
            r"Cannot find module '?(?P<subject>@?[\w@/.-]{0,100}linux(?:musl)?-arm64[\w-]{0,20})|Could not load the "
            r"\"(?P<module>[\w@/.-]{1,60})\" module using the linux(?:musl)?-arm64"
            r"|You installed (?P<tool>[\w@/.-]{1,60}) for another platform"
            r"|\"(?P<part>@?[\w@/.-]{1,80}linux(?:musl)?-arm64[\w-]{0,20})\".{0,60}could not be found"
        ),
        why="The part of {subject} for arm64 is not installed.",
        advice="Install inside of the image for its own platform (no node_modules of the host, `.dockerignore`), with "
        "optional dependencies and a lock that names the part for arm64.",
        rules=("DF136", "DF161"),
        thing="a package",
    ),
    Cause(
        name="node-binary-missing",
        needles=("unsupported architecture (arm64)", "is not available for arm64", "no prebuilt binaries found", "prebuild-install"),
        pattern=regex(
            r"(?:(?P<subject>\w[\w -]{0,60}?) does not yet support your current environment: )?Linux Unsupported architecture \(arm64\)"
            r"|[Tt]he (?P<program>[\w -]{1,40}) binary is not available for arm64|No prebuilt binaries found \(.{0,60}arch=arm64"
        ),
        why="{subject} has no program for arm64.",
        advice="Take a release that has one, another package (sass for node-sass), or install what it needs to compile.",
        rules=("DF142",),
        thing="A package of Node",
    ),
    Cause(
        name="protoc-classifier",
        needles=("linux-aarch_64",),
        pattern=regex(r"Could not (?:find|resolve)(?: artifact)? ?(?P<subject>[\w.:@-]{1,160}?linux-aarch_64[\w.:@()-]{0,60})"),
        why="{subject} was not published for arm64.",
        advice="protoc has a program for linux-aarch_64 since 3.17.3, its plug-ins later: take newer versions.",
        rules=("DF142",),
    ),
)

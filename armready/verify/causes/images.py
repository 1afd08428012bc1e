"""Base images, platforms, builders: what fails before anything of the Dockerfile runs."""

from __future__ import annotations

from re import Pattern

from armready.core.startup import regex
from armready.verify.causes.record import About, Cause

_NO_IMAGE = ("DF114", "DF110", "DF111", "DF112", "DF113", "DF101")
_TAKE_ANOTHER = (
    "Take an image or a tag that is published for {platform}, or build that one for it first; `armready image "
    "{subject}` lists the platforms."
)


def _not_published(needle: str, pattern: Pattern[str], platform: str = "{platform}") -> Cause:
    """One of the sentences in which a builder says that an image has nothing for a platform."""
    return Cause(
        name="no-platform-in-manifest",
        needles=(needle,),
        pattern=pattern,
        why=f"{{subject}} is not published for {platform}.",
        advice=_TAKE_ANOTHER,
        rules=_NO_IMAGE,
        about=About.IMAGE,
        thing="The image",
    )


IMAGES = (
    _not_published(
        "no match for platform in manifest",
        regex(
            r"(?:failed to solve: (?P<subject>[\w./:@${}-]{1,200}?): .{0,400}?)?"
            r"no match for platform in manifest(?: sha256:[0-9a-f]{1,64})?(?:: not found)?"
        ),
    ),
    _not_published(
        "no matching manifest for",
        regex(r"no matching manifest for (?P<platform>[a-z]{1,12}/[a-z0-9/]{1,16})"),
    ),
    _not_published(
        "no image found in",
        regex(
            r"(?:docker://(?P<subject>[\w./:@-]{1,200}?)\"?: )?no image found in (?:manifest list|image index) for "
            r"architecture \"?(?P<arch>[a-z0-9]{1,10})"
        ),
        platform="linux/{arch}",
    ),
    _not_published(
        "no child with platform",
        regex(r"no child with platform (?P<platform>[a-z]{1,12}/[a-z0-9/]{1,16}) in index (?P<subject>[\w./:@-]{1,200})"),
    ),
    Cause(
        name="image-of-other-platform",
        needles=(
            "match the specified platform",
            "match the expected platform",
            "provide the specified platform",
            "match the requested platform",
        ),
        pattern=regex(
            r"(?:image(?: with reference)? \"?(?P<subject>[\w./:@-]{1,200}?)\"? was found but |image \"?(?P<other>[\w./:@-]{1,200}?)\"? )?"
            r"(?:its platform \((?P<actual>[a-z0-9/]{1,30})\) )?does(?:n't| not) (?:match|provide) the (?:specified"
            r"|expected|requested) platform"
            r"(?:: wanted (?P<wanted>[a-z0-9/]{1,30}), actual: (?P<found>[a-z0-9/]{1,30})| \((?P<given>[a-z0-9/]{1,30})\))?"
        ),
        why="{subject} is there for another platform than the one that is asked for.",
        advice="Pull or build it for {platform}; an image that was built by this machine is for this machine alone.",
        rules=("DF114", "CI105", "DF101"),
        about=About.IMAGE,
        thing="The image",
    ),
    Cause(
        name="base-platform-fixed",
        needles=("invalidbaseimageplatform",),
        pattern=regex(
            r"InvalidBaseImagePlatform: Base image (?P<subject>[\w./:@-]{1,200}) was pulled with platform \"(?P<actual>[a-z0-9/]{1,30})\", "
            r"expected \"(?P<platform>[a-z0-9/]{1,30})\""
        ),
        why="{subject} was taken for {actual} where {platform} is built, so that the image holds files of the wrong architecture.",
        advice="Take the platform off the FROM, or an image that exists for {platform}.",
        rules=("DF101", "DF110", "DF111", "DF114", "DF113"),
    ),
    Cause(
        name="single-architecture-image",
        needles=("requested image's platform",),
        pattern=regex(
            r"The requested image's platform \((?P<actual>[a-z0-9/]{1,30})\) does not match the detected host platform "
            r"\((?P<host>[a-z0-9/]{1,30})\)"
        ),
        why="The image is for {actual}, and the machine is {host}.",
        advice="Take an image for {host}, or register an emulator for {actual} on the machine.",
        rules=("DF101", "DF114", "DF110"),
        consequence=True,
    ),
    Cause(
        name="builder-cannot",
        needles=("multi-platform build is not supported", "multiple platforms feature is currently not supported"),
        pattern=regex(r"(?i)multi(?:-platform build|ple platforms feature) is (?:currently )?not supported for (?:the )?docker driver"),
        why="The builder in use, the one of the daemon, builds for one platform at a time.",
        advice="Create a builder that can in front of the build: `docker buildx create --use`.",
        rules=("CI104",),
    ),
    Cause(
        name="builder-cannot-load",
        needles=("does not currently support exporting manifest lists", "does not currently support exporting manifest list"),
        pattern=regex(r"exporter does not currently support exporting manifest lists?"),
        why="`--load` puts the result into the daemon, which holds one platform of an image.",
        advice="Push what is built for several platforms, and load one platform where a later step needs the image.",
        rules=("CI107", "CI106"),
    ),
    Cause(
        name="builder-too-old",
        needles=(
            '--platform" is only supported',
            "unknown flag: --platform",
            "'buildx' is not a docker command",
            'unknown command "buildx"',
        ),
        pattern=regex(r"\"--platform\" is only supported on a Docker daemon|unknown flag: --platform|'buildx' is not a docker command"),
        why="This docker has no Buildx, so it cannot build for a platform that is not its own.",
        advice="Install Buildx (docker/setup-buildx-action, the package docker-buildx-plugin).",
        rules=("CI104",),
    ),
    Cause(
        name="manifest-of-list",
        needles=("is a manifest list",),
        pattern=regex(r"(?P<subject>[\w./:@-]{1,200}) is a manifest list"),
        why="{subject} is an index already, and `docker manifest create` takes images of one platform.",
        advice="Join them with `docker buildx imagetools create`, or build the parts with `--provenance=false`.",
        rules=("CI109",),
    ),
)

"""Images that Maven and Gradle build and push: Jib, and Spring Boot's buildpacks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from armready.builds.facts import BakePlatforms
from armready.builds.publishers import Publication
from armready.core.file import File
from armready.core.startup import regex

# One of these stands in every command that publishes.
NEEDLES = ("jib", "bootbuildimage", "build-image")
_MAVEN_JIB = regex(r"(?:^|:)jib(?:-maven-plugin)?(?::[^:\s]+)?:build$")
_GRADLE_JIB = regex(r"^(?::?[\w.-]+:)*jib$")
_GRADLE_BOOT = regex(r"^(?::?[\w.-]+:)*bootBuildImage$")
_MAVEN_BOOT = regex(r"^(?:[\w.-]+:)?spring-boot(?:-maven-plugin)?(?::[^:\s]+)?:build-image(?:-no-fork)?$")
_BOOT_PUBLISHES = regex(r"^-Dspring-boot\.build-image\.publish=true$|^--publishImage$")
_ARM64 = regex(
    r"""architecture\s{0,20}(?:>|=|\(|:|\.set\()?\s{0,20}["']?(?:arm64|aarch64)\b"""
    r"""|["']linux/arm64["']|jib\.from\.platforms=\S{0,200}arm64"""
)


def java_publication(command: str, arguments: Sequence[str]) -> tuple[str, Publication] | None:
    """The tool and what it publishes, when a command of Maven or Gradle does.

    Args:
        command: its first word.
        arguments: the others.
    """
    name = posixpath.basename(command).removesuffix(".cmd")
    maven, gradle = name in ("mvn", "mvnw", "mvnd"), name in ("gradle", "gradlew")
    if not (maven or gradle):
        return None
    if any((_MAVEN_JIB if maven else _GRADLE_JIB).search(each) for each in arguments):
        image = (*_values(arguments, "-Djib.to.image="), *_values(arguments, "-Dimage="), *_values(arguments, "--image="))
        return "jib", Publication(tuple(image), tuple(_values(arguments, "-Djib.from.platforms=")), "pom.xml" if maven else "build.gradle")
    boot = any((_MAVEN_BOOT if maven else _GRADLE_BOOT).search(each) for each in arguments)
    if boot and any(_BOOT_PUBLISHES.search(each) for each in arguments):
        names = (*_values(arguments, "-Dspring-boot.build-image.imageName="), *_values(arguments, "--imageName="))
        platforms = (*_values(arguments, "-Dspring-boot.build-image.imagePlatform="), *_values(arguments, "--imagePlatform="))
        return "spring-boot", Publication(tuple(names), tuple(platforms))
    return None


def _values(arguments: Sequence[str], prefix: str) -> Iterator[str]:
    for each in arguments:
        if each.startswith(prefix):
            yield each.removeprefix(prefix)


def jib_platforms(file: File) -> Iterator[BakePlatforms]:
    """The collector of build files in which Jib is told of arm64."""
    if _ARM64.search(file.text):
        yield BakePlatforms(("linux/arm64",))

"""Facts that were looked up or came from another repository: they travel as JSON and take precedence over the embedded tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, field
from typing import TYPE_CHECKING, Any

from armready.core.startup import dataclass

if TYPE_CHECKING:
    from armready.core.reference import Reference

VERSION = 1


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """The image of one platform.

    Attributes:
        platform: `linux/arm64`, `linux/arm/v7`; arm64's and amd64's default variants are left out.
        digest: of its manifest.
        media_type: of its manifest.
        size: bytes of its compressed layers; 0 when nobody asked.
    """

    platform: str
    digest: str
    media_type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """What a registry holds under one reference.

    Attributes:
        reference: canonical, see `canonical`.
        digest: what the reference stands for today.
        media_type: of the index or manifest.
        index: it is an index or manifest list, so that each machine finds its own image.
        platforms: all images in it; attestations are none.
        as_of: the day it was looked up, ISO.
    """

    reference: str
    digest: str
    media_type: str
    index: bool
    platforms: tuple[PlatformImage, ...]
    as_of: str

    def of(self, arch: str) -> PlatformImage | None:
        """The Linux image for an architecture."""
        wanted = f"linux/{arch}"
        return next((each for each in self.platforms if each.platform == wanted), None)

    @property
    def names(self) -> str:
        """The platforms for a message."""
        return ", ".join(sorted({each.platform for each in self.platforms})) or "no platform"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file of a release in an index."""

    name: str
    requires_python: str = ""
    yanked: bool = False


@dataclass(frozen=True, slots=True)
class PackageAnswer:
    """All files that the asked indexes hold of one distribution.

    Attributes:
        name: normalised.
        files: of all releases.
        indexes: where they come from, without credentials.
        as_of: the day they were looked up, ISO.
    """

    name: str
    files: tuple[PackageFile, ...]
    indexes: tuple[str, ...]
    as_of: str


@dataclass(frozen=True, slots=True)
class AssetAnswer:
    """Whether a file can be downloaded.

    Attributes:
        url: its address.
        exists: the server has it; False when it says that it has not.
        as_of: the day it was asked, ISO.
    """

    url: str
    exists: bool
    as_of: str


@dataclass(frozen=True, slots=True)
class ChecksumAnswer:
    """The checksums of a file for amd64 and of its counterpart, from one list of the publisher.

    Attributes:
        url: of the file for amd64.
        arm64_url: of the file for arm64.
        amd64: its SHA-256, which the scanned file has too.
        arm64: that of the other one.
        source: the list.
        as_of: the day it was read, ISO.
    """

    url: str
    arm64_url: str
    amd64: str
    arm64: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class ClosurePackage:
    """A package that no manifest names and that is installed all the same.

    Attributes:
        name: normalised.
        version: the release that a resolver takes.
        root: the dependency of the manifest that brings it, normalised.
    """

    name: str
    version: str
    root: str


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image that a repository builds, by its name without tag, and the platforms its pipeline builds it for."""

    name: str
    platforms: tuple[str, ...]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a build showed.

    Attributes:
        kind: `image`, an image that exists and has no arm64; `asset`, an address that has no file.
        name: the canonical reference, or the address.
        path: the Dockerfile whose build showed it: the next build of it tells anew.
        as_of: the day, ISO.
        source: what found it.
    """

    kind: str
    name: str
    path: str
    as_of: str
    source: str = "verify"


@dataclass(frozen=True, slots=True)
class Known:
    """A set of such facts. Empty offline, unless the configuration names facts files.

    Attributes:
        images: canonical reference -> what a registry holds.
        packages: normalised name -> what the indexes hold.
        built: name of an image -> what a repository builds.
        assets: address -> whether it is there.
        checksums: address of a file for amd64 -> both checksums.
        closures: path of a manifest -> what comes with its dependencies; does not travel.
        learned: kind and name -> what builds showed; anything that was looked up counts more.
    """

    images: Mapping[str, ImageAnswer] = field(default_factory=dict)
    packages: Mapping[str, PackageAnswer] = field(default_factory=dict)
    built: Mapping[str, BuiltImage] = field(default_factory=dict)
    assets: Mapping[str, AssetAnswer] = field(default_factory=dict)
    closures: Mapping[str, tuple[ClosurePackage, ...]] = field(default_factory=dict)
    checksums: Mapping[str, ChecksumAnswer] = field(default_factory=dict)
    learned: Mapping[tuple[str, str], Learned] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any((self.images, self.packages, self.built, self.assets, self.closures, self.checksums, self.learned))

    def image(self, reference: Reference) -> ImageAnswer | None:
        """What is known of exactly this reference."""
        key = canonical(reference) if self.images or self.learned else None
        return (self.images.get(key) or self._learned_image(key)) if key else None

    def _learned_image(self, key: str) -> ImageAnswer | None:
        shown = self.learned.get(("image", key))
        if shown is None:
            return None
        return ImageAnswer(
            reference=key, digest="", media_type="", index=False, platforms=(PlatformImage("linux/amd64", ""),), as_of=shown.as_of
        )

    def asset(self, url: str) -> AssetAnswer | None:
        """Whether a file can be downloaded from an address."""
        shown = self.learned.get(("asset", url))
        return self.assets.get(url) or (AssetAnswer(url, False, shown.as_of) if shown is not None else None)

    def under_tag(self, reference: Reference) -> ImageAnswer | None:
        """What the tag of a reference with a digest stands for today."""
        return self.image(reference.with_tag(reference.tag or "latest"))

    def merged(self, other: Known) -> Known:
        """Both; of two answers to one question the other's counts."""
        return Known(
            images={**self.images, **other.images},
            packages={**self.packages, **other.packages},
            built={**self.built, **other.built},
            assets={**self.assets, **other.assets},
            closures={**self.closures, **other.closures},
            checksums={**self.checksums, **other.checksums},
            learned={**self.learned, **other.learned},
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object, sorted, for `facts = [...]` of another repository."""
        return {
            "version": VERSION,
            "images": [_image_json(self.images[key]) for key in sorted(self.images)],
            "packages": [_package_json(self.packages[key]) for key in sorted(self.packages)],
            "built": [
                {"name": each.name, "platforms": list(each.platforms), "source": each.source} for _, each in sorted(self.built.items())
            ],
            "assets": [{"url": each.url, "exists": each.exists, "as_of": each.as_of} for _, each in sorted(self.assets.items())],
            "checksums": [asdict(each) for _, each in sorted(self.checksums.items())],
            **({"learned": [asdict(each) for _, each in sorted(self.learned.items())]} if self.learned else {}),
        }


def canonical(reference: Reference) -> str | None:
    """The one spelling of all references to the same thing; None while a variable stands in it. A digest counts more than a tag."""
    if reference.unresolved & {"registry", "repository"} or not reference.repository:
        return None
    if reference.digest:
        return None if "digest" in reference.unresolved else f"{reference.registry}/{reference.repository}@{reference.digest}"
    tag = reference.known_tag
    return f"{reference.registry}/{reference.repository}:{tag}" if tag else None


def from_json(data: Mapping[str, Any]) -> Known:
    """The reverse of `Known.to_json`.

    Raises:
        ValueError: it is not what `to_json` writes.
    """
    if data.get("version") != VERSION:
        raise ValueError(f"version {data.get('version')!r} of a facts file, this armready reads version {VERSION}")
    try:
        images = [_image(each) for each in data.get("images", ())]
        packages = [_package(each) for each in data.get("packages", ())]
        built = [BuiltImage(str(each["name"]), _texts(each["platforms"]), str(each.get("source", ""))) for each in data.get("built", ())]
        assets = [AssetAnswer(str(each["url"]), bool(each["exists"]), str(each["as_of"])) for each in data.get("assets", ())]
        learned = [Learned(**{key: str(value) for key, value in each.items()}) for each in data.get("learned", ())]
        checksums = [ChecksumAnswer(**{key: str(value) for key, value in each.items()}) for each in data.get("checksums", ())]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a facts file: {type(error).__name__} {error}") from error
    return Known(
        {each.reference: each for each in images},
        {each.name: each for each in packages},
        {each.name: each for each in built},
        {each.url: each for each in assets},
        checksums={each.url: each for each in checksums},
        learned={(each.kind, each.name): each for each in learned},
    )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _image_json(answer: ImageAnswer) -> dict[str, Any]:
    platforms = [
        {"platform": each.platform, "digest": each.digest, "media_type": each.media_type, "size": each.size} for each in answer.platforms
    ]
    return {
        "reference": answer.reference,
        "digest": answer.digest,
        "media_type": answer.media_type,
        "index": answer.index,
        "platforms": platforms,
        "as_of": answer.as_of,
    }


def _image(data: Mapping[str, Any]) -> ImageAnswer:
    platforms = tuple(
        PlatformImage(str(each["platform"]), str(each["digest"]), str(each.get("media_type", "")), int(each.get("size", 0)))
        for each in data["platforms"]
    )
    return ImageAnswer(
        reference=str(data["reference"]),
        digest=str(data["digest"]),
        media_type=str(data["media_type"]),
        index=bool(data["index"]),
        platforms=platforms,
        as_of=str(data["as_of"]),
    )


def _package_json(answer: PackageAnswer) -> dict[str, Any]:
    files = [
        {"name": each.name}
        | ({"requires_python": each.requires_python} if each.requires_python else {})
        | ({"yanked": True} if each.yanked else {})
        for each in answer.files
    ]
    return {"name": answer.name, "indexes": list(answer.indexes), "as_of": answer.as_of, "files": files}


def _package(data: Mapping[str, Any]) -> PackageAnswer:
    files = tuple(PackageFile(str(each["name"]), str(each.get("requires_python", "")), bool(each.get("yanked"))) for each in data["files"])
    return PackageAnswer(str(data["name"]), files, _texts(data["indexes"]), str(data["as_of"]))


image_from_json, image_to_json = _image, _image_json
package_from_json, package_to_json = _package, _package_json

"""Read an OCI image layout, a folder that a builder wrote: the image of a platform, its history and its layers."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from armready.core.bounded import load_json, read_bounded
from armready.core.errors import ParseProblem
from armready.core.startup import dataclass, regex

_DIGEST = regex(r"sha256:[0-9a-f]{64}")
_MOST_JSON = 8 << 20
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: the blob that holds it, and the command that made it as the history tells."""

    digest: str
    created_by: str


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """The image of one platform.

    Attributes:
        digest: of its manifest.
        architecture: of its configuration.
        layers: from the base on.
        history: the commands of all layers, and those that made none, in order.
    """

    digest: str
    architecture: str
    layers: tuple[Layer, ...]
    history: tuple[str, ...]


def read_image(layout: Path, architecture: str) -> BuiltImage:
    """The image for an architecture in a layout.

    Raises:
        ParseProblem: there is none, or the layout is not one.
    """
    manifests = list(_manifests(layout, _json(layout / "index.json"), _DEEPEST))
    read = [(digest, manifest, _config(layout, manifest)) for digest, manifest in manifests]
    fitting = [each for each in read if each[2].get("architecture") == architecture]
    if not fitting and len(read) != 1:
        raise ParseProblem(f"the builder wrote no image for {architecture}")
    return _image(*(fitting or read)[0])


def open_layer(layout: Path, layer: Layer) -> IO[bytes]:
    """The compressed bytes of a layer.

    Raises:
        ParseProblem: it is not there as a regular file.
    """
    return _open(_blob(layout, layer.digest))


def _manifests(layout: Path, document: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The manifests of images below an index; attestations are none."""
    for entry in _list(document, "manifests"):
        platform = entry.get("platform") if isinstance(entry.get("platform"), dict) else {}
        if platform and platform.get("os") == "unknown":
            continue
        found = _json(_blob(layout, str(entry.get("digest"))))
        if "manifests" in found and depth > 0:
            yield from _manifests(layout, found, depth - 1)
        elif "layers" in found:
            yield str(entry.get("digest")), found


def _config(layout: Path, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    described = manifest.get("config")
    if not isinstance(described, dict):
        raise ParseProblem("a manifest without configuration")
    return _json(_blob(layout, str(described.get("digest"))))


def _image(digest: str, manifest: Mapping[str, Any], config: Mapping[str, Any]) -> BuiltImage:
    history = _list(config, "history")
    made = [str(each.get("created_by", "")) for each in history if not each.get("empty_layer")]
    digests = [str(each.get("digest")) for each in _list(manifest, "layers")]
    # A base image may have no history.
    made = ([""] * len(digests) + made)[len(made) :]
    return BuiltImage(
        digest=digest,
        architecture=str(config.get("architecture", "")),
        layers=tuple(Layer(each, command) for each, command in zip(digests, made, strict=True)),
        history=tuple(str(each.get("created_by", "")) for each in history),
    )


def _list(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    values = document.get(key)
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _blob(layout: Path, digest: str) -> Path:
    if not _DIGEST.fullmatch(digest):
        raise ParseProblem("a digest that is none")
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _json(path: Path) -> Mapping[str, Any]:
    document = load_json(read_bounded(path, _MOST_JSON))
    if not isinstance(document, dict):
        raise ParseProblem("not an image layout")
    return document


def _open(path: Path) -> IO[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        handle = os.fdopen(descriptor, "rb")
    except OSError as error:
        raise ParseProblem(f"a layer that cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        handle.close()
        raise ParseProblem("a layer that is not a regular file")
    return handle

"""An image is pinned by a digest, which may be that of one architecture.

## What it finds

`@sha256:...` behind an image in FROM, `COPY --from` and `RUN --mount=from`. Images whose architectures the
configuration names are left alone.

## Why it stops arm64

A digest can name the index of all architectures or the image of one. The text does not tell; people who copy digests
from `docker images` or from a registry's page of one platform pin amd64 without knowing. Then a build for arm64 gets
the amd64 image.

## What to do

Run armready with `--online`, or `docker buildx imagetools inspect IMAGE@DIGEST`: an index lists its platforms. Take
the digest of the index, as Renovate and Dependabot do. To say that it is one, name the image with its platforms under
`images` in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.rules.dockerfile._images import findings

from armready.classify import Kind
from armready.file import File
from armready.finding import Finding, Severity
from armready.image_rules import digest_pin
from armready.rule import Example, FileRule

_DIGEST = "@sha256:" + "ab" * 32


class ImageDigestPinned(FileRule):
    """DF113."""

    code = "DF113"
    name = "image-digest-pinned"
    summary = "The image is pinned by a digest that may be that of one architecture"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"@sha256:",)
    examples = (
        Example("digest", path="Dockerfile", bad=f"FROM «debian:12{_DIGEST}»\n", severity=Severity.INFO),
        Example("tag", path="Dockerfile", good="FROM debian:12\nRUN echo a@sha256:0\n"),
        Example(
            "named in the configuration",
            path="Dockerfile",
            good=f"FROM debian:12{_DIGEST}\n",
            settings={"images": {"debian": ["amd64", "arm64"]}},
        ),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        """See `Rule.summarise`."""
        return f"{len(findings)} digests may be those of one architecture; check with --online." if findings else ""

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        return findings(self, file, digest_pin)

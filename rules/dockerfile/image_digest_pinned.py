"""An image is pinned by a digest, which may be that of one architecture.

## What it finds

`@sha256:...` behind an image in FROM, `COPY --from` and `RUN --mount=from`. Images whose architectures the
configuration names are left alone.

It is an info, and a warning where the comment above says that the digest is for amd64.

## Why it stops arm64

A digest can name the index of all architectures or the image of one. The text does not tell; people who copy digests
from `docker images` or from a registry's page of one platform pin amd64 without knowing. Then a build for arm64 gets
the amd64 image.

## What to do

Run armready with `--online`, or `docker buildx imagetools inspect IMAGE@DIGEST`: an index lists its platforms. Take
the digest of the index, as Renovate and Dependabot do. To say that it is one, name the image with its platforms under
`images` in the configuration.

## Fix safety

With `--online`, or a facts file, the digest of the index that the tag stands for takes its place: safe when amd64 gets the
very same image from it, unsafe when the tag has moved on. Without, it is offered only where a comment says that the digest
is for amd64, and unsafe: then the tag decides what is pulled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.core.wording import plural
from armready.dockerfiles.images import comment_above, findings, reference_of, relevant_uses
from armready.knowledge.arch import Arch, amd64_tokens, tokens
from armready.knowledge.image_verdicts import digest_pin
from armready.languages.dockerfile.images import ImageUse

_DIGEST = "@sha256:" + "ab" * 32


class ImageDigestPinned(FileRule):
    code = "DF113"
    name = "image-digest-pinned"
    summary = "The image is pinned by a digest that may be that of one architecture"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"@sha256:",)
    examples = (
        Example("digest", path="Dockerfile", bad=f"FROM «debian:12{_DIGEST}»\n", severity=Severity.INFO),
        Example(
            "a comment says that it is for amd64",
            path="Dockerfile",
            bad=f"# OS/ARCH: linux/amd64\nFROM «debian:12{_DIGEST}»\n",
            fixed="# OS/ARCH: linux/amd64\nFROM debian:12\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a comment shows a build for both",
            path="Dockerfile",
            bad=f"# docker buildx build --platform linux/amd64,linux/arm64 .\nFROM «debian:12{_DIGEST}»\n",
            severity=Severity.INFO,
        ),
        Example("tag", path="Dockerfile", good="FROM debian:12\nRUN echo a@sha256:0\n"),
        Example(
            "named in the configuration",
            path="Dockerfile",
            good=f"FROM debian:12{_DIGEST}\n",
            settings={"images": {"debian": ["amd64", "arm64"]}},
            breaks=("images", ""),
        ),
    )

    @classmethod
    def summarise(cls, findings: Sequence[Finding]) -> str:
        return f"{plural(len(findings), 'digest')} may be of one architecture: --online tells."

    def check(self, file: File) -> Iterator[Finding]:
        uses = (use for use in relevant_uses(file) if use.stage.platform_flag is None)
        amd64 = {use.span: use for use in uses if _is_for_amd64(comment_above(file, use))}
        for finding in findings(self, file, digest_pin):
            use = amd64.get(finding.location.span)
            yield finding if use is None else self._for_amd64(file, use)

    def _for_amd64(self, file: File, use: ImageUse) -> Finding:
        reference = reference_of(file, use)
        message = f"The comment says that the digest of {reference.short} is for amd64; an arm64 build takes it all the same."
        fix = None
        if reference.tag is not None and use.written.endswith(reference.digest or "@"):
            at = use.written.index("@")
            notes = ("Pin the digest of the index, which names all architectures.",)
            edit = file.delete(Span(use.span.start + at, use.span.end))
            fix = Fix("Drop the digest", (edit,), Applicability.UNSAFE, notes)
        return self.finding(file.location(use.span), message, severity=Severity.WARNING, confidence=Confidence.MEDIUM, fix=fix)


def _is_for_amd64(comment: str) -> bool:
    """Whether a comment speaks of amd64 alone."""
    return bool(amd64_tokens(comment)) and not any(token.arch is Arch.ARM64 for token in tokens(comment))

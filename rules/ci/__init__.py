"""CI files and build descriptions: from single-platform builds to multi-arch buildx (`CI`)."""

from armready.core.classify import BUILD_KINDS, PIPELINE_KINDS

KINDS = PIPELINE_KINDS | BUILD_KINDS

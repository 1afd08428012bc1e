"""The ignore comments themselves (`ARM`)."""

from armready.core.classify import Kind

KINDS = frozenset(Kind)

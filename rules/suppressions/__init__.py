"""The ignore comments themselves (`ARM`)."""

from armready.classify import Kind

KINDS = frozenset(Kind)

"""Dockerfiles, and the downloads, packages and architecture tests of shell wherever it stands (`DF`)."""

from armready.core.classify import SHELL_KINDS

KINDS = SHELL_KINDS

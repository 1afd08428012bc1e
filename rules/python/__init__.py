"""Python: native dependencies, wheel builds, architecture tests (`PY`)."""

from armready.classify import LOCK_KINDS, MANIFEST_KINDS, SHELL_KINDS, Kind

KINDS = MANIFEST_KINDS | LOCK_KINDS | SHELL_KINDS | {Kind.PYTHON}

"""Python: native dependencies, wheel builds, architecture tests (`PY`)."""

from armready.core.classify import INSTALL_KINDS, LOCK_KINDS, MANIFEST_KINDS, Kind

KINDS = MANIFEST_KINDS | LOCK_KINDS | INSTALL_KINDS | {Kind.PYTHON}

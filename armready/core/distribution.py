"""Where armready comes from, for all that tells others how to install it: `init`, the pages, the templates.

It is not on PyPI yet. When it is, PACKAGE becomes "armready", and `make docs` rewrites pages and templates.
"""

from __future__ import annotations

from armready import __version__

REPOSITORY = "https://github.com/armready/armready"
TAG = f"v{__version__}"
RAW = f"https://raw.githubusercontent.com/armready/armready/{TAG}"
PACKAGE = f"{REPOSITORY}/archive/refs/tags/{TAG}.tar.gz"

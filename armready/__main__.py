"""`python -m armready`, which puts the current folder first among the folders of modules: in a scanned tree nothing may come from there."""

import os
import sys

if not sys.flags.safe_path:
    _first = os.path.realpath(sys.path[0])
    if _first == os.path.realpath(os.curdir) != os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
        del sys.path[0]

from armready.commands.cli import main

main()

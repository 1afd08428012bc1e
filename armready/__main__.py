"""The command, also as `python -m armready`, which puts the current folder first among the folders of modules: in a scanned tree nothing
may come from there.
"""

import os
import sys


def main() -> None:
    """Run the command line; where there is no memory to import it, or to say so, that is one line and exit code 2 as well."""
    try:
        from armready.commands.cli import main as run

        run()
    except MemoryError:
        os.write(2, b"armready: there is not enough memory for this run\n")
        os._exit(2)


if __name__ == "__main__":
    if not sys.flags.safe_path:
        _first = os.path.realpath(sys.path[0])
        if _first == os.path.realpath(os.curdir) != os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
            del sys.path[0]
    main()

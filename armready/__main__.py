"""`python -m armready`."""

from armready.cli import main

main()

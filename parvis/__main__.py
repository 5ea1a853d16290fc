"""`python -m parvis`, and the command `parvis`: the command line on the program that app.py wires together."""

import sys

from parvis.app import App
from parvis.kernel import memory
from parvis.ops import cli


def main() -> int:
    """Carries out the command line and returns its exit code."""
    memory.be_frugal()
    return cli.main(sys.argv[1:], App.open)


if __name__ == "__main__":
    sys.exit(main())

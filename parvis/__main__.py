"""`python -m parvis` and the command `parvis`."""

import sys

from parvis.app import App
from parvis.ops.cli import run


def main() -> None:
    """Runs the command line; exits with its code."""
    sys.exit(run(sys.argv[1:], App.open))


if __name__ == "__main__":
    main()

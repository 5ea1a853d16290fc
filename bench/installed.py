"""To be imported first: leaves out what is here for developing alone, as where the program is installed. httpx
loads a command line of its own where it finds rich (4 MB), which import-linter brings."""

import sys

sys.modules["httpx._main"] = None  # type: ignore[assignment] # as if it could not be imported

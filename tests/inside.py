"""The program, for browser tests of pages that are linked to: it fetches them from this machine too, where they stand
under a certificate of the test. usage: python -m tests.inside CERTIFICATE.pem serve --data FOLDER --port 0"""

import sys
from functools import partial
from importlib import import_module

from parvis.__main__ import main
from parvis.chat.federation.outside import Outside

if __name__ == "__main__":
    authority = sys.argv.pop(1)
    feature = import_module("parvis.chat.feature")
    feature.Outside = partial(Outside, authority=authority, private=True)  # type: ignore[attr-defined]
    sys.exit(main())

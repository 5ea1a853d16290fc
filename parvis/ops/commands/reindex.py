"""`parvis reindex`: builds the search index anew."""

import argparse

from parvis.kernel.errors import Unavailable
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Opener


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Not there before the search index is."""
    raise Unavailable("there is no search index in this build yet")

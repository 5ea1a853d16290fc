"""`parvis models`: lists and fetches the models that run on this machine."""

import argparse

from parvis.kernel.errors import Unavailable
from parvis.ops.commands.texts import Texts
from parvis.ops.program import Opener


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Not there before the model catalogue is."""
    raise Unavailable("there is no model catalogue in this build yet")

"""The command line: `parvis serve|demo|account|mail|chat|import|reindex|doctor|models`.

Exit codes: 0 done · 1 it could not be done, and why is said · 2 wrong arguments · 3 doctor found a fault · 130
interrupted."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType

import uvloop

from parvis.kernel.errors import ParvisError
from parvis.ops.commands import account, chat, demo, doctor, imports, mail, models, reindex, serve
from parvis.ops.commands.texts import Texts, language
from parvis.ops.program import Opener

COMMANDS: dict[str, ModuleType] = {
    "serve": serve,
    "demo": demo,
    "account": account,
    "mail": mail,
    "chat": chat,
    "import": imports,
    "reindex": reindex,
    "doctor": doctor,
    "models": models,
}


def parser(texts: Texts) -> argparse.ArgumentParser:
    """The arguments of all commands, with help in the language of `texts`."""
    top = argparse.ArgumentParser("parvis", description=texts("parvis"))
    top.add_argument("--verbose", action="store_true", help=argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    for name, module in COMMANDS.items():
        one = commands.add_parser(name, help=texts(name), description=texts(name))
        one.add_argument("--data", default=os.environ.get("PARVIS_DATA", "data"), help=texts("data"))
        module.add(one, texts)
    return top


def main(arguments: Sequence[str], opener: Opener) -> int:
    """Carries out one command; `opener` opens the program for settings. Returns the exit code."""
    args = parser(Texts(language())).parse_args(arguments)
    level = logging.DEBUG if args.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return int(runner.run(COMMANDS[args.command].run(args, opener)))
    except ParvisError as error:
        print(f"parvis: {error.sentence}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130

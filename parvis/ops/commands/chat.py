"""`parvis chat`: what was said in a room before a day goes, for good."""

import argparse

from parvis.chat.rooms import joining, purging
from parvis.kernel import clock, settings
from parvis.ops.commands.texts import Texts, language
from parvis.ops.program import Opener, Program


def add(parser: argparse.ArgumentParser, texts: Texts) -> None:
    """Declares the arguments."""
    acts = parser.add_subparsers(dest="act", required=True)
    purge = acts.add_parser("purge", help=texts("chat-purge"), description=texts("chat-purge"))
    purge.add_argument("room", help=texts("chat-room"))
    purge.add_argument("--before", required=True, metavar="YYYY-MM-DD", help=texts("chat-before"))


async def run(args: argparse.Namespace, opener: Opener) -> int:
    """Carries out one act, also beside a server that runs. Raises NotFound, Invalid, BadMatrix."""
    before_ms = clock.parse_utc(f"{args.before}T00:00:00Z")
    program = await opener(settings.load(args.data))
    try:
        await _purge(program, args.room, before_ms)
    finally:
        await program.stop()
    return 0


async def _purge(program: Program, name: str, before_ms: int) -> None:
    store = program.context.store
    room = await joining.named(store.db, name)
    count = await purging.purge(store, room.id, before_ms)
    print(Texts(language())("chat-purged").format(room=room.name or room.room_id, count=count))
